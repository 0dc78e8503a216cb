"""Optuna's tables come to be once, however many processes start, and are the ones that Optuna expects."""

import threading
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from sqlalchemy import Engine, NullPool, inspect, text

from nas_service.domain.errors import PermanentError
from nas_service.search.schema import create_tables
from nas_service.store.engine import make_engine


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_optuna_finds_its_schema_complete_and_up_to_date(engine: Engine) -> None:
    kwargs = {"poolclass": NullPool}
    storage = optuna.storages.RDBStorage(_url(engine), engine_kwargs=kwargs, skip_table_creation=True)
    assert storage.get_current_version() == storage.get_head_version()


def test_creating_twice_changes_nothing(engine: Engine) -> None:
    before = inspect(engine).get_table_names()
    create_tables(engine)
    assert inspect(engine).get_table_names() == before
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_those_who_start_together_create_the_tables_once(empty_engine: Engine) -> None:
    engines = [make_engine(_url(empty_engine)) for _ in range(4)]
    barrier = threading.Barrier(len(engines))

    def create(engine: Engine) -> None:
        barrier.wait()
        create_tables(engine)
        engine.dispose()

    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(create, engines))
    with empty_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM version_info")).scalar_one() == 1


def test_tables_of_another_optuna_are_refused_with_the_mend(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v2.6.0.a'"))
    with pytest.raises(PermanentError, match="optuna storage upgrade"):
        create_tables(engine)
