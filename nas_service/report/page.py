"""Pages made of templates: the report of a search, and one figure by itself."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nas_service.domain.spec import Metric
from nas_service.plots.axis import target_text
from nas_service.plots.draw import PLOTS
from nas_service.plots.inline import inline_svg
from nas_service.plots.kinds import Kind
from nas_service.plots.material import Material
from nas_service.plots.paper import NARROW_IN, WIDE_IN, Paper
from nas_service.report.history import history
from nas_service.report.honesty import accuracy_facts, latency_facts
from nas_service.report.members import COST_KEYS, member
from nas_service.units import HEADINGS, duration, metric_text, percent


def report_page(material: Material) -> str:
    """The whole report as HTML. Raises ClientError."""
    search = material.search
    return _render(
        "report.html",
        search=search,
        figures=[_figure(material, kind) for kind in Kind],
        members=[member(rank, candidate, search) for rank, candidate in enumerate(material.members, start=1)],
        targets=[target_text(target) for target in search.spec.targets],
        costs=[HEADINGS[Metric(key)] for key in COST_KEYS],
        facts=[accuracy_facts(search), *latency_facts(search, material.members)],
        history=history(material),
        spec=yaml.safe_dump(search.spec.model_dump(mode="json"), sort_keys=False, default_flow_style=None, width=100),
        made_at=datetime.now(UTC),
    )


def figure_page(material: Material, kind: Kind) -> str:
    """One figure as HTML. Raises ClientError."""
    return _render("figure_page.html", search=material.search, figure=_figure(material, kind))


def _figure(material: Material, kind: Kind) -> dict[str, Any]:
    """Drawn twice: scaled down to a phone its letters could not be read."""
    # The figures are our own SVG, with every text in it escaped by matplotlib.
    pictures = {
        name: Markup(inline_svg(material, kind, Paper(width_in, titled=False)))
        for name, width_in in (("wide", WIDE_IN), ("narrow", NARROW_IN))
    }
    plot = PLOTS[kind]
    return {"kind": kind.value, "heading": plot.heading, "words": plot.words(material), **pictures}


def _render(template: str, **context: Any) -> str:
    return _templates.get_template(template).render(**context)


def _templates_of(folder: Path) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"percent": percent, "metric": metric_text, "duration": duration}
    return made


_templates = _templates_of(Path(__file__).parent / "templates")
