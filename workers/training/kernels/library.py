"""Compile the C kernels for this machine's processor, once, and load them."""

import ctypes
import functools
import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch

SOURCES = [Path(__file__).with_name(name) for name in ("batch_norm.c", "depthwise.c")]
FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-lm"]
COMPILE_TIMEOUT_S = 120

_POINTER, _LONG, _INT, _FLOAT = ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_float
SIGNATURES = {
    "batch_norm_forward": [_POINTER] * 8 + [_LONG, _LONG, _FLOAT, _FLOAT, _INT],
    "batch_norm_backward": [_POINTER] * 9 + [_LONG, _LONG, _INT],
    "depthwise_weight_gradient": [_POINTER] * 3 + [_LONG] * 6,
}


class KernelLibrary(ctypes.CDLL):
    """The compiled C functions. A copy of a network that holds it shares it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "KernelLibrary":
        return self


log = logging.getLogger(__name__)


@functools.cache
def kernel_library(cache_dir: Path | None) -> KernelLibrary | None:
    """The compiled kernels, kept in `cache_dir` for the next process; None where they cannot be compiled."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        log.warning("no C compiler found: training runs without the fast kernels, at about half the speed")
        return None
    if cache_dir is None:
        with tempfile.TemporaryDirectory() as folder:
            return _load(_compiled(compiler, Path(folder)))
    cache_dir.mkdir(parents=True, exist_ok=True)
    return _load(_compiled(compiler, cache_dir))


def _compiled(compiler: str, folder: Path) -> Path | None:
    path = folder / f"kernels-{_identity(compiler)}.so"
    if path.exists():
        return path
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    command = [compiler, *map(str, SOURCES), *FLAGS, "-o", str(beside)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or error
        log.warning("the fast kernels do not compile, training runs without them: %s", detail)
        return None
    os.replace(beside, path)
    return path


def _identity(compiler: str) -> str:
    """Changes with all that the machine code depends on."""
    parts = [compiler, *FLAGS, json.dumps(dict(torch.cpu.get_capabilities()), sort_keys=True)]
    content = b"\0".join([source.read_bytes() for source in SOURCES] + [part.encode() for part in parts])
    return hashlib.sha256(content).hexdigest()[:16]


def _load(path: Path | None) -> KernelLibrary | None:
    if path is None:
        return None
    library = KernelLibrary(str(path))
    for name, arguments in SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, None
    return library
