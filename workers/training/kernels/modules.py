"""Let a network's own modules compute with the kernels while it trains: same parameters, names and results."""

from itertools import pairwise

from torch import Tensor, nn

from workers.training.kernels.functions import (
    Activation,
    batch_norm_activation,
    depthwise_convolution,
    pointwise_convolution,
)
from workers.training.kernels.library import KernelLibrary

ACTIVATIONS = {
    nn.Identity: Activation.IDENTITY,
    nn.ReLU: Activation.RELU,
    nn.ReLU6: Activation.RELU6,
    nn.Hardswish: Activation.HARDSWISH,
}


def use_kernels(model: nn.Module, library: KernelLibrary) -> None:
    """Change `model` in place to train with the kernels, on the CPU, in fp32 and with one thread.

    Its parameters and state keep their names, and its results their values to rounding; what the kernels do not know
    is left to torch.
    """
    for module in list(model.modules()):
        if _is_plain_batch_norm(module):
            module.__class__, module.merged = KernelBatchNorm, nn.Identity()
        elif type(module) is nn.Conv2d:
            module.__class__ = _convolution_class(module)
        if isinstance(module, KernelBatchNorm | KernelDepthwise):
            module.library = library
    for module in model.modules():
        if isinstance(module, nn.Sequential):
            _merge_activations(module)


class KernelBatchNorm(nn.BatchNorm2d):
    """Batch norm, with the activation that followed it."""

    library: KernelLibrary
    merged: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        if not self.training:
            y: Tensor = self.merged(super().forward(x))
            return y
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        running = self.running_mean, self.running_var, self.momentum, self.eps
        return batch_norm_activation(self.library, ACTIVATIONS[type(self.merged)], x, self.weight, self.bias, running)


class KernelDepthwise(nn.Conv2d):
    """Depthwise convolution."""

    library: KernelLibrary

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H / stride, W / stride), rounded up."""
        return depthwise_convolution(self.library, x, self.weight, self.stride[0])


class KernelPointwise(nn.Conv2d):
    """1 x 1 convolution."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H, W)."""
        return pointwise_convolution(x, self.weight)


def _is_plain_batch_norm(module: nn.Module) -> bool:
    return type(module) is nn.BatchNorm2d and module.affine and module.track_running_stats and bool(module.momentum)


def _merge_activations(layers: nn.Sequential) -> None:
    for name, following in pairwise(list(layers._modules)):
        norm, activation = layers._modules[name], layers._modules[following]
        if isinstance(norm, KernelBatchNorm) and type(activation) in ACTIVATIONS:
            norm.merged, layers._modules[following] = activation, nn.Identity()


def _convolution_class(layer: nn.Conv2d) -> type[nn.Conv2d]:
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    square = layer.kernel_size == (kernel, kernel) and layer.stride == (stride, stride)
    centred = layer.padding == (kernel // 2, kernel // 2) and layer.padding_mode == "zeros"
    if layer.bias is not None or layer.dilation != (1, 1) or not (square and centred):
        return nn.Conv2d
    if layer.groups == layer.in_channels == layer.out_channels > 1 and kernel in (3, 5, 7) and stride in (1, 2):
        return KernelDepthwise
    if kernel == 1 and stride == 1 and layer.groups == 1:
        return KernelPointwise
    return nn.Conv2d
