"""What a verification says: checks, and whether they all agree."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError

from nas_service.domain.errors import NasError
from search_spaces.errors import SpaceError

BROKEN = (NasError, SpaceError, SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError)
"""What reading a bundle that was broken or tampered with can raise."""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. `agrees` is None where this machine cannot judge; `detail` is a sentence for people."""

    name: str
    agrees: bool | None
    detail: str
    stated: Any = None
    found: Any = None
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one bundle."""

    bundle: str
    checks: tuple[Check, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing disagrees."""
        return all(check.agrees is not False for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self) | {"agrees": self.agrees}


def guarded(name: str, check: Callable[..., Check], *subjects: Any) -> Check:
    """What `check` says of its subjects, or that the bundle is too broken for it."""
    try:
        return check(*subjects)
    except BROKEN as error:
        return Check(name, False, reason(error))


def reason(error: BaseException) -> str:
    """An error on one line; a library's own says little without its type."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    text = " ".join(str(error).split())
    return text if isinstance(error, NasError | SpaceError) else f"{type(error).__name__}: {text}"
