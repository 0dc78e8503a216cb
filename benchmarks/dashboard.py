"""How heavy and how fast the page of a search is: bytes sent, first paint, frames while 10,000 points are panned.

A real server on loopback, a real Chromium without a graphics card: what is drawn is drawn by the processor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rich.table import Table

from benchmarks.common import Bar, Findings, options, publish
from nas_service.api.app import create_app
from tests.support.api import new_service, plain_logs, serving
from tests.support.browser import find_chromium
from tests.support.finished_search import seed
from tests.support.watched import DESKTOP, launch

COUNTS, QUICK_COUNTS = (100, 10_000), (100, 2_000)
LOADS, QUICK_LOADS = 5, 2
PAN_STEPS, PAN_PX = 120, 3
SETTLE_MS = 200
FIRST_PAINT_BAR_MS, FRAMES_BAR_PER_S = 1000, 30

SIZES = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
    .map(({name, encodedBodySize}) => [new URL(name).pathname, encodedBodySize])"""
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
PICTURE = """() => document.querySelector('[data-part="front-chart"] canvas').toDataURL()"""
COUNT_FRAMES = """() => {
    window.frameTimes = [];
    const note = (at) => { window.frameTimes.push(at); window.frameRequest = requestAnimationFrame(note); };
    window.frameRequest = requestAnimationFrame(note);
}"""
FRAMES = "() => { cancelAnimationFrame(window.frameRequest); return window.frameTimes; }"


@contextmanager
def pages(counts: tuple[int, ...]) -> Iterator[tuple[dict[int, str], Browser]]:
    """The address of a search's page for each count of candidates, and a browser."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on this machine; `make browser` installs one")
    with TemporaryDirectory() as folder, plain_logs(), new_service(Path(folder) / "home") as service:
        searches = {count: seed(service.store, count, traced=min(count, 300)).id for count in counts}
        with serving(create_app(service)) as url, sync_playwright() as driver:
            browser = launch(driver, chromium)
            yield {count: f"{url}/searches/{search_id}" for count, search_id in searches.items()}, browser
            browser.close()


def look(browser: Browser, url: str, loads: int) -> dict[str, Any]:
    """One page, loaded with an empty cache each time; panned after the last load."""
    paints, ready = [], []
    for load in range(loads):
        context = browser.new_context(viewport=DESKTOP)
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector('[data-part="front-chart"] canvas')
        ready.append(page.evaluate("() => performance.now()"))
        paints.append(page.evaluate(FIRST_PAINT))
        if load == loads - 1:
            page.wait_for_load_state("load")
            sizes = page.evaluate(SIZES)
            frames_ms = pan(page)
        context.close()
    static_bytes = sum(size for path, size in sizes if path.startswith("/static/"))
    return {
        "first_paint_ms": median(paints),
        "front_drawn_ms": median(ready),
        "static_bytes": static_bytes,
        "data_bytes": sum(size for _, size in sizes) - static_bytes,
        "frames_ms": frames_ms,
        "frames_per_s": 1000 * len(frames_ms) / sum(frames_ms),
        "slowest_ms": max(frames_ms),
    }


def pan(page: Page) -> list[float]:
    """Times between frames while the front is dragged to and fro."""
    box = page.locator('[data-part="front-chart"]').bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.keyboard.down("Control")  # the wheel alone scrolls the page
    for _ in range(4):
        page.mouse.wheel(0, -300)  # only what is zoomed into can be panned
        page.wait_for_timeout(SETTLE_MS)
    page.keyboard.up("Control")
    before = page.evaluate(PICTURE)
    page.mouse.down()
    page.evaluate(COUNT_FRAMES)
    for step in range(PAN_STEPS):
        page.mouse.move(x + PAN_PX * (step % 40 - 20), y)
    if page.evaluate(PICTURE) == before:
        raise RuntimeError("the front was not panned: its picture is the same")
    page.mouse.up()
    times: list[float] = page.evaluate(FRAMES)
    return [after - before for before, after in zip(times, times[1:], strict=False)]


def table(found: dict[int, dict[str, Any]]) -> Table:
    """A row a size."""
    made = Table("candidates", "first paint", "front drawn", "scripts and styles", "data", "panning", "slowest frame")
    for count, figures in found.items():
        made.add_row(
            f"{count:,}",
            f"{figures['first_paint_ms']:.0f} ms",
            f"{figures['front_drawn_ms']:.0f} ms",
            f"{figures['static_bytes'] / 1e3:.0f} kB",
            f"{figures['data_bytes'] / 1e3:.0f} kB",
            f"{figures['frames_per_s']:.0f} frames/s",
            f"{figures['slowest_ms']:.0f} ms",
        )
    return made


def draw(raw: dict[int, dict[str, Any]]) -> Any:
    """The times between frames."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    for count, figures in raw.items():
        axes.plot(figures["frames_ms"], label=f"{count:,} candidates")
    axes.set(xlabel="frame", ylabel="time since the last one (ms)", ylim=(0, None))
    axes.legend()
    return figure


def main() -> None:
    """Measure each size, and hold the largest to the bars."""
    chosen = options(__doc__ or "")
    counts, loads = (QUICK_COUNTS, QUICK_LOADS) if chosen.quick else (COUNTS, LOADS)
    with pages(counts) as (urls, browser):
        found = {count: look(browser, url, loads) for count, url in urls.items()}
    largest = found[counts[-1]]
    bars = [
        Bar("first paint, ms", largest["first_paint_ms"], FIRST_PAINT_BAR_MS, at_most=True),
        Bar(f"frames a second panning {counts[-1]:,} points", largest["frames_per_s"], FRAMES_BAR_PER_S),
    ]
    publish(Findings("dashboard", found, bars, table(found), ("playwright", "fastapi", "uvicorn")), chosen, draw)


if __name__ == "__main__":
    main()
