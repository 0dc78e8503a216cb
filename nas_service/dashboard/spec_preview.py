"""A valid spec as other clients would send it, and the size of what it searches."""

import shlex

import yaml

import search_spaces
from nas_service.domain.spec import SearchSpec, SpaceSpec
from nas_service.use_cases.forecast import Forecast
from nas_service.wire.base import Document

AUTO = "auto"
HEREDOC = "SPEC"


class SpaceSize(Document):
    """How many networks a preset spans under the spec's restrictions."""

    preset: str
    size: str
    """Exact; a string, for it can exceed 2**53."""


class SpanInfo(Document):
    """A range that half of what was seen lies in."""

    low: float
    high: float


class ForecastInfo(Document):
    """How long the search would take on the workers that there are."""

    worker_count: int
    lanes: int
    duration_s: SpanInfo
    work_s: SpanInfo
    candidates: SpanInfo
    evaluation_count: int
    search_count: int


class SpecPreview(Document):
    """What the page shows beside its form."""

    document: dict[str, object]
    """What the spec says; what it leaves to defaults is left out."""
    sizes: tuple[SpaceSize, ...]
    """One for each preset that `auto` may turn out to mean, else one."""
    forecast: ForecastInfo | None
    """None where nothing like it was ever done here."""
    yaml: str
    curl: str
    python: str


def spec_preview(spec: SearchSpec, known: Forecast | None, url: str, *, needs_key: bool) -> SpecPreview:
    """Of a spec that was checked; `url` is the service's own."""
    document = spec.model_dump(mode="json", exclude_unset=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return SpecPreview(
        document=document,
        sizes=_sizes(spec.space),
        forecast=ForecastInfo.model_validate(known, from_attributes=True) if known else None,
        yaml=text,
        curl=_curl(text, url, needs_key=needs_key),
        python=_python(document, url, needs_key=needs_key),
    )


def _sizes(space: SpaceSpec) -> tuple[SpaceSize, ...]:
    presets = search_spaces.get(space.name).presets() if space.preset == AUTO else (space.preset,)
    sizes = []
    for preset in presets:
        try:
            size = search_spaces.get(space.name, preset=preset, choices=space.choices).size()
        except search_spaces.SpaceError:
            continue  # the restrictions leave nothing of this preset, which `auto` may yet not mean
        sizes.append(SpaceSize(preset=preset, size=str(size)))
    return tuple(sizes)


def _curl(text: str, url: str, *, needs_key: bool) -> str:
    key = ' -H "Authorization: Bearer $NAS_TOKEN"' if needs_key else ""
    command = f"curl {shlex.quote(f'{url}/v1/searches')}{key} -H 'Content-Type: application/yaml' --data-binary @-"
    return f"{command} <<'{HEREDOC}'\n{text}{HEREDOC}\n"


def _python(document: dict[str, object], url: str, *, needs_key: bool) -> str:
    token = ', token=os.environ["NAS_TOKEN"]' if needs_key else ""
    imports = "import os\n\n" if needs_key else ""
    shown = ",\n".join(f"    {name!r}: {value!r}" for name, value in document.items())
    return (
        f"{imports}from nas_service.client import Client\n\n"
        f"spec = {{\n{shown},\n}}\n\n"
        f"with Client({url!r}{token}) as client:\n    print(client.submit(spec).id)\n"
    )
