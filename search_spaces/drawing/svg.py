"""The elements of a drawing. ElementTree escapes all text, and an element has no way to name anything outside."""

from xml.etree.ElementTree import Element, SubElement

NAMESPACE = "http://www.w3.org/2000/svg"
Number = float | int


def add(parent: Element, tag: str, css: str = "", **attributes: str | Number) -> Element:
    """A child with a CSS class. In attribute names `_` stands for `-`."""
    given = {"class": css} if css else {}
    given |= {name.replace("_", "-"): _text(value) for name, value in attributes.items()}
    return SubElement(parent, tag, given)


def box(parent: Element, css: str, place: tuple[Number, Number, Number, Number], radius: Number) -> Element:
    """A rounded rectangle at (x, y, width, height)."""
    x, y, width, height = place
    return add(parent, "rect", css, x=x, y=y, width=width, height=height, rx=radius)


def text(parent: Element, css: str, at: tuple[Number, Number], content: str, anchor: str = "start") -> Element:
    """One line of text, its baseline at `at`."""
    line = add(parent, "text", css, x=at[0], y=at[1])
    if anchor != "start":
        line.set("text-anchor", anchor)
    line.text = content
    return line


def more(line: Element, css: str, content: str, space: Number = 7) -> None:
    """Continue a line of text in another style."""
    add(line, "tspan", css, dx=space).text = content


def path(parent: Element, css: str, data: str) -> Element:
    """A path by its commands."""
    return add(parent, "path", css, d=data)


def _text(value: str | Number) -> str:
    return value if isinstance(value, str) else f"{value:g}"
