"""The agent as a process, configured by its environment. It ends with 2 and a sentence where the service refuses it."""

import sys
import threading
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError

from nas_service import logs
from nas_service.client.errors import ClientError
from workers.agent.agent import Agent
from workers.agent.door import Door
from workers.agent.settings import AgentSettings
from workers.stop_signals import set_on_stop

log = structlog.get_logger()

REFUSED = 2
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def main() -> int:
    """Run until told to leave by SIGTERM or SIGINT. Returns the exit status."""
    logs.configure("agent")
    try:
        settings = AgentSettings()
    except ValidationError as error:
        return _refused("; ".join(f"NAS_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))
    address = urlsplit(settings.url)
    if settings.token and address.scheme != "https" and address.hostname not in LOOPBACK:
        log.warning("the key travels unencrypted; put TLS in front of the service and use https", url=settings.url)
    shutdown = threading.Event()
    set_on_stop(shutdown)
    door = Door(settings.url, settings.token.get_secret_value() if settings.token else None)
    agent = Agent(door, settings.device, settings.host_lock_dir, shutdown)
    runtimes = agent.hello.device.runtimes
    if not any(runtime.available for runtime in runtimes.values()):
        return _refused("; ".join(f"{name}: {runtime.reason}" for name, runtime in runtimes.items()))
    try:
        agent.run()
    except ClientError as error:
        return _refused(str(error))
    finally:
        door.close()
    return 0


def _refused(reason: str) -> int:
    sys.stderr.write(f"error: {reason}\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
