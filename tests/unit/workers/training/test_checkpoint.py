"""Checkpoint files: round trips, atomic replacement, refusal of damage."""

import pytest
import torch

from workers.training import Checkpoint, CheckpointError


def test_tensors_and_facts_come_back_as_they_were(tmp_path):
    path = tmp_path / "c.safetensors"
    kernel = torch.randn(4, 3, 5, 5).contiguous(memory_format=torch.channels_last)
    facts = {"step": 3, "curve": [{"loss": 0.1}], "name": "é"}
    Checkpoint({"model.kernel": kernel, "model.count": torch.tensor(7)}, facts).save(path)
    loaded = Checkpoint.load(path)
    assert loaded.facts == facts
    assert torch.equal(loaded.tensors["model.kernel"], kernel)
    assert loaded.part("model").keys() == {"kernel", "count"}


def test_a_failed_save_keeps_the_old_file_and_a_good_one_leaves_nothing_beside(tmp_path):
    path = tmp_path / "c.safetensors"
    Checkpoint({"a": torch.ones(1)}, {"step": 1}).save(path)
    with pytest.raises(TypeError):
        Checkpoint({"a": torch.zeros(1)}, {"step": object()}).save(path)
    assert Checkpoint.load(path).facts == {"step": 1}
    Checkpoint({"a": torch.zeros(1)}, {"step": 2}).save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["c.safetensors"]


@pytest.mark.parametrize("keep", [0, 4, 40, -1])
def test_a_file_cut_short_is_refused_by_name(keep, tmp_path):
    path = tmp_path / "c.safetensors"
    Checkpoint({"a": torch.ones(64)}, {}).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"c\.safetensors cannot be read"):
        Checkpoint.load(path)
