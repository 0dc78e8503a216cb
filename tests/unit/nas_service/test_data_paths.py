"""File data sets stay below the roots, whatever path or link is tried."""

from pathlib import Path

import pytest

from nas_service.data_paths import resolve_below, walk_files
from nas_service.domain.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.png").write_bytes(b"x")
    (tmp_path / "root" / "photos").mkdir(parents=True)
    return tmp_path / "root"


def test_relative_and_absolute_paths_below_a_root_are_found(root: Path) -> None:
    assert resolve_below("photos", [root]) == root / "photos"
    assert resolve_below(str(root / "photos"), [root]) == root / "photos"
    assert resolve_below("photos", [root.parent / "secret", root]) == root / "photos"


@pytest.mark.parametrize("name", ["../secret", "photos/../../secret", "/", "/etc", "../root-elsewhere"])
def test_paths_that_lead_outside_are_refused_whether_they_exist_or_not(root: Path, name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        resolve_below(name, [root])
    assert caught.value.problem == "path-outside-roots"
    assert caught.value.where == name


def test_a_link_that_leads_outside_is_refused(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    with pytest.raises(DatasetError) as caught:
        resolve_below("link", [root])
    assert caught.value.problem == "path-outside-roots"


def test_a_root_that_is_itself_a_link_is_followed(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    assert resolve_below("photos", [root.parent / "alias"]) == root / "photos"


def test_a_missing_folder_is_named_with_its_nearest_neighbour(root: Path) -> None:
    with pytest.raises(DatasetError, match="did you mean photos") as caught:
        resolve_below("photo", [root])
    assert caught.value.problem == "not-found"


@pytest.mark.parametrize("name", ["", "a\0b", "~nobody-of-this-name/x.npz"])
def test_what_is_no_path_is_not_found(root: Path, name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        resolve_below(name, [root])
    assert caught.value.problem == "not-found"


def test_without_roots_nothing_is_read() -> None:
    with pytest.raises(DatasetError) as caught:
        resolve_below("photos", [])
    assert caught.value.problem == "no-data-roots"


def test_links_inside_the_root_are_followed_and_hidden_files_left_out(root: Path) -> None:
    (root / "photos" / "a.png").write_bytes(b"a")
    (root / "photos" / ".hidden.png").write_bytes(b"a")
    (root / "picked").mkdir()
    (root / "picked" / "b.png").symlink_to(root / "photos" / "a.png")
    (root / "picked" / "more").symlink_to(root / "photos")
    found = [path.relative_to(root).as_posix() for path in walk_files(root / "picked", [root])]
    assert found == ["picked/b.png", "picked/more/a.png"]


@pytest.mark.parametrize("target", ["../../secret", "../../secret/key.png"])
def test_a_link_out_of_the_folder_is_refused_by_name(root: Path, target: str) -> None:
    (root / "photos" / "escape").symlink_to(target)
    with pytest.raises(DatasetError, match="photos/escape") as caught:
        list(walk_files(root / "photos", [root]))
    assert caught.value.problem == "path-outside-roots"


def test_a_loop_of_links_ends_with_a_named_error(root: Path) -> None:
    (root / "photos" / "again").symlink_to(root / "photos")
    with pytest.raises(DatasetError) as caught:
        list(walk_files(root / "photos", [root]))
    assert caught.value.problem == "folders-too-deep"


def test_a_link_to_itself_is_passed_over(root: Path) -> None:
    (root / "photos" / "self").symlink_to(root / "photos" / "self")
    assert list(walk_files(root / "photos", [root])) == []
