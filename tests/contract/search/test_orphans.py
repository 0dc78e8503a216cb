"""Studies go with their searches, and no others."""

import optuna
import pytest
from optuna.storages._rdb import models
from sqlalchemy import Engine, NullPool, func, select

from nas_service.domain.outcome import Outcome, OutcomeState
from nas_service.domain.spec import DatasetSpec, SearchSpec
from nas_service.search.orphans import delete_orphans
from nas_service.store.engine import for_writing
from nas_service.store.migrate import upgrade
from tests.contract.search.conftest import StudyUnderTest


@pytest.fixture
def study(engine: Engine) -> StudyUnderTest:
    """Our study, whose search does not exist."""
    return StudyUnderTest(engine, SearchSpec(dataset=DatasetSpec(name="digits")))


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in models.BaseModel.metadata.sorted_tables
            if table.name != "version_info"
        }


def test_a_study_without_a_search_is_deleted_whole_and_a_strangers_study_stays(study: StudyUnderTest) -> None:
    engine = study.engine
    upgrade(engine)
    storage = optuna.storages.RDBStorage(
        engine.url.render_as_string(hide_password=False), engine_kwargs={"poolclass": NullPool}
    )
    stranger = optuna.create_study(study_name="a stranger's", storage=storage)
    stranger.add_trial(optuna.create_trial(value=1.0))
    before = rows(engine)
    memory = study.load()
    with study.transaction() as connection:
        draft = memory.propose()
        trial = memory.record(connection, draft, 0, {"why": "test"})
        memory.tell(connection, trial, Outcome(OutcomeState.FAILED))
    with for_writing(engine.connect()) as connection, connection.begin():
        assert delete_orphans(connection) == 1
        assert delete_orphans(connection) == 0
    after = rows(engine)
    assert after["studies"] == before["studies"] - 1 == 1
    assert after["trials"] == before["trials"] == 1
    assert after["trial_params"] == after["trial_user_attributes"] == 0
