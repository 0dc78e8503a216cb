"""A file of whatever origin: each part is what the manifest says, and a value; else it is named."""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nas_service.domain.entities import Artifact
from nas_service.domain.errors import DatasetError, SpecError
from nas_service.domain.exchange import FILES, MANIFEST, ROWS, KeptFile
from nas_service.exchange.reading import read_search
from nas_service.exchange.writing import writing
from tests.support.exchanged import rewritten
from tests.support.values import NOW, a_candidate, a_search

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SEARCH = a_search(id="search-0")
CANDIDATE = a_candidate(
    SEARCH, id="candidate-0", finished_at=NOW, recipe=("distill", {"quantize-int8": {"share": 0.5}})
)
KEPT = KeptFile(CANDIDATE.id, "bundle.zip", Artifact(SHA256, len(CONTENT), "application/zip"))


def _written(to: Path) -> Path:
    rows: dict[str, list[Any]] = {"search.jsonl": [SEARCH], "candidates.jsonl": [CANDIDATE], "files.jsonl": [KEPT]}
    content = to.with_name("content")
    content.write_bytes(CONTENT)
    with writing(to) as writer:
        writer.add_rows((name, rows.get(name, [])) for name in ROWS)
        writer.add_files({SHA256}, lambda _: content)
    return to


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A search with one candidate and one artifact."""
    return _written(tmp_path / "search.zip")


def test_values_are_read_as_they_were_written(file: Path, tmp_path: Path) -> None:
    with read_search(file) as arrived:
        assert list(arrived.rows("search.jsonl")) == [SEARCH]
        assert list(arrived.rows("candidates.jsonl")) == [CANDIDATE]
        assert list(arrived.rows("files.jsonl")) == [KEPT]
        assert list(arrived.rows("events.jsonl")) == []
        assert (arrived.sha256s, arrived.file_bytes) == ({SHA256}, len(CONTENT))
        assert arrived.copy(SHA256, tmp_path / "copy").read_bytes() == CONTENT


def test_the_same_search_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    assert _written(tmp_path / "again.zip").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("part", ["search.jsonl", "events.jsonl", FILES + SHA256])
def test_a_part_that_was_changed_is_named(file: Path, tmp_path: Path, part: str) -> None:
    changed = rewritten(file, tmp_path / "changed.zip", part, b"{}", honest=False)
    with pytest.raises(SpecError, match=f"^{part}: its content is not what the manifest says"), read_search(changed):
        pass


def test_a_flipped_bit_is_named(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(CONTENT)] ^= 1
    file.write_bytes(content)
    with pytest.raises(SpecError, match=f"^{FILES}{SHA256}: it is damaged in the zip"), read_search(file):
        pass


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("search.jsonl", b"{]", "search.jsonl:1: it is no line of JSON"),
        ("search.jsonl", b'{"id": NaN}', "search.jsonl:1: it is no line of JSON"),
        ("candidates.jsonl", b'{"id": "candidate-0"}', "candidates.jsonl:1: search_id: Field required"),
        ("files.jsonl", b'{"candidate_id": "a", "name": "../a", "artifact": {}}', "files.jsonl:1: name: String should"),
    ],
)
def test_a_line_that_is_no_value_is_named_with_its_number(
    file: Path, tmp_path: Path, part: str, content: bytes, message: str
) -> None:
    changed = rewritten(file, tmp_path / "changed.zip", part, content, honest=True)
    with read_search(changed) as arrived, pytest.raises(SpecError, match=f"^{message}"):
        list(arrived.rows(part))


@pytest.mark.parametrize("part", [f"{FILES}{'0' * 64}", "notes.txt"])
def test_a_part_of_another_name_is_refused_even_if_the_manifest_knows_it(file: Path, tmp_path: Path, part: str) -> None:
    for honest in (True, False):
        changed = rewritten(file, tmp_path / "changed.zip", part, b"more", honest=honest)
        with pytest.raises(SpecError, match=f"^{part}: it is no part"), read_search(changed):
            pass


def test_a_later_format_asks_for_an_update(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(tmp_path / "later.zip", "w") as new:
        new.writestr(MANIFEST, old.read(MANIFEST).replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(SpecError, match=r"^manifest.json: format 2 was written by version .* update"):
        read_search(tmp_path / "later.zip").__enter__()


def test_other_files_are_told_from_exports(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_bytes(b"no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.png", b"")
    for name in ("text.zip", "other.zip"):
        with pytest.raises(SpecError, match="no exported search"), read_search(tmp_path / name):
            pass


def test_a_zip_that_is_unsafe_is_refused_before_it_is_read(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../outside", b"")
    with pytest.raises(DatasetError, match="leads through"), read_search(file):
        pass
