"""Outcomes that samplers could not learn from are refused where they are made."""

import math

import pytest

from nas_service.domain.outcome import Outcome, OutcomeState


@pytest.mark.parametrize("state", [OutcomeState.PRUNED, OutcomeState.FAILED])
def test_only_complete_outcomes_have_values(state: OutcomeState) -> None:
    with pytest.raises(ValueError, match="exactly when complete"):
        Outcome(state, (0.5,))


def test_complete_outcomes_need_values() -> None:
    with pytest.raises(ValueError, match="exactly when complete"):
        Outcome(OutcomeState.COMPLETE)


@pytest.mark.parametrize(("values", "constraints"), [((math.nan,), ()), ((0.5,), (math.nan,))])
def test_nan_is_refused(values: tuple[float, ...], constraints: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="NaN"):
        Outcome(OutcomeState.COMPLETE, values, constraints)
