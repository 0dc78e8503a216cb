"""Checks of the machine, on real files, ports and databases."""

import socket
from pathlib import Path

import pytest

from nas_service.cli.doctor import machine
from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.machine import check_home, check_port, check_sqlite, nearest_folder


def test_a_home_that_does_not_exist_yet_is_judged_by_where_it_would_be(tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet"
    assert nearest_folder(home) == tmp_path
    assert check_home(home).level is Level.OK
    assert check_sqlite(home).level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_fails() -> None:
    finding = check_home(Path("/proc/nas"))
    assert finding.level is Level.FAIL
    assert "NAS_HOME" in finding.mend
    assert check_sqlite(Path("/proc/nas")).level is Level.FAIL


def test_an_old_sqlite_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OLDEST_SQLITE", (99, 0))
    assert check_sqlite(tmp_path).level is Level.FAIL


def test_a_taken_port_is_noticed_unless_we_have_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = check_port("127.0.0.1", port, ours=False)
        assert (taken.level, str(port) in taken.detail, "NAS_PORT" in taken.mend) == (Level.WARN, True, True)
        assert check_port("127.0.0.1", port, ours=True).level is Level.OK
    assert check_port("127.0.0.1", port, ours=False).level is Level.OK


@pytest.mark.parametrize(("free", "level"), [(1, Level.FAIL), (5, Level.WARN), (20, Level.OK)])
def test_room_is_enough_tight_or_missing(free: float, level: Level) -> None:
    finding = machine._check_room("disk", free, needed=2, comfortable=10, mend="free some")
    assert finding.level is level
    assert finding.mend == ("" if level is Level.OK else "free some")


def test_this_machine_has_a_fine_clock_and_its_load_is_known() -> None:
    assert machine.check_clock().level is Level.OK
    assert " on " in machine.check_load().detail
