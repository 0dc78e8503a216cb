"""The front as values: a sequence of candidates that can be a table of pandas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from nas_service.client.facts import CandidateFacts
from nas_service.extras import explained
from nas_service.wire.candidates import AxisInfo, FrontMember

if TYPE_CHECKING:
    import pandas as pd

C = TypeVar("C", bound=CandidateFacts)


@dataclass(frozen=True, slots=True)
class Front(Sequence[C], Generic[C]):
    """The non-dominated feasible candidates, from the first axis's best to its worst."""

    search_id: str
    axes: tuple[AxisInfo, ...]
    members: tuple[C, ...]
    places: tuple[FrontMember, ...]
    """Of each member the numbers that this front is made of, their intervals, and its probability of being on it."""
    hypervolume_ratio: float
    """What they dominate, as a share of the box between the worst and the best values seen."""

    def __iter__(self) -> Iterator[C]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @overload
    def __getitem__(self, index: int) -> C: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[C]: ...

    def __getitem__(self, index: int | slice) -> C | Sequence[C]:
        return self.members[index]

    def to_frame(self) -> "pd.DataFrame":
        """One row a member, indexed by its id: the front's numbers under their keys, choices behind them.

        Raises MissingExtraError without pandas.
        """
        with explained():
            import pandas as pd
        rows = [
            {"number": m.number, **place.metrics, "probability": place.probability, **m.architecture}
            for m, place in zip(self.members, self.places, strict=True)
        ]
        return pd.DataFrame(rows, index=pd.Index([m.id for m in self.members], name="candidate"))
