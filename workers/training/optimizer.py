"""The optimizer: SGD with Nesterov momentum or AdamW, and its peak learning rate."""

from collections.abc import Mapping

import torch
from torch import nn

from nas_service.domain.spec import TrainingSpec

PEAK_AT_BATCH_64 = {"sgd": 0.1, "adamw": 0.003}


def peak_learning_rate(config: TrainingSpec) -> float:
    """The configured peak, or the optimizer's default scaled linearly with the batch (Goyal et al., 2017)."""
    if config.learning_rate is not None:
        return config.learning_rate
    return PEAK_AT_BATCH_64[config.optimizer] * config.batch_size / 64


def build_optimizer(model: nn.Module, config: TrainingSpec) -> torch.optim.Optimizer:
    """Weight decay holds for matrices and kernels only, not for biases and normalisation (He et al., 2019)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    peak = peak_learning_rate(config)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=peak, fused=True)
    nesterov = config.momentum > 0
    return torch.optim.SGD(groups, lr=peak, momentum=config.momentum, nesterov=nesterov, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimizer's memory as `index.name`; the rest of its state follows from the configuration."""
    return {
        f"{index}.{name}": value
        for index, memory in optimizer.state_dict()["state"].items()
        for name, value in memory.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".")
        state.setdefault(int(index), {})[name] = _laid_out_as(parameters[int(index)], value)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _laid_out_as(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`value` in the parameter's memory order: the fused optimizers walk both by address, whatever their strides."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter).copy_(value)
