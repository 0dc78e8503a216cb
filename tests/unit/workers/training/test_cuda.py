"""What holds of a training on an NVIDIA GPU; skipped where there is none."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nas_service.domain.spec import DistillationSpec, TrainingSpec
from tests.unit.workers.supernet.test_loop import SPACE, fresh
from tests.unit.workers.training.samples import small_network, stripes
from workers.supernet import inherited_network
from workers.training import Checkpoint, Interrupted, Progress, RunSettings, TrainingHooks, evaluate, train
from workers.training.precision import candidates, faster_precision
from workers.training.teachers import Teacher

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")

RUN = RunSettings(seed=5, device="cuda", teachers=lambda: [Teacher("other", small_network())])
CONFIG = TrainingSpec(epochs=3, batch_size=16, ema_decay=0.9, augment=("crop", "mixup"), precision="fp32")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16", "auto"])
def test_it_learns_there_and_gives_its_weights_back_on_the_cpu(precision: str) -> None:
    config = TrainingSpec.model_validate({"epochs": 20, "batch_size": 16, "precision": precision})
    result = train(small_network(), stripes(), config, run=RUN)
    assert result.device == "cuda"
    assert result.precision in {precision} - {"auto"} or precision == "auto"
    assert result.validation_accuracy > 0.9
    assert {tensor.device.type for tensor in result.weights.values()} == {"cpu"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "adamw"},
        {"sam_rho": 0.1},
        {"sam_rho": 0.1, "sam_period": 2},
        {"swa_fraction": 0.6},
        {"begin_size": 0.5},
        {"freeze_layers": 0.5},
        {"distill": DistillationSpec(weight=0.5, attention=1.0)},
        {"distill": DistillationSpec(weight=0.5), "augment": ()},
    ],
    ids=str,
)
def test_interrupted_it_draws_the_same_random_numbers(change: dict[str, object], tmp_path: Path) -> None:
    """And so ends where it would have; not to the bit, for sums on a GPU come in no fixed order."""
    path, config = tmp_path / "checkpoint.safetensors", CONFIG.model_copy(update=change)

    def stop(progress: Progress) -> None:
        if progress.step == 4:
            raise Interrupted

    hooks = TrainingHooks(on_step=stop, save=lambda checkpoint: checkpoint.save(path))
    whole = train(small_network(), stripes(), config, run=RUN)
    with pytest.raises(Interrupted):
        train(small_network(), stripes(), config, hooks=hooks, run=RUN)
    resumed = train(small_network(), stripes(), config, Checkpoint.load(path), run=RUN)
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(resumed.weights[name], tensor, atol=2e-3, rtol=2e-3, msg=name)


def test_the_fastest_of_three_precisions_is_chosen_there() -> None:
    device = torch.device("cuda")
    models = {name: small_network().to(device) for name in candidates(device)}
    assert list(models) == ["fp32", "bf16", "fp16"]
    assert faster_precision(models, torch.randn(8, 3, 8, 8, device=device), None) in models


def test_a_supernet_is_judged_there() -> None:
    supernet = fresh().to("cuda")
    (architecture,) = SPACE.sample(np.random.default_rng(0), 1)
    network = inherited_network(supernet, architecture, stripes())
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"cuda"}
    assert evaluate(network, stripes(), stripes().validation).sample_count == 24
