"""One study held in memory, as the storage that Optuna's samplers read.

Unlike Optuna's `InMemoryStorage` it keeps the database's trial ids (the genetic samplers remember parents by id),
lets go of drafts that were rejected, and takes trials in without copying them deeply.
"""

import copy
import itertools
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any, NoReturn

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

_STUDY_ID = 0


class MemoryStorage(BaseStorage):
    """Trials in order of arrival, by a number of their own; stored trials are never changed, only replaced.

    Drafts have negative trial ids until they are adopted under the id that the database gave them.
    """

    def __init__(self, study_name: str, directions: Sequence[StudyDirection]) -> None:
        self._study_name = study_name
        self._directions = list(directions)
        self._study_system_attrs: dict[str, Any] = {}
        self._trials: dict[int, FrozenTrial] = {}
        self._numbers: dict[int, int] = {}
        self._next_number = 0

    # What the search memory needs beyond Optuna's interface.

    def put(self, trial: FrozenTrial) -> None:
        """Take in a trial read from the database, in place of what is known under its id."""
        number = self._numbers.get(trial._trial_id)
        if number is None:
            number = self._next_number
            self._next_number += 1
        trial.number = number
        self._trials[number] = trial
        self._numbers[trial._trial_id] = number

    def by_number(self, number: int) -> FrozenTrial:
        """Raises KeyError for a draft that was dropped, or whose record was rolled back."""
        return self._trials[number]

    def knows(self, trial_id: int) -> bool:
        """Whether a trial with this id is held."""
        return trial_id in self._numbers

    def forget(self, trial_id: int) -> None:
        """Remove a trial, if it is held."""
        number = self._numbers.pop(trial_id, None)
        if number is not None:
            del self._trials[number]

    def adopt(self, number: int, trial_id: int) -> None:
        """The draft has become a trial of the database."""
        trial = copy.copy(self._trials[number])
        del self._numbers[trial._trial_id]
        trial._trial_id = trial_id
        self._trials[number] = trial
        self._numbers[trial_id] = number

    def running_ids(self) -> set[int]:
        """Ids of the recorded trials that were not told yet."""
        return {t._trial_id for t in self._trials.values() if t.state is TrialState.RUNNING and t._trial_id > 0}

    def recorded_count(self) -> int:
        """Trials that are in the database."""
        return sum(trial_id > 0 for trial_id in self._numbers)

    def replace_study_system_attrs(self, attrs: dict[str, Any]) -> None:
        """Take in the study's system attributes as the database has them."""
        self._study_system_attrs = attrs

    # Optuna's interface, as far as samplers and ask/tell use it.

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial = template_trial or FrozenTrial(
            number=-1,
            trial_id=-1,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=datetime.now(),
            datetime_complete=None,
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )
        trial._trial_id = -1 - self._next_number
        self.put(trial)
        return trial._trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Raises KeyError for a trial that is not held."""
        return self._trials[self._numbers[trial_id]]

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return self._trials[trial_number]._trial_id

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = list(self._trials.values())
        if states == (TrialState.WAITING,):
            # Each proposal begins with this question; a given draft waits only until it is asked for, right away.
            trials = list(itertools.islice(reversed(self._trials.values()), 1))
        if states is not None:
            trials = [t for t in trials if t.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        trial = self.get_trial(trial_id)
        value = distribution.to_external_repr(param_value_internal)
        self._replace(
            trial_id,
            params={**trial.params, param_name: value},
            distributions={**trial.distributions, param_name: distribution},
        )

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._replace(trial_id, system_attrs={**self.get_trial(trial_id).system_attrs, key: value})

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        if state is TrialState.RUNNING:
            self._replace(trial_id, state=state, datetime_start=datetime.now())
        else:
            self._replace(trial_id, state=state, values=values, datetime_complete=datetime.now())
        return True

    def _replace(self, trial_id: int, **changes: Any) -> None:
        trial = copy.copy(self.get_trial(trial_id))
        for name, value in changes.items():
            setattr(trial, name, value)
        self._trials[self._numbers[trial_id]] = trial

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._study_system_attrs

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._study_system_attrs = {**self._study_system_attrs, key: value}

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return {}

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._directions

    def get_study_id_from_name(self, study_name: str) -> int:
        return _STUDY_ID

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._study_name

    # What only users of a whole storage would call.

    def get_all_studies(self) -> NoReturn:
        raise NotImplementedError("this storage is the memory of one study")

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> NoReturn:
        raise NotImplementedError("a study is created in the database, then loaded")

    def delete_study(self, study_id: int) -> NoReturn:
        raise NotImplementedError("a study is deleted in the database")

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> NoReturn:
        raise NotImplementedError("samplers keep nothing in a study's user attributes")

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> NoReturn:
        raise NotImplementedError("samplers keep nothing in a trial's user attributes")

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> NoReturn:
        raise NotImplementedError("learning curves are the service's own: multi-objective studies cannot report")
