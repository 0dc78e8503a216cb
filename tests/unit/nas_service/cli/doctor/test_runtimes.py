"""Probes run in a process of their own, and whatever becomes of it is an answer."""

import pytest

from nas_service.cli.doctor import runtimes
from nas_service.cli.doctor.finding import Level
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


def test_pinning_is_tried_out() -> None:
    assert check_pinning().level is Level.OK
