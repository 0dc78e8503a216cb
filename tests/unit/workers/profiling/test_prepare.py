"""What a runtime compiles is made in a process that leaves nothing behind, however it ends.

Whole compilations, which take a while, stand in tests/contract/runtimes.
"""

import os
from pathlib import Path

import psutil
import pytest

from nas_service.domain.errors import PermanentError, RetryableError
from workers.profiling import prepare
from workers.profiling.prepare import CompilationFailedError, CompilerDiedError, Prepared, packages_dir, prepared
from workers.profiling.runtimes import RUNTIMES

COMPILING = RUNTIMES["torch-compile"]

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt2"
    path.write_bytes(b"not a program")
    return path


def compilers() -> list[psutil.Process]:
    """Compiling processes below this one."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "workers.profiling.compile" in child.cmdline()]


class CancelledError(Exception):
    """What a caller raises to abandon a compilation."""


def test_a_runtime_that_compiles_nothing_loads_the_file_itself(model: Path) -> None:
    assert prepared(RUNTIMES["onnxruntime"], model, 1, lambda: None) == Prepared(model, None)
    assert not packages_dir().exists()


def test_a_file_that_cannot_be_compiled_is_refused_for_good_and_nothing_is_kept(model: Path) -> None:
    with pytest.raises(CompilationFailedError, match="model.pt2 is no exported torch program") as caught:
        prepared(COMPILING, model, 1, lambda: None)
    assert isinstance(caught.value, PermanentError)
    assert os.listdir(packages_dir()) == []
    assert packages_dir().stat().st_mode & 0o777 == 0o700, "what lies there is executed"


def test_an_abandoned_compilation_leaves_no_process_and_no_file(model: Path) -> None:
    seen: list[psutil.Process] = []

    def cancel() -> None:
        seen.extend(compilers())
        raise CancelledError

    with pytest.raises(CancelledError):
        prepared(COMPILING, model, 1, cancel)
    assert seen
    assert not any(process.is_running() for process in seen)
    assert os.listdir(packages_dir()) == []


def test_a_killed_compiler_may_be_tried_again(model: Path) -> None:
    def kill() -> None:
        for compiler in compilers():
            compiler.kill()

    with pytest.raises(CompilerDiedError, match="exit status -9") as caught:
        prepared(COMPILING, model, 1, kill)
    assert isinstance(caught.value, RetryableError)


def test_a_compilation_beyond_its_limit_is_ended(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LIMIT_S", 0.0)
    with pytest.raises(CompilerDiedError, match="not compiled after 0 s"):
        prepared(COMPILING, model, 1, lambda: None)
    assert compilers() == []


def test_without_a_compiler_the_runtime_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    reason = COMPILING.missing()
    assert reason is not None
    assert reason.endswith("install it with: apt-get install g++")
