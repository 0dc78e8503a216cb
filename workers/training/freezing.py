"""Layer freezing: the first layers, which settle first, are no longer trained in the last part of a training."""

from torch import nn

from nas_service.domain.spec import TrainingSpec


class Freezing:
    """The layers that stay as they are from a step on, so that no gradient is computed for them or passed through.

    They are a network's first ones that hold parameters, in the order of their declaration, and all stop at once.
    FreezeOut (Brock et al., 2017, arXiv 1706.04983) stops them one by one, each with a learning rate of its own. A
    batch norm among them uses, and keeps, the statistics that it has.
    """

    def __init__(self, model: nn.Module, config: TrainingSpec, total_steps: int) -> None:
        layers = [module for module in model.modules() if next(module.parameters(recurse=False), None) is not None]
        self.layers = layers[: int(config.freeze_layers * len(layers))]
        self.begin = round(config.freeze_from * total_steps) if self.layers else total_steps

    def apply(self, step: int) -> None:
        """Freeze them if 0-based `step` is one to freeze at; may be called again, for a validation undoes a part."""
        if step >= self.begin:
            for layer in self.layers:
                layer.requires_grad_(False).eval()
