"""Finding spaces by name, built-in and a user's own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from search_spaces import BrokenSpace, NetworkInput, UnknownSpace, build, get, names

EXAMPLE = Path(__file__).parents[3] / "examples" / "custom_space"


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownSpace, match="no search space 'mobilnet'; did you mean 'mobilenet'"):
        get("mobilnet")
    with pytest.raises(UnknownSpace, match="no preset 'smal'; did you mean 'small'"):
        get("mobilenet", "smal")


@pytest.mark.parametrize(
    ("image_size", "preset"),
    [
        (8, "tiny"),
        (12, "tiny"),
        (16, "tiny"),
        (28, "small"),
        (32, "small"),
        (64, "small"),
        (96, "large"),
        (512, "large"),
    ],
)
def test_the_automatic_preset_is_the_one_for_the_nearest_image_size(image_size: int, preset: str) -> None:
    assert get("mobilenet", image_size=image_size).preset == preset


def test_spaces_work_without_torch() -> None:
    code = """
import sys
import numpy as np
import search_spaces
from search_spaces import NetworkInput
for name in search_spaces.names():
    for preset in search_spaces.get(name).presets():
        space = search_spaces.get(name, preset)
        architectures = space.sample(np.random.default_rng(0), 3)
        space.cost(architectures, NetworkInput(3, 10))
        space.plan(architectures[0], NetworkInput(3, 10))
        space.neighbours(architectures[0])
        space.json_schema()
assert "torch" not in sys.modules
assert "safetensors" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_keys_are_the_same_in_every_process() -> None:
    code = "import numpy, search_spaces as s; print(s.get('mobilenet').sample(numpy.random.default_rng(4), 1)[0].key)"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert other.stdout.strip() == get("mobilenet").sample(np.random.default_rng(4), 1)[0].key


def test_a_public_name_that_does_not_exist_is_an_attribute_error() -> None:
    import search_spaces

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        search_spaces.nonsense  # noqa: B018
    assert {name for name in search_spaces.__all__ if getattr(search_spaces, name, None) is None} == set()


def test_a_users_own_space_is_found_and_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_SPACE_PATH", str(EXAMPLE))
    assert "plain_cnn" in names()
    space = get("plain_cnn")
    network_input = NetworkInput(1, 10)
    for architecture in space.sample(np.random.default_rng(0), 5):
        network = build(space, architecture, network_input)
        params = sum(parameter.numel() for parameter in network.parameters())
        assert params == space.plan(architecture, network_input).params


def write_space(folder: Path, name: str, body: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "space.py").write_text(body, encoding="utf-8")


def test_several_folders_may_hold_spaces_with_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inherit = "from search_spaces.mobilenet.space import MobileNetSpace\nfrom .label import NAME\n"
    for name in ("first_own", "second_own"):
        write_space(tmp_path / name, name, f"{inherit}class SPACE(MobileNetSpace):\n    name = NAME\n")
        (tmp_path / name / name / "label.py").write_text(f"NAME = {name!r}\n", encoding="utf-8")
    monkeypatch.setenv("NAS_SPACE_PATH", os.pathsep.join(str(tmp_path / n) for n in ("first_own", "second_own")))
    assert {"first_own", "second_own", "mobilenet"} <= set(names())
    assert [get(name).name for name in ("first_own", "second_own")] == ["first_own", "second_own"]


def test_a_build_file_beside_the_space_takes_the_place_of_the_shared_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        "from search_spaces.mobilenet.space import MobileNetSpace\nclass SPACE(MobileNetSpace):\n    name = 'linear'\n"
    )
    write_space(tmp_path, "linear", body)
    builder = (
        "from torch import nn\n\ndef build(plan):\n    return nn.Linear(plan.resolution, plan.input.class_count)\n"
    )
    (tmp_path / "linear" / "build.py").write_text(builder, encoding="utf-8")
    monkeypatch.setenv("NAS_SPACE_PATH", str(tmp_path))
    space = get("linear", choices={"resolution": [16]})
    [architecture] = space.sample(np.random.default_rng(0), 1)
    assert repr(build(space, architecture, NetworkInput(1, 3))).startswith("Linear(in_features=16, out_features=3")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("SPACE = 3", "must give SPACE"),
        ("from search_spaces.mobilenet.space import SPACE", "must give SPACE, a SearchSpace class named"),
    ],
)
def test_a_broken_space_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, reason: str
) -> None:
    name = f"broken{abs(hash(body))}"
    write_space(tmp_path, name, body)
    monkeypatch.setenv("NAS_SPACE_PATH", str(tmp_path))
    assert "mobilenet" in names()
    with pytest.raises(BrokenSpace, match=reason):
        get(name)
