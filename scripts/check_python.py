"""Say, before anything is installed, what this Python lacks. Written so that any Python 3 can parse it."""

import sys

MENDS = {
    "ensurepip": "On Debian and Ubuntu: apt-get install python3-venv",
    "venv": "On Debian and Ubuntu: apt-get install python3-venv",
    "sqlite3": "Rebuild Python with the SQLite headers installed, or use your system's python3",
    "ssl": "Rebuild Python with the OpenSSL headers installed, or use your system's python3",
}


def main() -> None:
    """Exit with the reason and the mend, or quietly."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is what tells owners of an older one)
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            "error: Python 3.11 or newer is needed, and %s is %s." % (sys.executable, found)  # noqa: UP031
            + " Name a newer one: make PYTHON=/path/to/python3.11"
        )
    for module, mend in MENDS.items():
        try:
            __import__(module)
        except ImportError:
            sys.exit("error: %s lacks the module %s. %s." % (sys.executable, module, mend))  # noqa: UP031


if __name__ == "__main__":
    main()
