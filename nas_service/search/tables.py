"""Optuna's own tables, and the space as its distributions."""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution
from optuna.storages._rdb import models
from sqlalchemy import Table

STUDIES: Table = models.StudyModel.__table__
DIRECTIONS: Table = models.StudyDirectionModel.__table__
STUDY_ATTRS: Table = models.StudySystemAttributeModel.__table__
TRIALS: Table = models.TrialModel.__table__
PARAMS: Table = models.TrialParamModel.__table__
VALUES: Table = models.TrialValueModel.__table__
SYSTEM_ATTRS: Table = models.TrialSystemAttributeModel.__table__
USER_ATTRS: Table = models.TrialUserAttributeModel.__table__

Space = Mapping[str, BaseDistribution]
"""Choice name to its options."""

REVISION = "nas:revision"
"""Study attribute that changes with every write to the study, so that memories elsewhere see that there is news."""
