"""Every pair of states moves only as its table allows."""

from enum import StrEnum
from itertools import product

import pytest

from nas_service.domain.errors import ConflictError
from nas_service.domain.states import TRANSITIONS, CandidateStatus, SearchStatus, WorkStatus, is_over, move

PAIRS = [pair for kind in (SearchStatus, CandidateStatus, WorkStatus) for pair in product(kind, kind)]


@pytest.mark.parametrize(("current", "to"), PAIRS)
def test_a_move_is_allowed_exactly_by_the_table(current: StrEnum, to: StrEnum) -> None:
    if to in TRANSITIONS[type(current)][current]:
        assert move(current, to) is to
    else:
        with pytest.raises(ConflictError, match=f"from {current} to {to}"):
            move(current, to)


@pytest.mark.parametrize("kind", [SearchStatus, CandidateStatus, WorkStatus])
def test_the_table_names_every_state(kind: type[StrEnum]) -> None:
    assert set(TRANSITIONS[kind]) == set(kind)


@pytest.mark.parametrize("kind", [SearchStatus, CandidateStatus, WorkStatus])
def test_every_state_can_reach_an_end(kind: type[StrEnum]) -> None:
    for state in kind:
        seen, frontier = {state}, [state]
        while frontier:
            frontier = [t for s in frontier for t in TRANSITIONS[kind][s] if t not in seen]
            seen.update(frontier)
        assert any(is_over(s) for s in seen), f"{state} can never end"
