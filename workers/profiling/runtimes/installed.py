"""Is a package installed? Answered from its metadata, without importing it."""

from importlib.metadata import PackageNotFoundError, version


def is_installed(package: str) -> bool:
    """Whether the package is there, in any version."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def missing_package(package: str, extra: str) -> str | None:
    """Why a runtime of `package` cannot be used and what installs it, or None where it is installed."""
    if is_installed(package):
        return None
    return f"{package} is not installed; install it with: pip install 'nas-service[{extra}]'"
