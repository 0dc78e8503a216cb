"""Probes run in a process of their own, and whatever becomes of it is an answer."""

from collections.abc import Callable

import pytest

from nas_service.cli.doctor import runtimes
from nas_service.cli.doctor.finding import Finding, Level
from nas_service.cli.doctor.runtimes import ProbeError, check_pinning, probe


def test_a_probe_answers_in_json_after_whatever_it_prints() -> None:
    assert probe("print('warming up'); print('[1, 2]')") == [1, 2]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("import os; os.abort()", "died with exit code -6"),
        ("pass", "died with exit code 0"),
    ],
)
def test_a_probe_that_dies_gives_its_last_words(code: str, reason: str) -> None:
    with pytest.raises(ProbeError, match=reason):
        probe(code)


def test_a_probe_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "PROBE_TIMEOUT_S", 0.2)
    with pytest.raises(ProbeError, match="no answer"):
        probe("import threading; threading.Event().wait()")


def test_a_broken_torch_is_reported_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "TORCH_PROBE", "raise ImportError('libtorch.so: cannot open')")
    finding = runtimes.check_torch()
    assert finding.level is Level.FAIL
    assert "libtorch.so" in finding.detail
    assert "nas-service[worker]" in finding.mend


KNOWN = """
import json
print(json.dumps({
    "onnxruntime": {"available": True, "versions": {"onnxruntime": "1.31.1"}},
    "torch-compile": {"available": True, "versions": {"torch": "2.13.0", "g++": "12.2.0"}},
    "openvino": {"available": False, "reason": "it is not installed; install it with: pip install openvino"},
}))
"""


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Finding]]:
    """The findings where three runtimes are known and trying one out does as it is told."""

    def find(trial: str) -> dict[str, Finding]:
        monkeypatch.setattr(runtimes, "RUNTIMES_PROBE", KNOWN)
        monkeypatch.setattr(runtimes, "TRIAL_PROBE", trial)
        return {finding.check: finding for finding in runtimes.check_runtimes()}

    return find


def test_runtimes_that_are_there_are_tried_out_but_for_those_that_take_a_minute(
    found: Callable[[str], dict[str, Finding]],
) -> None:
    findings = found("raise ValueError('wrong answer of ' + {name!r})")
    assert findings["runtime[onnxruntime]"].level is Level.FAIL
    assert "1.31.1: ValueError: wrong answer of onnxruntime" in findings["runtime[onnxruntime]"].detail
    assert findings["runtime[torch-compile]"].level is Level.OK


def test_a_runtime_that_nobody_needs_yet_is_no_fault(found: Callable[[str], dict[str, Finding]]) -> None:
    findings = found("print('true')")
    assert {finding.level for finding in findings.values()} == {Level.OK}
    assert findings["runtime[openvino]"].detail == "it is not installed; only for targets with runtime openvino"
    assert findings["runtime[openvino]"].mend == "install it with: pip install openvino"


def test_without_the_runtime_of_most_targets_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    there = '"available": True, "versions": {"onnxruntime": "1.31.1"}'
    gone = KNOWN.replace(there, '"available": False, "reason": "no"')
    monkeypatch.setattr(runtimes, "RUNTIMES_PROBE", gone)
    finding = next(runtimes.check_runtimes())
    assert (finding.check, finding.level) == ("runtime[onnxruntime]", Level.FAIL)


def test_pinning_is_tried_out() -> None:
    assert check_pinning().level is Level.OK
