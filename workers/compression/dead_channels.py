"""Which channels of a network say nothing: they are constant, or nobody listens to them.

Two facts are followed through the flat graph. A channel's *value* is the one number that it has at every place of every
image, if it does: zero weights make one, and it passes through batch norms and activations. And channels that
elementwise operations tie together (a residual sum, the two sides of a depthwise convolution or of an attention gate)
are of one *kind*: they can only go together. A kind can go where everything that multiplies it by weights either
multiplies by zero, or can have the constant product folded into its bias. At the border of an image, padding is zero
and not that constant, so that only a zero can be folded there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from workers.compression.flat import layer_of

ATEN = torch.ops.aten
ELEMENTWISE = frozenset(
    {
        *(ATEN.relu.default, ATEN.relu6.default, ATEN.hardtanh.default, ATEN.hardswish.default, ATEN.silu.default),
        *(ATEN.hardsigmoid.default, ATEN.sigmoid.default, ATEN.gelu.default, ATEN.leaky_relu.default),
        *(ATEN.elu.default, ATEN.tanh.default, ATEN.clamp.default),
    }
)
SPATIAL = frozenset(
    {ATEN.max_pool2d.default, ATEN.adaptive_avg_pool2d.default, ATEN.upsample_bilinear2d.vec, ATEN.clone.default}
    | {ATEN.contiguous.default}
)
"""They keep channels apart, and a constant one as it is."""
UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Channels:
    """Those of one tensor."""

    kinds: list[int]
    values: Tensor
    """float64 (channels,); NaN is unknown."""


@dataclass(slots=True)
class DeadChannels:
    """What was found in one graph."""

    graph: fx.GraphModule
    made: dict[fx.Node, Channels] = field(default_factory=dict)
    inputs: dict[nn.Module, Channels] = field(default_factory=dict)
    outputs: dict[nn.Module, Channels] = field(default_factory=dict)
    _parents: list[int] = field(default_factory=list)
    _needed: set[int] = field(default_factory=set)
    """Kinds, by any of their names, that cannot go."""

    def kept_inputs(self, layer: nn.Module) -> Tensor:
        """bool (channels,): those of a layer's input that cannot go."""
        return self._kept(self.inputs[layer])

    def kept_outputs(self, layer: nn.Module) -> Tensor:
        """bool (channels,): those of a layer's output that cannot go."""
        return self._kept(self.outputs[layer])

    def _kept(self, channels: Channels) -> Tensor:
        needed = {self.root(kind) for kind in self._needed}
        return torch.tensor([self.root(kind) in needed for kind in channels.kinds])

    def root(self, kind: int) -> int:
        """The name that all ties of a kind share."""
        while self._parents[kind] != kind:
            self._parents[kind] = self._parents[self._parents[kind]]
            kind = self._parents[kind]
        return kind

    def fresh(self, count: int, values: Tensor | None = None, *, needed: bool = False) -> Channels:
        """New kinds."""
        kinds = list(range(len(self._parents), len(self._parents) + count))
        self._parents.extend(kinds)
        if needed:
            self._needed.update(kinds)
        unknown = torch.full((count,), UNKNOWN, dtype=torch.float64)
        return Channels(kinds, unknown if values is None else values)

    def tie(self, one: Channels, other: Channels) -> None:
        """Channel by channel."""
        for a, b in zip(one.kinds, other.kinds, strict=True):
            self._parents[self.root(a)] = self.root(b)

    def need(self, channels: Channels, which: Tensor | None = None) -> None:
        """These cannot go; by default none of them."""
        chosen = range(len(channels.kinds)) if which is None else which.nonzero().flatten().tolist()
        self._needed.update(channels.kinds[channel] for channel in chosen)


@torch.no_grad()
def dead_channels(graph: fx.GraphModule, divisor: int = 1) -> DeadChannels:
    """By the weights as they are. Of every layer's channels a multiple of `divisor` is kept, or all."""
    found = DeadChannels(graph)
    calls = [layer_of(graph, node) for node in graph.graph.nodes]
    for node, layer in zip(graph.graph.nodes, calls, strict=True):
        if layer is not None and calls.count(layer) > 1:
            layer = None  # what one call could do without, another may need
        made = _channels(found, node, layer)
        if made is not None:
            found.made[node] = made
    for channels in found.outputs.values():
        found.need(channels, _padding(found._kept(channels), divisor))
    return found


def _padding(kept: Tensor, divisor: int) -> Tensor:
    """bool (channels,): the first dead ones, as many as are wanting to one multiple of `divisor` or the next."""
    count = int(kept.sum())
    wanting = max(divisor, math.ceil(count / divisor) * divisor) - count
    return ~kept & ((~kept).cumsum(0) <= wanting)


def _channels(found: DeadChannels, node: fx.Node, layer: nn.Module | None) -> Channels | None:
    sources = [found.made[source] for source in node.all_input_nodes if source in found.made]
    match layer:
        case nn.Conv2d() if layer.groups == 1 and sources:
            return _dense(found, layer, sources[0])
        case nn.Linear() if sources and len(sources[0].kinds) == layer.in_features:
            return _dense(found, layer, sources[0])
        case nn.Conv2d() if layer.groups == layer.in_channels == layer.out_channels and sources:
            return _passed(found, layer, sources[0], _depthwise_values(layer, sources[0].values))
        case nn.BatchNorm2d() if layer.track_running_stats and sources:
            return _passed(found, layer, sources[0], _normalised(layer, sources[0].values))
    if node.op == "call_function" and len(sources) == len(node.all_input_nodes) > 0:
        rule = _RULES.get(node.target)
        known = _spatial if node.target in SPATIAL else _elementwise if node.target in ELEMENTWISE else rule
        made = known(found, node, sources) if known else None
        if made is not None:
            return made
    return _opaque(found, node, sources)


def _opaque(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    """Nothing is known of it, so that it needs all that it reads, and all that it gives is needed as it is."""
    for source in sources:
        found.need(source)
    value = node.meta.get("val")
    if isinstance(value, Tensor) and value.ndim >= 2 and isinstance(value.shape[1], int):
        return found.fresh(value.shape[1], needed=True)
    return None


def _dense(found: DeadChannels, layer: nn.Conv2d | nn.Linear, source: Channels) -> Channels:
    """Every output channel reads every input channel. The input's are needed unless they can be folded."""
    kernels = host(layer.weight).view(len(layer.weight), len(source.kinds), -1)
    weight, reads = kernels.sum(2), kernels.ne(0).any(2)
    known = ~source.values.isnan()
    foldable = source.values.eq(0) | (known & torch.tensor(not is_padded(layer)))
    found.need(source, ~foldable & reads.any(0))
    varies = (reads & ~foldable).any(1)
    folded = weight @ torch.where(foldable, source.values, 0.0)
    values = torch.where(varies, UNKNOWN, folded + bias_of(layer))
    made = found.fresh(len(kernels), values)
    found.inputs[layer], found.outputs[layer] = source, made
    return made


def host(tensor: Tensor) -> Tensor:
    """float64 on the CPU."""
    return tensor.detach().cpu().double()


def bias_of(layer: nn.Conv2d | nn.Linear) -> Tensor:
    """float64 (outputs,); zeros where the layer has none."""
    return torch.zeros(len(layer.weight), dtype=torch.float64) if layer.bias is None else host(layer.bias)


def is_padded(layer: nn.Module) -> bool:
    """Whether an output at the border sees zeros that no input channel has."""
    return isinstance(layer, nn.Conv2d) and layer.padding != (0, 0)


def _passed(found: DeadChannels, layer: nn.Module, source: Channels, values: Tensor) -> Channels:
    """A layer that does to each channel something of its own: in and out are one kind."""
    made = Channels(source.kinds, values)
    found.inputs[layer], found.outputs[layer] = source, made
    return made


def _depthwise_values(layer: nn.Conv2d, values: Tensor) -> Tensor:
    weight, bias = host(layer.weight).flatten(1), bias_of(layer)
    silent = weight.eq(0).all(1) | values.eq(0)
    constant = ~values.isnan() & torch.tensor(not is_padded(layer))
    return torch.where(silent, bias, torch.where(constant, weight.sum(1) * values + bias, UNKNOWN))


def _normalised(layer: nn.BatchNorm2d, values: Tensor) -> Tensor:
    assert layer.running_mean is not None
    assert layer.running_var is not None
    scale = (host(layer.running_var) + layer.eps).rsqrt()
    shift = torch.zeros_like(scale)
    if layer.affine:
        scale, shift = scale * host(layer.weight), host(layer.bias)
    normalised = (values - host(layer.running_mean)) * scale + shift
    return torch.where(scale.eq(0), shift, normalised)


def _elementwise(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    if len(sources) != 1:
        return None
    values = sources[0].values
    function: Callable[..., Tensor] = node.target  # type: ignore[assignment]
    computed = function(values.nan_to_num(), *node.args[1:], **node.kwargs)
    return Channels(sources[0].kinds, torch.where(values.isnan(), UNKNOWN, computed))


def _spatial(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    return sources[0] if len(sources) == 1 else None


def _average(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    """Its padding may count as zeros."""
    padding, counted = (*node.args, *[None] * 6)[3], (*node.args, *[None] * 6)[5]
    values = sources[0].values
    if padding not in (None, [0, 0]) and counted is not False:
        values = torch.where(values.eq(0), values, UNKNOWN)
    return Channels(sources[0].kinds, values)


def _sum(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    return _tied(found, sources, torch.add) if not node.kwargs else None


def _product(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    def product(one: Tensor, other: Tensor) -> Tensor:
        return torch.where(one.eq(0) | other.eq(0), 0.0, one * other)

    return _tied(found, sources, product)


def _tied(found: DeadChannels, sources: list[Channels], combine: Callable[[Tensor, Tensor], Tensor]) -> Channels | None:
    if len(sources) != 2 or len(sources[0].kinds) != len(sources[1].kinds):
        return None
    found.tie(*sources)
    return Channels(sources[0].kinds, combine(sources[0].values, sources[1].values))


def _flatten(found: DeadChannels, node: fx.Node, sources: list[Channels]) -> Channels | None:
    """One place a channel, as after a global pool, and features are channels."""
    value = node.meta["val"]
    return sources[0] if value.ndim == 2 and value.shape[1] == len(sources[0].kinds) else None


_RULES: dict[Any, Callable[[DeadChannels, fx.Node, list[Channels]], Channels | None]] = {
    ATEN.avg_pool2d.default: _average,
    ATEN.add.Tensor: _sum,
    ATEN.mul.Tensor: _product,
    ATEN.flatten.using_ints: _flatten,
}
