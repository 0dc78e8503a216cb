"""The kernels as differentiable torch functions, over fp32 tensors (N, C, H, W) in channels_last order on the CPU."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from workers.training.kernels.library import KernelLibrary


class Activation(IntEnum):
    """As numbered in `batch_norm.c`."""

    IDENTITY = 0
    RELU = 1
    RELU6 = 2
    HARDSWISH = 3


class BatchNormActivation(Function):
    """Training-mode batch norm and its activation in one; moves the running statistics like torch's."""

    @staticmethod
    def forward(
        ctx: Any,
        library: KernelLibrary,
        activation: Activation,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        running: tuple[Tensor, Tensor, float, float],
    ) -> Tensor:
        """`running`: mean and variance (changed in place), momentum, epsilon."""
        x = x.contiguous(memory_format=torch.channels_last)
        channels = weight.numel()
        y, mean, inverse_std = torch.empty_like(x), torch.empty_like(weight), torch.empty_like(weight)
        running_mean, running_var, momentum, epsilon = running
        library.batch_norm_forward(
            *_addresses(x, y, weight, bias, mean, inverse_std, running_mean, running_var),
            *(x.numel() // channels, channels, epsilon, momentum, activation),
        )
        ctx.save_for_backward(x, weight, bias, mean, inverse_std)
        ctx.library, ctx.activation = library, activation
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of input, weight and bias."""
        x, weight, bias, mean, inverse_std = ctx.saved_tensors
        dy = dy.contiguous(memory_format=torch.channels_last)
        channels = weight.numel()
        dx, dweight, dbias = torch.empty_like(x), torch.empty_like(weight), torch.empty_like(bias)
        ctx.library.batch_norm_backward(
            *_addresses(x, dy, dx, weight, bias, mean, inverse_std, dweight, dbias),
            *(x.numel() // channels, channels, ctx.activation),
        )
        return None, None, dx, dweight, dbias, None


class DepthwiseConvolution(Function):
    """Depthwise convolution with odd kernel and padding kernel // 2: torch's forward, faster gradients."""

    @staticmethod
    def forward(ctx: Any, library: KernelLibrary, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        """`weight`: (C, 1, k, k), k in 3, 5, 7; `stride`: 1 or 2."""
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        ctx.library, ctx.stride = library, stride
        return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of input (unless it needs none) and weight."""
        x, weight = ctx.saved_tensors
        dy = dy.contiguous(memory_format=torch.channels_last)
        dx = _input_gradient(dy, x, weight, ctx.stride) if ctx.needs_input_grad[1] else None
        if weight.shape[-1] == 3:
            return None, dx, _torch_gradients(dy, x, weight, ctx.stride, [False, True])[1], None
        dweight = torch.empty_like(weight)
        count, channels, height, width = x.shape
        ctx.library.depthwise_weight_gradient(
            *_addresses(x, dy, dweight), *(count, height, width, channels, weight.shape[-1], ctx.stride)
        )
        return None, dx, dweight, None


def _input_gradient(dy: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """At stride 1 it is a convolution with the turned kernel, and torch's forward is twice as fast as its backward."""
    if stride == 1:
        return F.conv2d(dy, weight.flip(2, 3), None, 1, weight.shape[-1] // 2, 1, len(weight))
    return _torch_gradients(dy, x, weight, stride, [True, False])[0]


def _torch_gradients(dy: Tensor, x: Tensor, weight: Tensor, stride: int, which: list[bool]) -> list[Tensor]:
    padding, groups = weight.shape[-1] // 2, len(weight)
    gradients: list[Tensor] = torch.ops.aten.convolution_backward(
        dy, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups, [*which, False]
    )
    return gradients


class PointwiseConvolution(Function):
    """1 x 1 convolution as a matrix product over pixels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        """`weight`: (out, in, 1, 1)."""
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        return _as_images(_as_rows(x) @ weight.flatten(1).t(), x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of input (unless it needs none) and weight."""
        x, weight = ctx.saved_tensors
        gradient = _as_rows(dy.contiguous(memory_format=torch.channels_last))
        dx = _as_images(gradient @ weight.flatten(1), x) if ctx.needs_input_grad[0] else None
        return dx, (gradient.t() @ _as_rows(x)).view_as(weight)


def _as_rows(images: Tensor) -> Tensor:
    """(N, C, H, W) in channels_last order to (N * H * W, C), without a copy."""
    return images.permute(0, 2, 3, 1).reshape(-1, images.shape[1])


def _as_images(rows: Tensor, like: Tensor) -> Tensor:
    count, _, height, width = like.shape
    return rows.view(count, height, width, -1).permute(0, 3, 1, 2)


def _addresses(*tensors: Tensor) -> list[int]:
    return [tensor.data_ptr() for tensor in tensors]


batch_norm_activation: Callable[..., Tensor] = BatchNormActivation.apply
depthwise_convolution: Callable[..., Tensor] = DepthwiseConvolution.apply
pointwise_convolution: Callable[..., Tensor] = PointwiseConvolution.apply
