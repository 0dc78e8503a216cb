"""All checks in the order in which one would mend what they find."""

from collections.abc import Iterator

from pydantic import ValidationError

from nas_service.cli.doctor import machine, packages, runtimes, service, shared
from nas_service.cli.doctor.finding import Finding, fail
from nas_service.cli.home_service import find_service
from nas_service.settings import Settings


def findings() -> Iterator[Finding]:
    """Run the checks, each when it is asked for, so that a caller can show them as they come."""
    yield packages.check_python()
    yield from packages.check_packages()
    yield runtimes.check_torch()
    yield from runtimes.check_runtimes()
    try:
        settings = Settings()
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = f"NAS_{'_'.join(map(str, detail['loc'])).upper()}"
            yield fail("settings", f"{name}: {detail['msg']}", f"correct or unset {name}")
        return
    yield from _about(settings)


def _about(settings: Settings) -> Iterator[Finding]:
    url = find_service(settings.home)
    yield machine.check_home(settings.home)
    yield machine.check_sqlite(settings.home)
    yield service.check_schema(settings.resolved_database_url)
    yield service.check_broker(settings.broker_url)
    yield shared.check_files()
    yield from shared.check_workers(settings.resolved_database_url)
    yield service.check_service(url)
    yield service.check_workers(url)
    yield service.check_spaces()
    yield machine.check_port(settings.host, settings.port, ours=url is not None)
    yield machine.check_disk(settings.home)
    yield machine.check_memory()
    yield runtimes.check_pinning()
    yield machine.check_clock()
    yield machine.check_load()
