"""The exception tree. Each family says what happens next.

NasError
├── UserError                 the request is wrong; never retried; HTTP 4xx
│   ├── SpecError             a search spec that cannot succeed (422)
│   ├── DatasetError          a data set that cannot be trained on (422)
│   ├── UnauthenticatedError  no key, or none that counts (401)
│   ├── ForbiddenError        the key is not for this (403)
│   ├── NotFoundError         no such search, candidate, artifact (404)
│   ├── GoneError             it was here, and was deleted as agreed (410)
│   ├── ConflictError         the state does not allow this now (409)
│   └── LimitError            more than the caller may have; says when to come again (429)
├── PermanentError            the work itself cannot succeed; the candidate fails with this reason, no retry
│   └── TrainingDivergedError loss became NaN or infinite
└── RetryableError            a passing fault; the work item is tried again up to its cap
"""

from dataclasses import dataclass


class NasError(Exception):
    """Base of all errors raised on purpose. `problem` is a stable slug, `detail` a sentence with the mend."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


class UserError(NasError):
    """The caller can mend it. Never retried."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a document: a dotted path (`budget.candidates`) and a sentence."""

    field: str
    message: str


class SpecError(UserError):
    """A spec that cannot succeed, refused at submission with every field at fault."""

    def __init__(self, problems: list[FieldProblem], problem: str = "invalid-spec") -> None:
        super().__init__(problem, "; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class DatasetError(UserError):
    """A data set that cannot be used. `where` names the file, class or array at fault."""

    def __init__(self, problem: str, detail: str, where: str = "") -> None:
        super().__init__(problem, detail)
        self.where = where


class UnauthenticatedError(UserError):
    """Who asks is not known: the key is missing, unknown or revoked."""


class ForbiddenError(UserError):
    """Who asks is known and may not do this."""


class NotFoundError(UserError):
    """No such thing, or none that the caller may see."""


class GoneError(UserError):
    """It was here, and was deleted as agreed; the detail says how to keep it next time."""


class ConflictError(UserError):
    """The present state does not allow the request."""


class LimitError(UserError):
    """A rate limit or quota is reached. `field` names the part of the request that asks for too much, if one does."""

    def __init__(self, problem: str, detail: str, retry_after_s: float, field: str = "") -> None:
        super().__init__(problem, detail)
        self.retry_after_s = retry_after_s
        self.field = field


class PermanentError(NasError):
    """This work can never succeed; the candidate fails with the reason and the search goes on."""


class TrainingDivergedError(PermanentError):
    """The loss became NaN or infinite; raised by the training loop with step and value in the detail."""


class RetryableError(NasError):
    """A passing fault (a busy device, a lost file handle): tried again up to the work item's cap."""
