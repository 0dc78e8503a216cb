"""Distillation learns by the formulas of its papers, from what its teachers say of the images that are trained on."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nas_service.domain.errors import PermanentError
from nas_service.domain.spec import DistillationSpec, TrainingSpec
from tests.unit.workers.training.samples import CLASSES, small_network, stripes
from workers.data import evaluation_batches
from workers.training import Interrupted, RunSettings, TrainingHooks, train
from workers.training.attention import AttentionMaps, attention_distance
from workers.training.distillation import distillation_loss, soft_targets
from workers.training.teachers import LOGITS, Teacher, logits_of_split

CPU = torch.device("cpu")


def distilling(**changes: object) -> TrainingSpec:
    spec = DistillationSpec(**{"weight": 0.7, **changes})
    return TrainingSpec(epochs=2, batch_size=16, precision="fp32", distill=spec)


def teacher(seed: int = 0) -> Teacher:
    network = small_network(dropout=0.5)
    torch.manual_seed(seed)
    nn.init.normal_(network[-1].weight, std=2)
    return Teacher(f"teacher-{seed}", network)


def taught_by(*teachers: Teacher, **settings: object) -> RunSettings:
    return RunSettings(device="cpu", teachers=lambda: teachers, **settings)


def test_the_gradient_is_that_of_the_paper() -> None:
    """Hinton et al., equation 2: (softmax(z / T) - softmax(v / T)) / T each, times T^2, over the batch's size."""
    generator = torch.Generator().manual_seed(0)
    student, spoken = (torch.randn(5, CLASSES, generator=generator, dtype=torch.float64) for _ in range(2))
    for temperature in (1.0, 4.0):
        logits = student.float().requires_grad_()
        distillation_loss(logits, soft_targets([spoken.float()], temperature), temperature).backward()
        expected = temperature * (F.softmax(student / temperature, 1) - F.softmax(spoken / temperature, 1)) / 5
        torch.testing.assert_close(logits.grad, expected.float())


def test_a_student_that_says_the_same_as_its_teacher_has_nothing_to_lose() -> None:
    logits = torch.randn(4, CLASSES)
    assert distillation_loss(logits, soft_targets([logits], 3.0), 3.0).item() == pytest.approx(0, abs=1e-6)


def test_several_teachers_are_the_mean_of_their_probabilities() -> None:
    sure, unsure = torch.tensor([[10.0, -10.0]]), torch.tensor([[0.0, 0.0]])
    torch.testing.assert_close(soft_targets([sure, unsure], 1.0), torch.tensor([[0.75, 0.25]]))


def test_at_weight_one_the_labels_say_nothing() -> None:
    data, other = stripes(), stripes()
    other.train.labels.copy_((other.train.labels + 1) % CLASSES)
    for weight, is_same in ((1.0, True), (0.5, False)):
        found = [
            train(small_network(), d, distilling(weight=weight), run=taught_by(teacher())).weights
            for d in (data, other)
        ]
        assert all(torch.equal(found[0][name], found[1][name]) for name in found[0]) is is_same


def test_the_teacher_sees_what_the_student_sees() -> None:
    """The same crops, not the images as they are."""
    asked, seen = [], []

    class Listening(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            asked.append(images.clone())
            return images.flatten(1)[:, :CLASSES]

    def note(module: nn.Module, taken: tuple[torch.Tensor], _: object) -> None:
        if module.training:
            seen.append(taken[0].clone())

    student = small_network()
    student[0].register_forward_hook(note)
    config = distilling().model_copy(update={"augment": ("crop",), "epochs": 1})
    train(student, stripes(), config, run=taught_by(Teacher("listening", Listening())))
    plain = torch.cat([images for images, _ in evaluation_batches(stripes(), stripes().train, 48)])
    assert len(asked) == len(seen) == 3
    assert all(torch.equal(one, other) for one, other in zip(asked, seen, strict=True))
    assert sum(torch.equal(one, other) for one in torch.cat(asked) for other in plain) < 24


def test_what_was_said_of_images_that_never_change_is_read_again_and_teaches_the_same(tmp_path) -> None:
    calls = []
    spoken = teacher()
    spoken.network.register_forward_hook(lambda *_: calls.append(1))
    first = train(small_network(), stripes(), distilling(), run=taught_by(spoken, cache_dir=tmp_path)).weights
    assert len(calls) == 1
    again = train(small_network(), stripes(), distilling(), run=taught_by(spoken, cache_dir=tmp_path)).weights
    assert len(calls) == 1
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_each_image_gets_what_was_said_of_it() -> None:
    """A teacher that knows all labels, quoted in the order of the batches, teaches as labels do."""

    class Knowing(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            known = torch.cat([batch for batch, _ in evaluation_batches(stripes(), stripes().train, 48)])
            rows = (images[:, None] - known[None]).abs().flatten(2).sum(2).argmin(1)
            return 40.0 * F.one_hot(stripes().train.labels[rows], CLASSES).float()

    plain = train(small_network(), stripes(), distilling(weight=0.0), run=taught_by()).weights
    config = distilling(weight=1.0, temperature=1.0)
    told = train(small_network(), stripes(), config, run=taught_by(Teacher("knowing", Knowing()))).weights
    for name, weights in plain.items():
        torch.testing.assert_close(told[name], weights, rtol=1e-3, atol=1e-4)


def test_the_teacher_is_left_as_it_was_and_speaks_without_dropout() -> None:
    spoken = teacher()
    before = {name: tensor.clone() for name, tensor in spoken.network.state_dict().items()}
    said = logits_of_split(spoken.on(CPU), stripes(), CPU, None, lambda: None)
    train(small_network(), stripes(), distilling(), run=taught_by(spoken))
    assert all(torch.equal(tensor, before[name]) for name, tensor in spoken.network.state_dict().items())
    assert all(p.requires_grad for p in spoken.network.parameters())
    assert torch.equal(said, logits_of_split(spoken.on(CPU), stripes(), CPU, None, lambda: None))


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY"])
def test_a_damaged_memory_is_asked_for_again(damage: bytes, tmp_path) -> None:
    said = logits_of_split(teacher().on(CPU), stripes(), CPU, tmp_path, lambda: None)
    (path,) = (tmp_path / LOGITS).iterdir()
    path.write_bytes(damage)
    assert torch.equal(logits_of_split(teacher().on(CPU), stripes(), CPU, tmp_path, lambda: None), said)
    assert np.array_equal(np.load(path), said.numpy())


def test_other_teachers_and_other_data_are_not_mistaken_for_one_another(tmp_path) -> None:
    for spoken, data in ((teacher(0), stripes()), (teacher(1), stripes()), (teacher(0), stripes(count=100))):
        alone = logits_of_split(spoken.on(CPU), data, CPU, None, lambda: None)
        assert torch.equal(logits_of_split(spoken.on(CPU), data, CPU, tmp_path, lambda: None), alone)


def test_asking_teachers_can_be_interrupted() -> None:
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        train(small_network(), stripes(), distilling(), None, TrainingHooks(before_batch=stop), taught_by(teacher()))


def test_without_a_teacher_it_says_what_to_name() -> None:
    with pytest.raises(PermanentError, match=r"name one in training\.distill\.teachers"):
        train(small_network(), stripes(), distilling())


def test_a_map_is_the_mean_square_over_channels_of_the_last_block_at_each_resolution() -> None:
    network = small_network().eval()
    maps = AttentionMaps(network)
    images = torch.rand(2, 3, 8, 8)
    network(images)
    early, late = maps.take()
    assert (early.shape, late.shape) == ((2, 1, 8, 8), (2, 1, 4, 4))
    assert maps.take() == []
    torch.testing.assert_close(late, network[:8](images).square().mean(1, keepdim=True))


def test_the_distance_of_maps_is_blind_to_their_scale_and_counts_every_pair() -> None:
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.rand(3, 1, 4, 4, generator=generator) for _ in range(2))
    assert attention_distance([one], [5 * one]).item() == pytest.approx(0, abs=1e-6)
    units = [maps.flatten(1) / maps.flatten(1).norm(dim=1, keepdim=True) for maps in (one, other)]
    expected = (units[0] - units[1]).square().sum(1).mean()
    torch.testing.assert_close(attention_distance([one], [other]), expected)
    torch.testing.assert_close(attention_distance([one, one], [other, other]), 2 * expected)


def test_a_student_of_another_width_and_resolution_comes_to_look_where_its_teacher_looks() -> None:
    data, looking = stripes(), teacher()
    wider = nn.Sequential(nn.Conv2d(3, 40, 3, 1, 1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.LazyLinear(CLASSES))
    wider(torch.zeros(1, 3, 8, 8))

    def distance(student: nn.Module) -> float:
        found = []
        for network in (student, looking.network):
            maps = AttentionMaps(network.eval())
            network(next(evaluation_batches(data, data.validation, 24))[0])
            found.append(maps.take())
        return attention_distance(*found).item()

    config = distilling(weight=0.0, attention=100.0).model_copy(update={"epochs": 4, "learning_rate": 0.02})
    weights = train(wider, data, config, run=taught_by(looking)).weights
    before = distance(wider)
    wider.load_state_dict(weights)
    assert distance(wider) < 0.8 * before
