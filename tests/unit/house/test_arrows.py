"""Imports run one way, and the process that decides never loads what only a worker needs."""

import subprocess
import sys

from tests.support.source import PACKAGES, ROOT, imported_names, modules

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import nas_service, search_spaces
for module in pkgutil.walk_packages(nas_service.__path__, "nas_service."):
    importlib.import_module(module.name)
for name in search_spaces.names():
    search_spaces.get(name)
print(*sorted({"torch", "onnx", "onnxruntime", "openvino", "sklearn", "datasets"} & set(sys.modules)))
"""


def test_imports_follow_the_arrows() -> None:
    """In a process of its own: import-linter silences every logger of the process that it runs in."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_service_and_the_search_spaces_load_no_torch_and_no_runtime() -> None:
    """Torch alone costs a process two seconds and hundreds of MiB, and the API needs none."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_EVERYTHING], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_optuna_stays_behind_its_adapter() -> None:
    """Goals, constraints and trial states have one translation; a second import would start a second one."""
    elsewhere = [
        module.at(node)
        for module in modules(*PACKAGES)
        if module.path.parts[:2] != ("nas_service", "search")
        for node in module.nodes()
        for name in imported_names(node)
        if name.split(".")[0] == "optuna"
    ]
    assert elsewhere == []
