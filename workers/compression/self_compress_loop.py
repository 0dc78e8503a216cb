"""Training in which the network's size is part of the loss."""

import torch
from torch import Tensor, fx, nn

from nas_service.domain.spec import TrainingSpec
from workers.compression.bit_depth import BitDepth, bit_depth_of, bit_depths
from workers.compression.dead_channels import dead_channels
from workers.data import DataSet
from workers.training import RunSettings, TrainingHooks
from workers.training.loop import TrainingLoop

STEPS_BETWEEN_LOOKS = 20
"""After so many steps it is found anew which channels are dead."""


class SelfCompressLoop(TrainingLoop):
    """Adds `penalty` times the mean bits of a weight to the loss (Csefalvay & Imber 2023, equation 3).

    The mean is over the weights that the network had; those of dead channels count as zero bits. A batch norm behind a
    channel of zero weights is made zero for good: what it would add is a constant, which could not be folded into a
    padded convolution, so that the channel would have to stay.
    """

    def __init__(
        self,
        model: nn.Module,
        data: DataSet,
        config: TrainingSpec,
        hooks: TrainingHooks,
        run: RunSettings,
        *,
        graph: fx.Graph,
        penalty: float,
    ) -> None:
        super().__init__(model, data, config, hooks, run)
        self.state.identity |= {"penalty": penalty}
        self._penalty = penalty
        self._flat = fx.GraphModule(self.state.model, graph)
        self._depths = bit_depths(self.state.model)
        self._weight_count = sum(weight_count(depth) for depth in self._depths)
        self._norms = [m for m in self.state.model.modules() if isinstance(m, nn.BatchNorm2d) and m.affine]

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        loss = super()._gradients(images, labels)
        size = torch.stack([depth.size_bits() for depth in self._depths]).sum() / self._weight_count
        torch.autograd.backward(self._penalty * size)
        return loss

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        if self.state.step % STEPS_BETWEEN_LOOKS == 0:
            self._look()
        loss = super()._step(images, labels)
        with torch.no_grad():
            for depth in self._depths:
                depth.slow_bits.clamp_(min=0)
            for norm in self._norms:
                heard = norm.get_buffer("heard")
                norm.weight.mul_(heard)
                norm.bias.mul_(heard)
        return loss

    def _look(self) -> None:
        found = dead_channels(self._flat)
        for layer, source in found.inputs.items():
            if (depth := bit_depth_of(layer)) is not None:
                dense = isinstance(layer, nn.Linear) or layer.groups == 1
                depth.live_inputs.fill_(float(found.kept_inputs(layer).sum()) if dense else 1.0)
                depth.live_outputs.copy_(found.kept_outputs(layer))
            elif isinstance(layer, nn.BatchNorm2d) and layer.affine:
                heard = layer.get_buffer("heard")
                heard.mul_(source.values.isnan().to(heard))


def weight_count(depth: BitDepth) -> int:
    """Weights of one layer, dead or not; before any channel died."""
    return int(depth.live_inputs) * depth.weights_an_input * len(depth.live_outputs)
