"""Does the machine have the room, the clock and the quiet that a search needs?"""

import os
import shutil
import socket
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

from nas_service.cli.doctor.finding import Finding, fail, ok, warn

GIB = 2**30
OLDEST_SQLITE = (3, 35)
"""The first that returns rows from an UPDATE, which claiming work relies on."""


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the closest one above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())


def check_home(home: Path) -> Finding:
    """Searches can be written below the home folder."""
    folder = nearest_folder(home)
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        return fail("home", f"{home} cannot be written ({error.strerror})", "set NAS_HOME to a folder of yours")
    return ok("home", str(home.absolute()))


def check_sqlite(home: Path) -> Finding:
    """SQLite is new enough, and the home's file system carries its write-ahead log."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return fail("sqlite", sqlite3.sqlite_version, "use a Python built with SQLite 3.35 or newer")
    try:
        with (
            tempfile.TemporaryDirectory(dir=nearest_folder(home)) as folder,
            closing(sqlite3.connect(Path(folder) / "probe.db")) as connection,
        ):
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except (OSError, sqlite3.Error) as error:
        return fail("sqlite", f"no database can be made in {home}: {error}", "set NAS_HOME to a folder of yours")
    if mode != "wal":
        mend = "set NAS_HOME to a local disk: network file systems cannot share a write-ahead log"
        return fail("sqlite", f"no write-ahead log in {home} (journal mode {mode})", mend)
    return ok("sqlite", f"{sqlite3.sqlite_version} with a write-ahead log")


def check_disk(home: Path) -> Finding:
    """Room for checkpoints and bundles."""
    free = shutil.disk_usage(nearest_folder(home)).free
    mend = "free some space, or set NAS_HOME to a larger disk"
    return _check_room("disk", free, needed=GIB / 4, comfortable=2 * GIB, mend=mend)


def check_memory() -> Finding:
    """Room for a worker, which holds torch and a data set."""
    mend = "close other programs, or set NAS_WORKERS=1"
    return _check_room("memory", psutil.virtual_memory().available, needed=GIB / 2, comfortable=2 * GIB, mend=mend)


def _check_room(name: str, free: float, *, needed: float, comfortable: float, mend: str) -> Finding:
    detail = f"{free / GIB:.1f} GiB free"
    if free < needed:
        return fail(name, detail, mend)
    return warn(name, detail, mend) if free < comfortable else ok(name, detail)


def check_port(host: str, port: int, *, ours: bool) -> Finding:
    """The service's port can be taken, or our own service has it."""
    if ours:
        return ok("port", f"{port} serves this home")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            mend = "set NAS_PORT to a free one, for example NAS_PORT=0 for any"
            return warn("port", f"{host}:{port} cannot be taken ({error.strerror})", mend)
    return ok("port", f"{port} is free")


def check_clock() -> Finding:
    """The clock that latencies are read from is steady and fine, and the date is a plausible one."""
    clock = time.get_clock_info("perf_counter")
    if not clock.monotonic or clock.resolution > 1e-6:
        detail = f"ticks of {clock.resolution * 1e6:.1f} us"
        return warn("clock", detail, "latencies below a tenth of a millisecond will be coarse on this machine")
    if time.time() < Path(__file__).stat().st_mtime:
        return warn("clock", "the date lies before this installation", "set the machine's clock, for example by NTP")
    return ok("clock", f"steady, ticks of {clock.resolution * 1e9:.0f} ns")


def check_load() -> Finding:
    """The machine is quiet enough to time networks on it."""
    cores = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count() or 1
    load = psutil.getloadavg()[0]
    detail = f"{load:.1f} on {cores} cores over the last minute"
    if load > cores:
        return warn("load", detail, "end other heavy programs: latencies measured beside them are noisy")
    return ok("load", detail)
