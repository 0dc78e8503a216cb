"""Predictors learn a device's ways from whole networks."""

import json

import numpy as np
import pytest

import search_spaces
from nas_service.latency.choose import most_informative
from nas_service.latency.documents import predictor_from_json
from nas_service.latency.errors import errors_of
from nas_service.latency.evidence import Evidence
from nas_service.latency.fit import fit_predictor, methods_of
from nas_service.latency.means import first_estimate
from nas_service.latency.networks import Networks
from nas_service.latency.process import Process
from search_spaces.table import FloatArray
from tests.unit.nas_service.latency.conftest import Bench, uneven


def mape(predicted: FloatArray, measured: FloatArray) -> float:
    return float(np.abs(predicted / measured - 1).mean())


def test_the_better_kind_of_model_is_kept_and_its_error_is_that_on_networks_not_seen(bench: Bench) -> None:
    fitted = fit_predictor(bench.evidence(120, uneven, noise=0.01), {})
    assert fitted.method == "process"
    assert fitted.mape_of_methods["process"] < fitted.mape_of_methods["additive"]
    unseen = bench.networks(200, seed=7)
    error = mape(fitted.predictor.predict(unseen), uneven(unseen))
    assert error < 0.04
    assert fitted.errors.mape.low * 0.5 < error < fitted.errors.mape.high * 1.5
    assert fitted.errors.spearman.value > 0.99


@pytest.mark.parametrize("method", ["additive", "process"])
def test_blocks_make_up_what_is_predicted_but_for_what_a_call_costs(bench: Bench, method: str) -> None:
    evidence, unseen = bench.evidence(60, uneven), bench.networks(30, seed=3)
    predictor = methods_of(evidence, {})[method](evidence)
    of_blocks = unseen.total(predictor.blocks_ms(unseen))
    assert np.abs(of_blocks / predictor.predict(unseen) - 1).max() < 0.25
    assert len(predictor.blocks_ms(unseen)) == len(unseen.keys)


def test_networks_unlike_those_that_were_measured_are_doubted_more() -> None:
    narrow = Bench(search_spaces.get("mobilenet", "small", {"width_multiplier": [0.5], "resolution": [16, 24]}))
    wide = Bench(search_spaces.get("mobilenet", "small", {"width_multiplier": [1.0], "resolution": [32]}))
    fitted = fit_predictor(narrow.evidence(80, uneven, noise=0.01), {})
    alike, other = (fitted.predictor.doubt(some.networks(100, seed=7)) for some in (narrow, wide))
    assert np.mean(alike <= fitted.usual_doubt) > 0.85
    assert np.median(other) > fitted.usual_doubt
    assert fitted.report()["usual_doubt"] == fitted.usual_doubt > 0


def test_a_stored_predictor_predicts_what_it_did(bench: Bench) -> None:
    evidence, networks = bench.evidence(60, uneven), bench.networks(50, seed=3)
    methods = methods_of(evidence, {"another": Process.fit(evidence, first_estimate(evidence))})
    assert set(methods) == {"additive", "process", "transfer from another"}
    for method in methods.values():
        predictor = method(evidence)
        again = predictor_from_json(json.loads(json.dumps(predictor.to_json())))
        assert np.array_equal(again.predict(networks), predictor.predict(networks))
        assert np.array_equal(again.doubt(networks), predictor.doubt(networks))


def test_a_document_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="make it again"):
        predictor_from_json({"kind": "neural"})


def test_another_targets_predictor_and_fifteen_networks_beat_fifteen_networks(bench: Bench) -> None:
    def slower(networks: Networks) -> FloatArray:
        return 0.05 + 2.5 * uneven(networks)

    source = bench.evidence(120, uneven)
    known = Process.fit(source, first_estimate(source))
    few = bench.evidence(15, slower, noise=0.01, seed=11)
    unseen = bench.networks(200, seed=7)
    fitted = fit_predictor(few, {"old": known})
    assert fitted.is_transferred
    alone = Process.fit(few, first_estimate(few))
    assert mape(fitted.predictor.predict(unseen), slower(unseen)) < 0.05
    assert mape(fitted.predictor.predict(unseen), slower(unseen)) < 0.8 * mape(alone.predict(unseen), slower(unseen))


def test_what_is_measured_next_leaves_less_doubt_than_what_is_measured_at_random(bench: Bench) -> None:
    networks = bench.networks(160, seed=2)
    latency = uneven(networks)
    known = np.arange(40)
    evidence = Evidence(networks.some(known), latency[known], np.zeros(40))
    pool = networks.some(np.arange(40, 160))
    chosen = most_informative(evidence, pool, 20)
    assert len(set(chosen.tolist())) == 20

    def error_with(more: np.ndarray) -> float:
        rows = np.concatenate([known, 40 + more])
        learned = Evidence(networks.some(rows), latency[rows], np.zeros(len(rows)))
        unseen = bench.networks(300, seed=9)
        return mape(Process.fit(learned, first_estimate(learned)).predict(unseen), uneven(unseen))

    assert error_with(chosen) < np.mean([error_with(np.arange(start, start + 20)) for start in (0, 40, 80)])


def test_errors_carry_intervals_that_hold_the_value() -> None:
    measured = np.linspace(1, 2, 40)
    errors = errors_of(measured, measured * np.where(np.arange(40) % 4 == 0, 1.2, 1.02))
    assert errors.mape.value == pytest.approx(0.065)
    assert (errors.within_5_percent.value, errors.within_10_percent.value) == (0.75, 0.75)
    for figure in (errors.mape, errors.within_10_percent, errors.spearman):
        assert figure.low < figure.value < figure.high
    with pytest.raises(ValueError, match="say nothing"):
        errors_of(measured[:1], measured[:1])
