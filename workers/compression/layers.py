"""Gives an exported program its layers back, so that it can be trained and its layers be taken apart.

`torch.export` leaves a graph of plain operators: in it batch norms never learn again, dropouts never drop, and no layer
can be found. Here convolutions, linear layers, batch norms and dropouts become modules again. What else the graph does
stays as it was exported: an operator that was exported for evaluation goes on as in evaluation.
"""

from collections import Counter
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

_ATEN = torch.ops.aten
_CONVOLUTIONS: dict[Any, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = {
    _ATEN.conv1d.default: nn.Conv1d,
    _ATEN.conv2d.default: nn.Conv2d,
    _ATEN.conv2d.padding: nn.Conv2d,
    _ATEN.conv3d.default: nn.Conv3d,
}


def layered(program: ExportedProgram) -> fx.GraphModule:
    """The program's network in eval mode, with the program's weights; `train` and `eval` work as of any module."""
    exported = program.module(check_guards=False)
    modules: dict[str, nn.Module] = {}
    graph = fx.Graph()
    graph.output(_single(graph.graph_copy(exported.graph, {})))
    weights = [node for node in graph.nodes if node.op == "get_attr"]
    uses = Counter(str(node.target) for node in weights for _ in node.users)
    for node in list(graph.nodes):
        if node.op == "call_function" and (layer := _layer(exported, node, uses)) is not None:
            name = f"layer{len(modules)}_{type(layer).__name__.lower()}"
            modules[name] = layer
            node.op, node.target, node.args, node.kwargs = "call_module", name, (node.args[0],), {}
        elif node.target is _ATEN.sym_size.int:  # so that tracing sees that it depends on the input
            node.op, node.target = "call_method", "size"
    kept = {str(node.target): _found(exported, node) for node in weights if node.users}
    for node in weights:
        if not node.users:  # a layer has it
            graph.erase_node(node)
    return fx.GraphModule({**kept, **modules}, graph).eval()


def _single(output: Any) -> Any:
    return output[0] if isinstance(output, (tuple, list)) and len(output) == 1 else output


def _found(root: nn.Module, node: fx.Node) -> Any:
    value: Any = root
    for part in str(node.target).split("."):
        value = getattr(value, part)
    return value


def _layer(root: nn.Module, node: fx.Node, uses: Counter[str]) -> nn.Module | None:
    """The module of an operator whose weights are its own alone; None: it stays an operator."""
    tensors = [arg for arg in node.args[1:] if isinstance(arg, fx.Node)]
    if any(arg.op != "get_attr" or uses[str(arg.target)] > 1 for arg in tensors):
        return None
    values: list[Any] = [_found(root, arg) if isinstance(arg, fx.Node) else arg for arg in node.args[1:]]
    if node.target in _CONVOLUTIONS:
        return _convolution(_CONVOLUTIONS[node.target], values)
    if node.target is _ATEN.linear.default:
        return _linear(*values)
    if node.target is _ATEN.batch_norm.default:
        return _batch_norm(values)
    if node.target is _ATEN.dropout.default:
        return nn.Dropout(values[0])
    return None


def _convolution(kind: type[nn.Conv1d | nn.Conv2d | nn.Conv3d], values: list[Any]) -> nn.Module:
    """Arguments: weight, bias, stride, padding, dilation, groups; missing ones are their defaults."""
    weight, *rest = values
    defaults: list[Any] = [None, 1, 0, 1, 1]
    bias, stride, padding, dilation, groups = [*rest, *defaults[len(rest) :]]
    layer = kind(
        weight.shape[1] * groups,
        weight.shape[0],
        tuple(weight.shape[2:]),
        stride=_size(stride),
        padding=_size(padding),
        dilation=_size(dilation),
        groups=groups,
        bias=bias is not None,
    )
    return _with_weights(layer, weight, bias)


def _size(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Module:
    return _with_weights(nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None), weight, bias)


def _batch_norm(values: list[Any]) -> nn.Module | None:
    """Arguments: weight, bias, running mean, running variance, training, momentum, epsilon, cuDNN."""
    weight, bias, mean, variance, _, momentum, epsilon, *_ = values
    if mean is None or weight is None:
        return None
    layer = nn.BatchNorm2d(len(mean), eps=epsilon, momentum=momentum)
    layer.running_mean, layer.running_var = mean.detach().clone(), variance.detach().clone()
    return _with_weights(layer, weight, bias)


def _with_weights(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Module:
    layer.weight = nn.Parameter(weight.detach().clone())
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone())
    module: nn.Module = layer
    return module
