"""The name of a data set says how it is read."""

import pytest

from nas_service.domain.dataset_name import parse_dataset_name
from nas_service.domain.entities import new_id
from nas_service.domain.errors import DatasetError


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("digits", ("digits", "")),
        ("npz:a/b.npz", ("npz", "a/b.npz")),
        ("imagefolder:dataset-1", ("imagefolder", "dataset-1")),
        ("dataset-3f2a9c1b7d4e", ("dataset", "dataset-3f2a9c1b7d4e")),
    ],
)
def test_forms_are_told_apart(name: str, read: tuple[str, str]) -> None:
    assert parse_dataset_name(name) == read


def test_every_id_that_is_given_out_can_be_named() -> None:
    dataset_id = new_id("dataset")
    assert parse_dataset_name(dataset_id) == ("dataset", dataset_id)


@pytest.mark.parametrize("name", ["", "dataset", "dataset-", "dataset-UPPER", "dataset:1", "digits:", "npz", "cifar"])
def test_other_names_are_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(DatasetError, match="did you mean|use one of"):
        parse_dataset_name(name)
