"""Anything dies, stands still or forgets while four Celery processes search: every candidate is there exactly once."""

import random
from pathlib import Path

import pytest

from tests.support import ServiceMissingError
from tests.support.disturbed import Plan, four_workers, run
from tests.support.redis import own_redis
from tests.support.strikes import Strike
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.postgres]

SEED = 7
CANDIDATES = 16
EACH = (Strike.BROKER, Strike.BROKER, Strike.API, Strike.DATABASE, Strike.LATE, Strike.POOL, Strike.CONTROL)
KILLS = (Strike.PROCESS,) * 3


def shuffled(strikes: tuple[Strike, ...]) -> list[Strike]:
    return random.Random(SEED).sample(strikes, len(strikes))


def left_behind(folder: Path) -> list[Path]:
    """Temporary files but for those of libraries: caches, and an empty folder of each Celery parent that was killed."""
    return [path for path in folder.iterdir() if path.name.startswith(("nas-", "tmp"))]


@pytest.mark.timeout(600)
def test_a_search_survives_all_that_may_happen_to_it(postgres_url: str, cache: Path, tmp_path: Path) -> None:
    plan = Plan(candidates=CANDIDATES, during=shuffled(EACH + KILLS), at_the_end=(Strike.PROCESS,), seed=SEED)
    try:
        with own_redis() as broker:
            with four_workers(postgres_url, broker, tmp_path / "home", cache) as (service, url):
                found = run(service, url, broker, plan)
            assert len(found.strikes) == len(plan.during) + len(plan.at_the_end)
            assert found.refused >= 1
            wait_for(lambda: not service.left_over(), "the end of all processes")
            assert left_behind(tmp_path / "home" / "tmp") == []
    except ServiceMissingError as error:
        pytest.skip(str(error))
