"""The file of a network with an exit: the same logits as in torch, for any batch, and the rest is really left out."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from nas_service.domain.formats import ModelFormat
from tests.unit.workers.compression.networks import mixed_network
from tests.unit.workers.training.samples import stripes
from workers.compression.cuts import after, before, cuts_of
from workers.compression.deployed_cost import cost_of
from workers.compression.exit_network import EarlyExit, exit_file, exit_head
from workers.compression.exit_places import leaving
from workers.compression.quantized import folded_graph
from workers.export.files import Subject, subject_of, write_files
from workers.export.onnx_export import INPUT_NAME

DATA = stripes(384)
SHAPE = (3, 8, 8)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """A network whose exit, not trained, half of the images take."""
    graph = folded_graph(mixed_network(), SHAPE)
    cut = cuts_of(graph, torch.zeros(1, *SHAPE))[1]
    torch.manual_seed(0)
    network = EarlyExit(before(graph, [cut]), exit_head(cut.shape, 3), after(graph, cut), 0.5).eval()
    subject = subject_of(network, DATA, "mobilenet", "exit")
    with torch.no_grad():
        (features,) = network.begin((subject.images() - 0.5) / 0.25)
        confidences = network.confidence(network.head(features)).flatten().sort().values
    network.threshold.fill_(confidences[31:33].mean())
    return subject


@pytest.fixture(scope="module")
def content(subject: Subject) -> bytes:
    assert isinstance(subject.network, EarlyExit)
    return exit_file(subject.network, subject.facts)


@pytest.fixture(scope="module")
def kinds(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Images that leave early, and those that do not, (n, C, H, W) in [0, 1]."""
    assert isinstance(subject.network, EarlyExit)
    images = subject.images()
    leaves = leaving(subject.network, (images - 0.5) / 0.25)
    assert 0 < leaves.sum() < len(leaves)
    return images.numpy()[leaves], images.numpy()[~leaves]


def session(content: bytes, profile: Path | None = None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def logits(content: bytes, images: np.ndarray) -> np.ndarray:
    return session(content).run(None, {INPUT_NAME: images})[0]


def convolutions(content: bytes, images: np.ndarray, folder: Path) -> int:
    """How many were executed, by onnxruntime's own profile."""
    profiled = session(content, folder / "profile")
    profiled.run(None, {INPUT_NAME: images})
    events = json.loads(Path(profiled.end_profiling()).read_text())
    return sum("Conv" in event["args"].get("op_name", "") for event in events if event.get("cat") == "Node")


def test_its_logits_are_those_of_torch_for_images_of_both_kinds(
    subject: Subject, content: bytes, kinds: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    (written,) = write_files(subject, [ModelFormat.ONNX], tmp_path, {"model.onnx": content})
    assert written.max_abs_error < 1e-4
    for images in kinds:
        with torch.no_grad():
            expected = subject.network((torch.from_numpy(images) - 0.5) / 0.25).numpy()
        np.testing.assert_allclose(logits(content, images), expected, rtol=1e-4, atol=1e-5)


def test_an_image_has_the_same_logits_alone_and_in_any_company(
    content: bytes, kinds: tuple[np.ndarray, np.ndarray]
) -> None:
    easy, hard = kinds
    batch = np.concatenate([easy[:2], hard[:2]])
    alone = np.concatenate([logits(content, batch[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(logits(content, batch), alone, rtol=1e-4, atol=1e-5)


def test_what_is_behind_the_exit_is_computed_unless_all_images_leave(
    content: bytes, kinds: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    easy, hard = kinds
    whole = convolutions(content, hard[:1], tmp_path)
    short = convolutions(content, easy[:1], tmp_path)
    assert 0 < short < whole / 2
    assert convolutions(content, easy[:3], tmp_path) == short
    assert convolutions(content, np.concatenate([easy[:3], hard[:1]]), tmp_path) == whole


def test_the_same_network_gives_the_same_bytes_and_is_left_as_it_is(subject: Subject, content: bytes) -> None:
    before_ = {name: tensor.clone() for name, tensor in subject.network.state_dict().items()}
    assert isinstance(subject.network, EarlyExit)
    assert exit_file(subject.network, subject.facts) == content
    assert all(torch.equal(tensor, before_[name]) for name, tensor in subject.network.state_dict().items())


def test_its_size_counts_the_weights_behind_the_exit(subject: Subject, content: bytes, tmp_path: Path) -> None:
    files = list(write_files(subject, [ModelFormat.ONNX, ModelFormat.PT2], tmp_path, {"model.onnx": content}))
    cost = cost_of(files[1].path, files[0].path)
    assert cost.params == sum(parameter.numel() for parameter in subject.network.parameters())
    assert 4 * cost.params <= cost.size_bytes < 4 * cost.params + 200


def test_a_head_takes_features_of_any_size() -> None:
    for shape in ((3, 1, 1), (5, 7, 3), (4, 28, 28)):
        assert exit_head(shape, 6)(torch.zeros(2, *shape)).shape == (2, 6)
        assert all(not isinstance(layer, nn.Conv2d) for layer in exit_head(shape, 6))
