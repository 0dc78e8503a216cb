"""What goes wrong on the command line, and the exit codes that say so.

0 success, 1 a search or check failed, 2 bad usage or spec, 130 stopped by Ctrl-C.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends."""

    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class CliError(Exception):
    """A command cannot go on. The message says what is wrong and what to do."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
