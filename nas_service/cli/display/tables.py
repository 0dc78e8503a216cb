"""Tables of searches, spaces, devices and findings."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from nas_service.cli.doctor.finding import Finding, Level
from nas_service.domain.states import SearchStatus
from nas_service.units import duration, scaled
from nas_service.wire.catalog import (
    ChoiceInfo,
    DeviceInfo,
    NoiseInfo,
    RecipeStepInfo,
    SpaceDetail,
    SpaceSummary,
    TargetInfo,
)
from nas_service.wire.datasets import UploadInfo
from nas_service.wire.keys import KeyInfo
from nas_service.wire.searches import SearchSummary

STATUS_STYLES = {
    SearchStatus.SUCCEEDED: "green",
    SearchStatus.FAILED: "red",
    SearchStatus.RUNNING: "cyan",
    SearchStatus.PAUSED: "yellow",
}
LEVEL_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in headings:
        table.add_column(name, no_wrap=name == "id")
    return table


def search_table(searches: Iterable[SearchSummary]) -> Table:
    """One row a search."""
    table = _table("id", "name", "status", "tried", "data set", "created, UTC")
    for search in searches:
        budget = f"/{search.candidate_budget}" if search.candidate_budget is not None else ""
        table.add_row(
            search.id,
            Text(search.name),
            Text(search.status.value.lower(), style=STATUS_STYLES.get(search.status, "")),
            f"{search.candidate_count}{budget}",
            Text(search.dataset),
            f"{search.created_at:%Y-%m-%d %H:%M}",
        )
    return table


def dataset_table(uploads: Iterable[UploadInfo]) -> Table:
    """One row an uploaded data set."""
    table = _table("id", "name", "images", "classes", "size", "uploaded, UTC")
    for upload in uploads:
        table.add_row(
            upload.id,
            Text(upload.name),
            f"{upload.facts.image_count:,}",
            str(len(upload.facts.classes)),
            scaled(upload.size_bytes, "B"),
            f"{upload.created_at:%Y-%m-%d %H:%M}",
        )
    return table


def key_table(keys: Iterable[KeyInfo]) -> Table:
    """One row an API key."""
    table = _table("id", "tenant", "name", "scopes", "created, UTC", "last used, UTC", "revoked, UTC")
    for key in keys:
        times = (key.created_at, key.last_used_at, key.revoked_at)
        table.add_row(
            key.id,
            key.tenant,
            Text(key.name),
            ", ".join(key.scopes),
            *("" if at is None else f"{at:%Y-%m-%d %H:%M}" for at in times),
        )
    return table


def space_list(spaces: Iterable[SpaceSummary]) -> Table:
    """One row a registered space."""
    table = _table("space", "presets")
    for space in spaces:
        table.add_row(space.name, ", ".join(space.presets))
    return table


def choice_table(space: SpaceDetail) -> Table:
    """One row a choice, those last that a spec has to name."""
    table = _table("choice", "options", "when", "what it is")
    for choice in (*space.choices, *space.optional_choices):
        table.add_row(choice.name, ", ".join(map(str, choice.options)), _when(choice), Text(choice.doc))
    return table


def size_text(space: SpaceDetail) -> str:
    """The exact number of networks, and its magnitude."""
    exact = int(space.size)
    magnitude = f" (about 10^{len(space.size) - 1})" if exact >= 10**6 else ""
    return f"{space.name}, preset {space.preset}: {exact:,} networks{magnitude}"


def _when(choice: ChoiceInfo) -> str:
    if choice.when is None:
        return ""
    return f"{choice.when.choice} is {' or '.join(map(str, choice.when.values))}"


def recipe_table(steps: Iterable[RecipeStepInfo]) -> Table:
    """One row a step."""
    table = _table("step", "where", "options", "what it does")
    for step in steps:
        options = step.compression.options.get("properties", {}) if step.compression else {}
        table.add_row(step.name, ", ".join(step.places), Text(", ".join(options)), Text(step.summary))
    return table


def device_table(devices: Iterable[DeviceInfo]) -> Table:
    """One row a device."""
    table = _table("device", "seen", "processor", "cores", "instruction sets", "runtimes", "noise of late", "id")
    for device in devices:
        seen = Text("live", style="green") if device.live else Text(f"{duration(device.seen_s_ago)} ago")
        facts = device.description
        runtimes = [name for name, runtime in facts.get("runtimes", {}).items() if runtime.get("available")]
        table.add_row(
            device.name,
            seen,
            Text(str(facts.get("cpu_model", ""))),
            str(facts.get("physical_cores", "")),
            Text(", ".join(facts.get("instruction_sets", []))),
            Text(", ".join(runtimes)),
            noise_text(device.noise),
            device.id,
        )
    return table


def target_table(targets: Iterable[TargetInfo]) -> Table:
    """One row a device, runtime and precision."""
    table = _table("device", "runtime", "precision", "available", "noise of late", "why not")
    for target in targets:
        available = Text("yes", style="green") if target.available else Text("no", style="yellow")
        table.add_row(
            target.device,
            target.runtime,
            target.precision,
            available,
            noise_text(target.noise),
            Text(target.reason or ""),
        )
    return table


def noise_text(noise: NoiseInfo | None) -> str:
    """`+-0.41 %, 3 % of 100 noisy`; empty where nothing was timed."""
    if noise is None:
        return ""
    precision = "" if noise.half_width_ratio is None else f"+-{100 * noise.half_width_ratio:.2f} %, "
    return f"{precision}{100 * noise.noisy_share:.0f} % of {noise.measurement_count} noisy"


def finding_lines(finding: Finding) -> list[Text]:
    """What was found, and below it how to mend what is wrong."""
    line = Text.assemble((f"{finding.level:<6}", LEVEL_STYLES[finding.level]), f"{finding.check:<23}{finding.detail}")
    return [line, Text(f"{'':29}-> {finding.mend}", style="dim")] if finding.mend else [line]
