"""The torch blocks, one for each kind of `BlockPlan`; all keep the parameter counts that `cost.py` computes.

ReLU works in place (its gradient needs only its output); hard-swish does not, since autograd would copy its input.
"""

from collections import OrderedDict

from torch import Tensor, nn

from search_spaces.plan import BlockPlan


def activation_of(name: str) -> nn.Module:
    """The module of an activation's name."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.Hardswish()


class LowRank(nn.Sequential):
    """A 1 x 1 convolution as two, with `rank` channels and nothing else between them (Denil et al., 2013; Jaderberg et
    al., 2014)."""

    reduce: nn.Conv2d
    restore: nn.Conv2d

    def __init__(self, in_channels: int, out_channels: int, rank: int) -> None:
        reduce, restore = nn.Conv2d(in_channels, rank, 1, bias=False), nn.Conv2d(rank, out_channels, 1, bias=False)
        super().__init__(OrderedDict(reduce=reduce, restore=restore))


class ConvBNAct(nn.Sequential):
    """Convolution that keeps the image side (or halves it by stride 2, rounding up), batch norm, activation or none."""

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel: int = 1, stride: int = 1, depthwise: bool = False
    ) -> None:
        groups = in_channels if depthwise else 1
        conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        super().__init__(OrderedDict(conv=conv, bn=nn.BatchNorm2d(out_channels)))

    @classmethod
    def pointwise(cls, in_channels: int, out_channels: int, rank: int) -> "ConvBNAct":
        """A 1 x 1 convolution, of two factors unless the rank is 0."""
        made = cls(in_channels, out_channels)
        if rank:
            made.conv = LowRank(in_channels, out_channels, rank)
        return made

    def then(self, activation: str) -> "ConvBNAct":
        """With this activation at the end."""
        self.add_module("act", activation_of(activation))
        return self


class SqueezeExcite(nn.Module):
    """Scales channels by a gate computed from their averages (Hu et al., 2018; hard sigmoid as in MobileNetV3)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = nn.ReLU(inplace=True)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        gate: Tensor = self.gate(self.expand(self.act(self.reduce(self.squeeze(x)))))
        return x * gate


class Separable(nn.Sequential):
    """Depthwise k x k and 1 x 1 convolution, both activated (MobileNetV1, Howard et al., 2017)."""

    def __init__(self, plan: BlockPlan) -> None:
        channels, out = plan.in_channels, plan.out_channels
        depthwise = ConvBNAct(channels, channels, kernel=plan.kernel, stride=plan.stride, depthwise=True)
        super().__init__(
            OrderedDict(
                depthwise=depthwise.then(plan.activation),
                project=ConvBNAct.pointwise(channels, out, plan.project_rank).then(plan.activation),
            )
        )


class Inverted(nn.Module):
    """Inverted residual: 1 x 1 expansion (unless it would not expand), depthwise k x k, squeeze-and-excite, linear
    1 x 1 projection (MobileNetV2 and V3)."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        mid = plan.mid_channels
        self.residual = plan.residual
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if mid != plan.in_channels:
            layers["expand"] = ConvBNAct.pointwise(plan.in_channels, mid, plan.expand_rank).then(plan.activation)
        depthwise = ConvBNAct(mid, mid, kernel=plan.kernel, stride=plan.stride, depthwise=True)
        layers["depthwise"] = depthwise.then(plan.activation)
        if plan.se_channels:
            layers["se"] = SqueezeExcite(mid, plan.se_channels)
        layers["project"] = ConvBNAct.pointwise(mid, plan.out_channels, plan.project_rank)
        self.layers = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class Fused(nn.Module):
    """Fused inverted residual: k x k expansion, squeeze-and-excite, linear 1 x 1 projection (EfficientNetV2)."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        mid = plan.mid_channels
        self.residual = plan.residual
        expand = ConvBNAct(plan.in_channels, mid, kernel=plan.kernel, stride=plan.stride)
        layers: OrderedDict[str, nn.Module] = OrderedDict(expand=expand.then(plan.activation))
        if plan.se_channels:
            layers["se"] = SqueezeExcite(mid, plan.se_channels)
        layers["project"] = ConvBNAct.pointwise(mid, plan.out_channels, plan.project_rank)
        self.layers = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class PoolBlock(nn.Sequential):
    """k x k pooling, then a 1 x 1 convolution."""

    def __init__(self, plan: BlockPlan) -> None:
        padding = plan.kernel // 2
        pool = (
            nn.MaxPool2d(plan.kernel, plan.stride, padding)
            if plan.pooling == "max"
            else nn.AvgPool2d(plan.kernel, plan.stride, padding, count_include_pad=False)
        )
        mix = ConvBNAct.pointwise(plan.in_channels, plan.out_channels, plan.project_rank).then(plan.activation)
        super().__init__(OrderedDict(pool=pool, mix=mix))


def block_of(plan: BlockPlan) -> nn.Module:
    """The module of one planned block, behind its down-sampling pool if it has one."""
    body = _body(plan)
    if plan.downsample == "max":
        return nn.Sequential(OrderedDict(downsample=nn.MaxPool2d(2), body=body))
    if plan.downsample == "avg":
        return nn.Sequential(OrderedDict(downsample=nn.AvgPool2d(2), body=body))
    return body


def _body(plan: BlockPlan) -> nn.Module:
    match plan.kind:
        case "conv":
            conv = ConvBNAct(plan.in_channels, plan.out_channels, kernel=plan.kernel, stride=plan.stride)
            return conv.then(plan.activation)
        case "separable":
            return Separable(plan)
        case "inverted":
            return Inverted(plan)
        case "fused":
            return Fused(plan)
        case "pool":
            return PoolBlock(plan)
        case "global_pool":
            return nn.AdaptiveMaxPool2d(1) if plan.pooling == "max" else nn.AdaptiveAvgPool2d(1)
        case "feature_mix":
            mix = nn.Conv2d(plan.in_channels, plan.out_channels, 1, bias=False)
            return nn.Sequential(OrderedDict(conv=mix, act=activation_of(plan.activation)))
        case "classifier":
            return nn.Sequential(
                OrderedDict(flatten=nn.Flatten(), linear=nn.Linear(plan.in_channels, plan.out_channels))
            )
