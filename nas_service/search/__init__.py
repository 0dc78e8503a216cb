"""The search memory: Optuna's samplers in memory, Optuna's own tables in our database. Nothing else imports optuna."""

from nas_service.search.create import create_study
from nas_service.search.schema import create_tables
from nas_service.search.study import StudyMemory

__all__ = ["StudyMemory", "create_study", "create_tables"]
