"""What a search space refuses, each with the field at fault and how to mend it.

SpaceError
├── UnknownSpace          no such space or preset
├── BrokenSpace           a folder that looks like a space but cannot be used as one
├── ImpossibleChoice      a restriction or extension that no network can follow
└── IllegalArchitecture   values that are not a point of the space

All are the caller's to mend and none is worth a retry.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SpaceError(Exception):
    """Base of everything raised on purpose here. `str()` is a sentence for the user."""


class UnknownSpace(SpaceError):  # noqa: N818 - reads as what it says
    """Raised by the registry; `nearest` is the closest existing name, or None."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        options = sorted(known)
        self.name, self.nearest = name, nearest(name, options)
        super().__init__(f"there is no {kind} {name!r}{hint(self.nearest)}; there are: {', '.join(options)}")


class BrokenSpace(SpaceError):  # noqa: N818
    """Raised by the registry when a space's folder cannot be loaded; `__cause__` holds the original error."""


class ImpossibleChoice(SpaceError):  # noqa: N818
    """Raised when choices are restricted or extended: `field`, `reason`, and the `nearest` valid name or option."""

    def __init__(self, field: str, reason: str, nearest: str | None = None) -> None:
        self.field, self.reason, self.nearest = field, reason, nearest
        super().__init__(f"{field}: {reason}{hint(nearest)}")


class IllegalArchitecture(SpaceError):  # noqa: N818
    """Raised by `SearchSpace.check` and everything that takes architectures: `field` and `reason`."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` most likely meant, or None."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.5)), None)


def hint(name: str | None) -> str:
    """Ends an error message with a suggestion, where there is one."""
    return f"; did you mean {name!r}?" if name else ""
