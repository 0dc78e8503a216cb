"""The look of a drawing: type, and colours on light and on dark.

The picture brings its own ground, so that it reads well wherever it stands. Colours are stated twice rather than in
custom properties, which converters outside of browsers do not know; those show the light ones.
"""

from collections.abc import Mapping

HUES: Mapping[str, tuple[str, str]] = {
    "conv": ("#475569", "#94a3b8"),
    "separable": ("#0f766e", "#2dd4bf"),
    "inverted": ("#4f46e5", "#818cf8"),
    "fused": ("#be185d", "#f472b6"),
    "pool": ("#b45309", "#fbbf24"),
    "global_pool": ("#b45309", "#fbbf24"),
    "feature_mix": ("#475569", "#94a3b8"),
    "classifier": ("#475569", "#94a3b8"),
}
"""Colour of each kind of block on light and on dark."""

_TYPE = """\
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:13px;\
font-variant-numeric:tabular-nums}
.title{font-size:25px;font-weight:700}
.figure{font-size:21px;font-weight:650}
.name{font-size:14.5px;font-weight:650}
.stage{font-size:13px;font-weight:700;letter-spacing:.02em}
.small{font-size:11.5px}
.badge-text{font-size:12px;font-weight:700}
.strong{font-weight:650}
.plain{font-weight:400}
.flow{fill:none;stroke-width:1.5}
.skip{fill:none;stroke-width:1.5}
.plus{stroke-width:1.5}
.window{fill:none;stroke-width:1.2}
.pale{opacity:.42}
.card,.band,.ground{stroke-width:1}
"""

_ROLES: Mapping[str, tuple[str, str]] = {
    ".ground": ("fill:#ffffff;stroke:#d8dee6", "fill:#0d1117;stroke:#30363d"),
    ".band": ("fill:#f4f6f9;stroke:#e5e9ef", "fill:#151b23;stroke:#232b36"),
    ".card": ("fill:#ffffff;stroke:#d8dee6", "fill:#1f2731;stroke:#37414e"),
    ".track": ("fill:#e9edf2", "fill:#323c49"),
    ".ink": ("fill:#1b2430", "fill:#f0f4f8"),
    ".soft": ("fill:#566274", "fill:#a3b0c0"),
    ".flow": ("stroke:#8896a8", "stroke:#76859a"),
    ".arrow": ("fill:#8896a8", "fill:#76859a"),
    ".skip": ("stroke:#566274", "stroke:#a3b0c0"),
    ".skip-arrow": ("fill:#566274", "fill:#a3b0c0"),
    ".plus": ("fill:#ffffff;stroke:#566274", "fill:#0d1117;stroke:#a3b0c0"),
    ".badge": ("fill:#1b2430", "fill:#f0f4f8"),
    ".badge-text": ("fill:#ffffff", "fill:#0d1117"),
}


def stylesheet() -> str:
    """All rules, the dark ones under the viewer's preference."""
    return _TYPE + _rules(0) + "@media (prefers-color-scheme:dark){\n" + _rules(1) + "}\n"


def _rules(scheme: int) -> str:
    roles = [f"{selector}{{{looks[scheme]}}}" for selector, looks in _ROLES.items()]
    hues = [
        f".{kind} .hue{{fill:{hue[scheme]}}}.{kind} .hue-line{{stroke:{hue[scheme]}}}" for kind, hue in HUES.items()
    ]
    return "\n".join([*roles, *hues]) + "\n"
