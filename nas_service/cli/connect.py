"""Which service a command talks to, and which search it means."""

from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.home_service import find_service
from nas_service.client import Client
from nas_service.settings import Settings

LAST = "last"
PREFIX = "search-"
MOST_NAMED = 5


def connect(url: str | None, token: str | None) -> Client:
    """A client for `url`, else for the service that runs for this home. Raises CliError where none does."""
    if url is not None:
        return Client(url, token=token)
    home = Settings().home
    found = find_service(home)
    if found is None:
        raise CliError(f"no service runs for {home}; start one with `nas up`, or name one with --url")
    return Client(found, token=token)


def find_search(client: Client, given: str) -> str:
    """The full id of the search that `given` means: an id, the unique start of one, or `last`.

    Raises CliError where none or several fit.
    """
    if given == LAST:
        newest = next(iter(client.list()), None)
        if newest is None:
            raise CliError("there are no searches yet; submit one with `nas submit SPEC`", ExitCode.USAGE)
        return newest.id
    start = given if given.startswith(PREFIX) else PREFIX + given
    fitting = [search.id for search in client.list() if search.id.startswith(start)]
    if start in fitting:
        return start
    if not fitting:
        raise CliError(f"no search is called {given}; `nas list` shows them all", ExitCode.USAGE)
    if len(fitting) > 1:
        named = ", ".join(fitting[:MOST_NAMED]) + (", ..." if len(fitting) > MOST_NAMED else "")
        raise CliError(f"{given} fits {len(fitting)} searches ({named}); type more of it", ExitCode.USAGE)
    return fitting[0]
