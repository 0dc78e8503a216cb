"""Finds every process of a service under test, whoever started it, by a variable that all of them inherit."""

import psutil

MARK = "SERVICE_UNDER_TEST"
"""The harness of timings is given none that begins with NAS_."""


def marked_processes(value: str, module: str = "") -> list[psutil.Process]:
    """All living processes with this mark; with `module` only those that run it."""
    return [process for process in psutil.process_iter() if _is_marked(process, value, module)]


def _is_marked(process: psutil.Process, value: str, module: str) -> bool:
    try:
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.environ().get(MARK) == value
            and (not module or module in process.cmdline())
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
