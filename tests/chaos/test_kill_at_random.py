"""Kill -9 of any process at any moment: the search goes on, and every candidate is accounted for exactly once."""

import os
import random
import time

import psutil
import pytest

from nas_service.domain.states import SearchStatus
from tests.support.accounts import check_accounts
from tests.support.service import API, CONTROL, WORKER, RunningService
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

SUPERVISOR = "supervisor"
VICTIMS = (WORKER, WORKER, WORKER, CONTROL, CONTROL, API, SUPERVISOR)
"""Workers more often than others: they hold most of what can be lost."""
KILLS = 10
SEEDS = range(int(os.environ.get("NAS_TEST_CHAOS_SEARCHES", "1")))
CANDIDATES = 12
LONGEST_PAUSE_S = 1.5
KILLS_A_CANDIDATE = 2
"""At most, on average: what dies three times in one piece of work has failed, and a slow machine starts slowly."""
SEARCH_TIMEOUT_S = 480.0


def kill(service: RunningService, victim: str, rng: random.Random) -> bool:
    """Kill one process of this kind. False where none is alive just now, for the last kill was a moment ago."""
    if victim == SUPERVISOR:
        service.kill()
        service.start()
        return True
    alive = service.processes(victim)
    if not alive:
        return False
    try:
        rng.choice(alive).kill()
    except psutil.NoSuchProcess:
        return False
    return True


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_search_survives_ten_kills(service: RunningService, seed: int) -> None:
    rng = random.Random(seed)
    search = service.client.submit(
        tiny_search(budget={"candidates": CANDIDATES}, training={"epochs": 8, "precision": "fp32"}, seed=seed)
    )
    kills: list[str] = []
    while len(kills) < KILLS and not service.client.get(search.id).is_over:
        enough = len(kills) // KILLS_A_CANDIDATE
        wait_for(lambda n=enough: service.client.get(search.id).candidate_count >= n, "the search to get on")
        strike_at = time.monotonic() + rng.uniform(0, LONGEST_PAUSE_S)
        wait_for(lambda at=strike_at: time.monotonic() >= at, "the next strike")
        victim = rng.choice(VICTIMS)
        if kill(service, victim, rng):
            kills.append(victim)
    assert len(kills) == KILLS, f"the search was over after {kills}: make it longer"
    ended = service.client.wait(search.id, poll_s=0.3, timeout_s=SEARCH_TIMEOUT_S)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    check_accounts(service.store, search.id, CANDIDATES)
    wait_for(lambda: not list((service.home / "checkpoints").glob("*")), "checkpoints to be removed")
    assert "locked" not in service.logs()
