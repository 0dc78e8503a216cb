"""Where each field of a spec file stands, and which files are refused before they are looked at."""

from pathlib import Path

import pytest

from nas_service.cli.spec.document import SpecFileError, read_document

SPEC = """\
# A comment takes a line too.
name: lines
dataset:
  name: digits
objectives:
  - metric: accuracy
  - {metric: latency_ms,
     target: 0}
space: {choices: {kernel: [3,
                           5]}}
"""


def write(folder: Path, text: str, name: str = "spec.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(SpecFileError) as caught:
        read_document(path)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines()]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("name",), 2),
        (("dataset",), 3),
        (("dataset", "name"), 4),
        (("objectives", 0), 6),
        (("objectives", 0, "metric"), 6),
        (("objectives", 1, "target"), 8),
        (("space", "choices", "kernel", 1), 10),
    ],
)
def test_a_field_is_found_on_its_line(tmp_path: Path, location: tuple[str | int, ...], line: int) -> None:
    assert read_document(write(tmp_path, SPEC)).line_of(location) == line


@pytest.mark.parametrize(
    ("location", "line"),
    [(("dataset", "split_seed"), 3), (("objectives", 7), 5), (("budget", "candidates"), 2), ((), 2)],
)
def test_a_field_that_is_not_there_is_placed_at_what_encloses_it(
    tmp_path: Path, location: tuple[str | int, ...], line: int
) -> None:
    assert read_document(write(tmp_path, SPEC)).line_of(location) == line


def test_json_with_tabs_is_read_with_its_lines(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, '{\n\t"dataset": {\n\t\t"name": "digits"\n\t}\n}\n', "spec.json"))
    assert document.data == {"dataset": {"name": "digits"}}
    assert document.line_of(("dataset", "name")) == 3


def test_anchors_and_merges_keep_their_lines(tmp_path: Path) -> None:
    text = "dataset: &set\n  name: digits\nspace:\n  <<: *set\n  preset: tiny\n"
    document = read_document(write(tmp_path, text))
    assert document.data["space"] == {"name": "digits", "preset": "tiny"}
    assert document.line_of(("space", "name")) == 2


def test_every_repeated_key_is_refused_with_both_lines(tmp_path: Path) -> None:
    text = "dataset: {name: digits}\nseed: 1\nbudget:\n  minutes: 1\n  minutes: 2\nseed: 2\n"
    assert refusal(write(tmp_path, text)) == [
        "5: budget.minutes: given twice (first on line 4); keep one",
        "6: seed: given twice (first on line 2); keep one",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: the spec is empty"),
        ("- digits\n", "1: the spec should be a mapping of fields"),
        ("name: [1\ndataset: 2\n", "2: is not valid YAML"),
        ("name: a\n\tseed: 1\n", "2: is not valid YAML: found character '\\t'"),
        ("name: !!python/object:os.system x\n", "1: is not valid YAML: could not determine a constructor"),
        ("name: a\n---\nname: b\n", "2: is not valid YAML: but found another document"),
        ("name: *nowhere\n", "1: is not valid YAML: found undefined alias 'nowhere'"),
    ],
)
def test_what_is_no_mapping_is_refused_on_its_line(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = refusal(write(tmp_path, text))
    assert line.startswith(problem)


def test_a_missing_file_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.yaml") == ["1: no such file"]
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert refusal(binary)[0].startswith("1: cannot be read")


def test_a_mapping_inside_of_itself_ends_the_reading(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "dataset: &loop\n  name: *loop\n"))
    assert document.line_of(("dataset", "name", "name", "name")) == 2
