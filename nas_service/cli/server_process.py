"""What only a process on the server itself may do, with the database and no service between."""

import json
import subprocess
import sys
from typing import Any

from nas_service.cli.errors import CliError

ERROR = "error: "


def ask(module: str, *arguments: str) -> Any:
    """The document that `python -m MODULE ARGUMENTS` answers. Raises CliError with the reason that it gives."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CliError(reason.removeprefix(ERROR))
    return json.loads(done.stdout)
