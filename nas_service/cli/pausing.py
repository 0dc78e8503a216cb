"""Pauses a search and waits until no worker is busy with it."""

import time

from nas_service.client import Client, ClientError
from nas_service.domain.states import WorkStatus
from nas_service.wire.searches import SearchDetail

LET_GO_TIMEOUT_S = 15.0
POLL_S = 0.2
CONFLICT = 409


def pause_and_wait(client: Client, search_id: str) -> SearchDetail:
    """Pause; returns the search once its workers have put their work down, or as it ended just before."""
    try:
        search = client.pause(search_id)
    except ClientError as error:
        if error.problem.status != CONFLICT:
            raise
        return client.get(search_id)
    end_s = time.monotonic() + LET_GO_TIMEOUT_S
    while any(work.status is WorkStatus.LEASED for work in search.work) and time.monotonic() < end_s:
        time.sleep(POLL_S)
        search = client.get(search_id)
    return search
