"""What goes with an objective."""

import numpy as np
import pytest

from nas_service.use_cases.figures.importance import LEAST_CANDIDATES, effects, epsilon_squared
from nas_service.use_cases.figures.points import choice_columns


def test_a_choice_that_decides_everything_has_all_of_the_variance() -> None:
    architectures = [{"kernel": 3 + 2 * (n % 2), "width": n % 3} for n in range(60)]
    values = [float(n % 2) for n in range(60)]
    first, second = effects(choice_columns(architectures), values)
    assert (first.choice, first.share) == ("kernel", pytest.approx(1.0))
    assert [(o.option, o.count, o.mean) for o in first.options] == [(3, 30, 0.0), (5, 30, 1.0)]
    assert (second.choice, second.share) == ("width", pytest.approx(0.0, abs=0.02))


def test_a_choice_of_many_options_does_not_look_important_by_chance() -> None:
    rng = np.random.default_rng(0)
    shares = [epsilon_squared(rng.normal(size=40), rng.integers(0, 10, 40)) for _ in range(300)]
    assert 0.0 <= float(np.mean(shares)) < 0.08, "eta-squared would say 0.23"


def test_of_it_a_share_is_told_that_agrees_with_the_variances_it_was_made_of() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 2, 20_000)
    values = groups * 2.0 + rng.normal(size=20_000)  # a variance of 1 between and of 1 within
    assert epsilon_squared(values, groups) == pytest.approx(0.5, abs=0.02)


def test_candidates_in_which_a_choice_has_no_effect_are_an_option_of_their_own() -> None:
    architectures = [{"stages": 4, "depth": 1} if n % 2 else {"stages": 3} for n in range(10)]
    found = {
        effect.choice: effect for effect in effects(choice_columns(architectures), [float(n % 2) for n in range(10)])
    }
    assert [(o.option, o.count) for o in found["depth"].options] == [(None, 5), (1, 5)]


def test_nothing_is_told_of_few_candidates_of_a_fixed_choice_or_of_a_constant() -> None:
    few = [{"kernel": n % 2} for n in range(LEAST_CANDIDATES - 1)]
    assert effects(choice_columns(few), [float(n) for n in range(len(few))]) == []
    fixed = [{"kernel": 3} for _ in range(20)]
    assert effects(choice_columns(fixed), [float(n) for n in range(20)]) == []
    assert epsilon_squared(np.ones(20), np.arange(20) % 2) == 0.0
