"""What a check of the installation found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: `warn` works with limits, `fail` does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `mend` is what to type or change; empty where nothing is wrong."""

    check: str
    level: Level
    detail: str
    mend: str = ""

    def to_json(self) -> dict[str, str]:
        """As printed by `nas doctor --json`."""
        return asdict(self)


def ok(check: str, detail: str) -> Finding:
    """Nothing to mend."""
    return Finding(check, Level.OK, detail)


def warn(check: str, detail: str, mend: str) -> Finding:
    """Works, with limits."""
    return Finding(check, Level.WARN, detail, mend)


def fail(check: str, detail: str, mend: str) -> Finding:
    """Does not work."""
    return Finding(check, Level.FAIL, detail, mend)
