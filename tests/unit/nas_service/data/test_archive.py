"""Zips from outside: what their directory says is judged before a byte of them is unpacked."""

import io
import stat
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.data import archive
from nas_service.data.archive import Member, open_archive
from nas_service.domain.errors import DatasetError
from tests.support.archives import write_zip, zipped

DIRECTORY_ENTRY = b"PK\x01\x02"
LOCAL_HEADER = b"PK\x03\x04"


def refusal(content: bytes, folder: Path) -> DatasetError:
    path = folder / "upload"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        open_archive(path)
    return caught.value


def with_entry(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr(info, content)
    return buffer.getvalue()


def patched(content: bytes, offset_in_entry: int, form: str, value: int) -> bytes:
    """A field of the first entry of the directory, overwritten."""
    changed = bytearray(content)
    struct.pack_into(form, changed, changed.index(DIRECTORY_ENTRY) + offset_in_entry, value)
    return bytes(changed)


def test_an_ordinary_zip_is_opened(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cat/": b"", "cat/1.png": b"one", "Hund/Größe 2.png": b"two"})
    with open_archive(path) as opened:
        assert opened.namelist() == ["cat/", "cat/1.png", "Hund/Größe 2.png"]
        assert Member(opened, opened.infolist()[1]).read_bytes() == b"one"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x89PNG\r\n", zipped({"a": b"1"})[:-30]], ids=["empty", "text", "png", "cut off"]
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(content, tmp_path).problem == "not-a-zip"


def test_a_damaged_directory_is_refused(tmp_path: Path) -> None:
    content = zipped({"a/1.png": b"1"}).replace(DIRECTORY_ENTRY, b"PK\x09\x09")
    assert refusal(content, tmp_path).problem == "damaged-zip"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.png",
        "cat/../../outside.png",
        "cat/..",
        "./cat/1.png",
        "cat//1.png",
        "/etc/passwd",
        "//server/share/1.png",
        "C:/windows/1.png",
        "c:1.png",
        "cat\\..\\1.png",
        "cat/1\n.png",
        "cat/\x7f1.png",
    ],
)
def test_names_that_lead_elsewhere_are_refused_by_name(tmp_path: Path, name: str) -> None:
    refused = refusal(zipped({"dog/1.png": b"1", name: b"2"}), tmp_path)
    assert (refused.problem, refused.where) == ("unsafe-name", name)


def test_a_name_with_a_hidden_end_is_refused(tmp_path: Path) -> None:
    """Python's zipfile cuts a name at NUL; others do not."""
    content = zipped({"cat/1.pngX../../x": b"1"}).replace(b"1.pngX", b"1.png\0")
    assert refusal(content, tmp_path).problem == "unsafe-name"


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b.png", "C:", "\\", "/", "~", "\0"]), min_size=1, max_size=5))
def test_no_accepted_name_leads_out_of_a_folder(parts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        info = zipfile.ZipInfo("replaced")
        info.filename = "/".join(parts)  # the constructor would tidy it
        path = Path(folder, "a.zip")
        path.write_bytes(with_entry(info))
        try:
            names = open_archive(path).namelist()
        except DatasetError:
            return
        root = Path(folder, "unpacked")
        assert all((root / name).resolve().is_relative_to(root.resolve()) for name in names)
        assert not any("\\" in name for name in names)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused_by_name(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("cat/1.png")
    info.external_attr = (kind | 0o644) << 16
    refused = refusal(with_entry(info, b"/etc/passwd"), tmp_path)
    assert (refused.problem, refused.where) == ("not-a-regular-file", "cat/1.png")


@pytest.mark.parametrize("flag", [0x1, 0x40 | 0x1])
def test_encrypted_files_are_refused_by_name(tmp_path: Path, flag: int) -> None:
    refused = refusal(patched(zipped({"cat/1.png": b"1"}), 8, "<H", flag), tmp_path)
    assert (refused.problem, refused.where) == ("encrypted-file", "cat/1.png")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 93])
def test_other_compressions_are_refused_by_name(tmp_path: Path, method: int) -> None:
    refused = refusal(patched(zipped({"cat/1.png": b"1"}), 10, "<H", method), tmp_path)
    assert (refused.problem, refused.where) == ("unsupported-compression", "cat/1.png")


@pytest.mark.parametrize("twin", ["cat/1.png", "CAT/1.png", "Cat/2.png", "cat/1.PNG", "cat/stra\u00dfe.png"])
def test_two_spellings_of_one_name_are_refused(tmp_path: Path, twin: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile writes a name twice, but says so
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as written:
            for name in ("cat/1.png", "cat/strasse.png", twin):
                written.writestr(name, b"1")
    assert refusal(content.getvalue(), tmp_path).problem == "duplicate-name"


def test_composed_and_decomposed_letters_are_one_name(tmp_path: Path) -> None:
    refused = refusal(zipped({"caf\u00e9/1.png": b"1", "cafe\u0301/2.png": b"2"}), tmp_path)
    assert refused.problem == "duplicate-name"


def test_a_bomb_is_refused_by_what_it_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SMALL_BYTES", 10_000)
    refused = refusal(zipped({"cat/1.png": b"1", "cat/2.png": bytes(3_000_000)}), tmp_path)
    assert (refused.problem, refused.where) == ("zip-bomb", "cat/2.png")


def test_a_small_zip_may_shrink_as_much_as_it_can(tmp_path: Path) -> None:
    assert open_archive(write_zip(tmp_path / "a.zip", {"x.npy": bytes(3_000_000)})).namelist() == ["x.npy"]


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """The quine of bombs: one packed kernel, listed many times."""
    content = zipped({"cat/1.png": bytes(100)}, zipfile.ZIP_STORED)
    refused = refusal(patched(patched(content, 20, "<I", 10_000), 24, "<I", 10_000), tmp_path)
    assert refused.problem == "zip-bomb"


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    refused = refusal(zipped({f"cat/{number}.png": b"1" for number in range(4)}), tmp_path)
    assert refused.problem == "too-many-files"


def _size_lie(content: bytes) -> bytes:
    """The directory and the file's own header say 10 bytes; it unpacks to a million."""
    changed = bytearray(patched(content, 24, "<I", 10))
    struct.pack_into("<I", changed, changed.index(LOCAL_HEADER) + 22, 10)
    return bytes(changed)


def _flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[changed.index(LOCAL_HEADER) + 60] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("change", [_size_lie, _flipped])
def test_content_that_is_not_what_was_stated_is_damaged(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(change(zipped({"cat/1.png": bytes(1_000_000)})))
    with open_archive(path) as opened, pytest.raises(ValueError, match="damaged in the zip"):
        Member(opened, opened.infolist()[0]).read_bytes()


def test_an_image_file_too_large_to_hold_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 5)
    opened = open_archive(write_zip(tmp_path / "a.zip", {"cat/1.png": b"123456"}))
    with opened, pytest.raises(ValueError, match="6 bytes"):
        Member(opened, opened.infolist()[0]).read_bytes()
