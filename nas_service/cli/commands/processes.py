"""Commands that are the service, or parts of it."""

import os
import subprocess
import sys
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.machine import check_port
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.home_service import HomeService, find_service
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.options import JsonOption
from nas_service.cli.output import Output
from nas_service.dispatch.messages import CONTROL_QUEUE
from nas_service.settings import Settings

LOOK_S = 0.5

InsecureOption = Annotated[
    bool, typer.Option("--insecure", help="Serve without API keys on an address that other machines can reach.")
]


def up(ctx: typer.Context, insecure: InsecureOption = False, as_json: JsonOption = False) -> None:
    """Run the service and its workers in the foreground. Ctrl-C stops all of it; searches go on at the next start."""
    settings = Settings()
    running = find_service(settings.home)
    if running is not None:
        raise CliError(f"a service for {settings.home} runs already at {running}", ExitCode.USAGE)
    port = check_port(settings.host, settings.port, ours=False)
    if port.level is not Level.OK:
        raise CliError(f"port {port.detail}; {port.mend}")
    with Interrupts() as interrupts, HomeService(settings.home, _only_if(insecure)) as service:
        url = service.start()
        _announce(ctx.obj, settings, service, url)
        while not interrupts.requested and not service.has_ended:
            interrupts.sleep(LOOK_S)
        if service.has_ended:
            raise CliError(f"the service ended by itself; see {service.log}")
        ctx.obj.note("stopping")


def _announce(output: Output, settings: Settings, service: HomeService, url: str) -> None:
    facts = {"url": url, "docs_url": f"{url}/docs", "workers": settings.worker_count, "logs": str(service.log.parent)}
    lines = [
        f"service  {facts['url']}",
        f"docs     {facts['docs_url']}",
        f"workers  {facts['workers']}",
        f"logs     {facts['logs']}",
        "Ctrl-C stops it",
    ]
    output.show(facts, Text("\n".join(lines)))


def migrate(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Bring the database to the newest schema."""
    done = subprocess.run([sys.executable, "-m", "nas_service.migrate"], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CliError(f"the database could not be migrated: {reason}; check NAS_DATABASE_URL with `nas doctor`")
    ctx.obj.show({"migrated": True}, Text("the database is up to date"))


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on, instead of NAS_HOST.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Instead of NAS_PORT.")] = None,
    insecure: InsecureOption = False,
) -> None:
    """Run the API alone, configured by the environment; workers run elsewhere."""
    given = {"NAS_HOST": host, "NAS_PORT": port}
    environment = {name: str(value) for name, value in given.items() if value is not None}
    _become("nas_service.api", environment | _only_if(insecure))


def _only_if(insecure: bool) -> dict[str, str]:
    return {"NAS_INSECURE": "1"} if insecure else {}


def worker(
    queues: Annotated[
        str | None,
        typer.Option("--queues", help="What to serve, instead of NAS_QUEUES: `train`, `profile.DEVICE`, or both."),
    ] = None,
) -> None:
    """Run workers alone, configured by the environment: one process, or with a broker a pool of NAS_WORKERS."""
    settings = Settings() if queues is None else Settings(queues=queues)
    environment = {"NAS_QUEUES": ",".join(settings.queues)}
    if settings.broker_url:
        _become_celery(environment)
    _become("workers.worker", environment)


def agent(
    server: Annotated[str, typer.Option("--server", envvar="NAS_URL", help="The service, as in https://HOST.")],
    device: Annotated[
        str, typer.Option("--device", envvar="NAS_DEVICE", help="What targets call the device that this runs on.")
    ],
    token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="NAS_TOKEN", help="API key; better in NAS_TOKEN, where no process list shows it."
        ),
    ] = None,
) -> None:
    """Serve the timings of a device that reaches the service over HTTP alone."""
    given = {"NAS_URL": server, "NAS_DEVICE": device, "NAS_TOKEN": token}
    _become("workers.agent", {name: value for name, value in given.items() if value is not None})


def control() -> None:
    """Run control alone, configured by the environment: it decides what searches do next."""
    if Settings().broker_url:
        _become_celery({"NAS_QUEUES": CONTROL_QUEUE})
    _become("workers.control", {})


def _become_celery(environment: dict[str, str]) -> NoReturn:
    # Several workers of one machine need different names; gossip and mingle keep workers in touch for nothing.
    name = f"nas-{os.getpid()}@%h"
    celery = ["--app", "workers.celery_app", "--quiet", "worker", "--hostname", name, "--loglevel", "WARNING"]
    _become("celery", environment, *celery, "--without-gossip", "--without-mingle")


def _become(module: str, environment: dict[str, str], *arguments: str) -> NoReturn:
    """Replace this process, so that signals and exit codes of a container reach the service itself."""
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], {**os.environ, **environment})
