"""Runs the quick form of every script in benchmarks/, one after the other, so that none disturbs another."""

import os
import subprocess
import sys
from pathlib import Path


def scripts(folder: Path) -> list[Path]:
    """The runnable benchmarks: modules that offer a command line, shared helpers left out."""
    return [path for path in sorted(folder.glob("*.py")) if '__name__ == "__main__"' in path.read_text()]


def main() -> None:
    """Run all, even where one fails; exit with the names of those that failed."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    failed = []
    for script in scripts(Path("benchmarks")):
        print(f"\n== {script}", flush=True)
        json_file = out / f"{script.stem}.json"
        command = [sys.executable, str(script), "--quick", "--json", str(json_file)]
        # Those that need whole services take them from tests.support.
        if subprocess.run(command, env=os.environ | {"PYTHONPATH": "."}).returncode != 0:
            failed.append(str(script))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
