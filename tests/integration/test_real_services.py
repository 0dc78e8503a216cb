"""The services that other tests stand on are real, fresh and apart from each other."""

import subprocess
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text

from tests.support.postgres import PostgresServer


@pytest.mark.postgres
def test_postgres_is_a_supported_version(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    engine.dispose()
    assert version >= 140000


@pytest.mark.postgres
def test_databases_of_two_tests_never_see_each_other(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as first, postgres_server.database() as second:
        writer, reader = create_engine(first), create_engine(second)
        with writer.begin() as connection:
            connection.execute(text("CREATE TABLE kept (id int)"))
        with reader.connect() as connection:
            assert connection.execute(text("SELECT to_regclass('kept')")).scalar_one() is None
        writer.dispose()
        reader.dispose()


def test_redis_gives_streams_and_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.xadd("events", {"kind": "started"})
        assert client.xlen("events") == 1


@pytest.mark.browser
def test_chromium_runs(chromium: Path) -> None:
    shown = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert "Chrom" in shown.stdout
