"""What must hold for every search space in the registry."""

import json
import math
import random

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces import Architecture, IllegalArchitecture, NetworkInput, SearchSpace, get

with_space = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**32 - 1)


def draw(space: SearchSpace, seed: int) -> Architecture:
    return space.sample(np.random.default_rng(seed), 1)[0]


def raw_values(space: SearchSpace, seed: int) -> dict[str, object]:
    """An option for every choice, whether it matters or not."""
    rng = random.Random(seed)
    return {choice.name: rng.choice(choice.options) for choice in space.choices}


def test_sampling_is_seeded_and_legal(space: SearchSpace) -> None:
    first, second = (space.sample(np.random.default_rng(7), 30) for _ in range(2))
    assert [a.key for a in first] == [a.key for a in second]
    assert [a.key for a in first] != [a.key for a in space.sample(np.random.default_rng(8), 30)]
    for architecture in first:
        space.check(architecture.values)


def test_samples_reach_every_option(space: SearchSpace) -> None:
    reached = set().union(*(a.values.items() for a in space.sample(np.random.default_rng(0), 1500)))
    missing = {(c.name, o) for c in space.choices for o in c.options} - reached
    assert not missing


@with_space
@given(seed=seeds)
def test_canonical_form_is_a_fixed_point(space: SearchSpace, seed: int) -> None:
    once = space.canonical(raw_values(space, seed))
    twice = space.canonical(once.values)
    assert (twice.values, twice.key) == (once.values, once.key)


@with_space
@given(seed=seeds)
def test_the_key_ignores_the_order_of_choices_and_what_does_not_matter(space: SearchSpace, seed: int) -> None:
    architecture = draw(space, seed)
    shuffled = list(architecture.values.items())
    random.Random(seed).shuffle(shuffled)
    unmattering = {k: v for k, v in raw_values(space, seed).items() if k not in architecture.values}
    assert space.canonical(dict(shuffled)).key == architecture.key
    assert space.canonical({**dict(shuffled), **unmattering}).key == architecture.key


@with_space
@given(seed=seeds)
def test_raw_values_and_their_canonical_form_build_the_same_network(space: SearchSpace, seed: int) -> None:
    values = raw_values(space, seed)
    row = np.array([[choice.options.index(values[choice.name]) for choice in space.choices]])
    network_input = NetworkInput(3, 7)
    raw, canonical = space.layout(row, network_input), space.layout(space.canonical_indices(row), network_input)
    assert all(
        np.array_equal(getattr(raw, field), getattr(canonical, field)) for field in type(raw).__dataclass_fields__
    )


def test_different_keys_are_different_networks(space: SearchSpace, network_input: NetworkInput) -> None:
    architectures = list(dict.fromkeys(space.sample(np.random.default_rng(3), 60)))
    assert len({space.plan(a, network_input) for a in architectures}) == len(architectures)


def test_an_architecture_survives_json(space: SearchSpace, architectures: list[Architecture]) -> None:
    for architecture in architectures:
        back = Architecture.from_json(architecture.to_json())
        assert back == architecture
        assert back.values == architecture.values
        assert space.canonical(json.loads(architecture.to_json())["values"]) == architecture


def test_indices_lead_back(space: SearchSpace, architectures: list[Architecture]) -> None:
    indices = space.to_indices(architectures)
    assert indices.shape == (len(architectures), len(space.choices))
    assert space.from_indices(indices) == architectures


def test_one_hot_leads_back_and_is_masked(space: SearchSpace, architectures: list[Architecture]) -> None:
    features = space.to_one_hot(architectures)
    assert features.dtype == np.float32
    assert features.shape == (len(architectures), len(space.feature_names()))
    assert features.sum(axis=1).tolist() == [len(a.values) for a in architectures]
    assert space.from_one_hot(features) == architectures
    hot = {name for name, on in zip(space.feature_names(), features[0], strict=True) if on}
    assert hot == {f"{name}={value}" for name, value in architectures[0].values.items()}


def test_mutants_are_other_legal_architectures(space: SearchSpace, architectures: list[Architecture]) -> None:
    rng = np.random.default_rng(1)
    for architecture in architectures:
        for rate in (0.0, 0.1, 1.0):
            mutant = space.mutate(architecture, rng, rate)
            assert mutant != architecture
            assert space.canonical(mutant.values) == mutant


def test_mutation_is_seeded(space: SearchSpace, architectures: list[Architecture]) -> None:
    first, second = (
        [space.mutate(a, rng, 0.2).key for a in architectures]
        for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    assert first == second


def test_neighbours_are_distinct_legal_and_one_choice_away(
    space: SearchSpace, architectures: list[Architecture]
) -> None:
    for architecture in architectures[:10]:
        neighbours = space.neighbours(architecture)
        assert neighbours
        assert architecture not in neighbours
        assert len(set(neighbours)) == len(neighbours)
        for other in neighbours:
            assert space.canonical(other.values) == other


def test_the_json_schema_accepts_what_check_accepts(space: SearchSpace, architectures: list[Architecture]) -> None:
    schema = space.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    rng = random.Random(0)
    refused = 0
    for architecture in architectures:
        values: dict[str, object] = dict(architecture.values)
        assert validator.is_valid(values)
        victim = rng.choice(list(values))
        changed = [
            {name: value for name, value in values.items() if name != victim},
            {**values, victim: "nonsense"},
            {**values, "nonsense": 1},
            {**raw_values(space, rng.randrange(100)), **values},
        ]
        for document in changed:
            legal = is_legal(space, document)
            refused += not legal
            assert validator.is_valid(document) == legal
    assert refused == 3 * len(architectures)


def is_legal(space: SearchSpace, values: dict[str, object]) -> bool:
    try:
        space.check(values)
    except IllegalArchitecture:
        return False
    return True


def test_check_names_the_field(space: SearchSpace, architectures: list[Architecture]) -> None:
    values = dict(architectures[0].values)
    name, *_ = values
    with pytest.raises(IllegalArchitecture, match=f"^{name}: is missing; give one of") as missing:
        space.check({k: v for k, v in values.items() if k != name})
    assert missing.value.field == name
    with pytest.raises(IllegalArchitecture, match=f"did you mean '{name}'"):
        space.check({**values, f"{name}s": 1})
    with pytest.raises(IllegalArchitecture, match="'wrong' is not one of"):
        space.check({**values, name: "wrong"})


def test_an_architecture_of_another_space_is_refused(space: SearchSpace) -> None:
    stranger = Architecture("elsewhere", "tiny", {}, "00")
    with pytest.raises(IllegalArchitecture):
        space.to_indices([stranger])


def test_an_architecture_outside_of_the_restrictions_is_refused(space: SearchSpace) -> None:
    choice = next(c for c in space.choices if c.when is None and len(c.options) > 1)
    restricted = get(space.name, space.preset, {choice.name: [choice.options[0]]})
    outside = space.canonical(raw_values(space, 0) | {choice.name: choice.options[-1]})
    if outside.values[choice.name] != choice.options[0]:
        with pytest.raises(IllegalArchitecture, match=choice.name):
            restricted.to_indices([outside])


def test_costs_come_alike_from_architectures_indices_and_plans(
    space: SearchSpace, architectures: list[Architecture], network_input: NetworkInput
) -> None:
    cost = space.cost(architectures, network_input)
    from_indices = space.cost(space.to_indices(architectures), network_input)
    plans = [space.plan(architecture, network_input) for architecture in architectures]
    for field in ("macs", "params", "weight_bytes", "peak_activation_bytes"):
        values = getattr(cost, field)
        assert values.dtype == np.int64
        assert np.array_equal(values, getattr(from_indices, field))
        assert values.tolist() == [getattr(plan, field) for plan in plans]


def test_the_blocks_of_a_plan_fit_together(
    space: SearchSpace, architectures: list[Architecture], network_input: NetworkInput
) -> None:
    for architecture in architectures:
        plan = space.plan(architecture, network_input)
        assert plan.resolution == architecture.values["resolution"]
        channels, size = network_input.channels, plan.resolution
        for block in plan.blocks:
            assert (block.in_channels, block.in_size) == (channels, size)
            channels, size = block.out_channels, block.out_size
        assert (channels, size) == (network_input.class_count, 1)
        assert [b.stage for b in plan.blocks] == sorted(b.stage for b in plan.blocks)


def test_no_architectures_cost_nothing(space: SearchSpace, network_input: NetworkInput) -> None:
    assert space.sample(np.random.default_rng(0), 0) == []
    assert space.cost([], network_input).macs.shape == (0,)


def test_the_size_is_an_exact_integer_within_the_raw_combinations(space: SearchSpace) -> None:
    size = space.size()
    assert type(size) is int
    assert 1 < size <= math.prod(len(choice.options) for choice in space.choices)


def test_a_space_of_one_network_has_size_one_and_nowhere_to_go(space: SearchSpace) -> None:
    single = get(space.name, space.preset, {choice.name: [choice.options[0]] for choice in space.choices})
    assert single.size() == 1
    [architecture] = single.sample(np.random.default_rng(0), 1)
    assert single.mutate(architecture, np.random.default_rng(0), 1.0) == architecture
    assert single.neighbours(architecture) == []
