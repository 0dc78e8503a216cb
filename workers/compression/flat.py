"""A network of any make as one flat graph over its own layers: what techniques read that follow channels or tensors.

Layers that are plainly `nn.Conv2d`, `nn.Linear` or `nn.BatchNorm2d` are modules of the graph under their own names,
shared with the network; everything between them is an ATen function that changes nothing in place.
"""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram, export
from torch.export.graph_signature import InputKind

LAYERS: dict[Any, type[nn.Module]] = {
    torch.ops.aten.conv2d.default: nn.Conv2d,
    torch.ops.aten.linear.default: nn.Linear,
    torch.ops.aten.batch_norm.default: nn.BatchNorm2d,
}


def flat_graph(network: nn.Module, shape: tuple[int, int, int]) -> fx.GraphModule:
    """The graph of `network` in eval mode for images of `shape` (C, H, W), in any number.

    Each node's `meta["val"]` has the shape of what it computes. Raises what `torch.export` does for a network that
    cannot be traced.
    """
    images = torch.zeros(2, *shape, device=next(network.parameters()).device)
    network = network.eval()
    with torch.no_grad():
        program = export(network, (images,), dynamic_shapes=({0: Dim("batch", min=1)},), strict=False)
    graph = fx.GraphModule(network, _rebuilt(program, network))
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def contiguous_copy(network: nn.Module) -> nn.Module:
    """An fp32 copy on the CPU in eval mode and in one memory format, for a graph to be its own."""
    copied = copy.deepcopy(network).cpu().float().eval()
    copied.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # missing in torch's stubs
    return copied


def layer_of(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """The module that a node calls."""
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None


def _rebuilt(program: ExportedProgram, network: nn.Module) -> fx.Graph:
    """The program's graph with parameters where they belong: inside layers, or read by name."""
    kinds = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
    graph = fx.Graph()
    made: dict[fx.Node, fx.Node] = {}
    for node in program.graph.nodes:
        spec = kinds.get(node.name) if node.op == "placeholder" else None
        if spec is not None and spec.kind is not InputKind.USER_INPUT:
            made[node] = graph.get_attr(str(spec.target))
        elif node.op == "output":
            graph.output(made[node.args[0][0]])
        elif (layer := _layer_name(node, kinds, network)) is not None:
            made[node] = graph.call_module(layer, (made[node.args[0]],))
        elif node.op == "call_function":
            made[node] = graph.node_copy(node, made.__getitem__)
            made[node].target = _out_of_place(node.target)
        else:
            made[node] = graph.node_copy(node, made.__getitem__)
        if node in made:
            made[node].meta = {"val": node.meta.get("val")}
    return graph


def _layer_name(node: fx.Node, kinds: dict[str, Any], network: nn.Module) -> str | None:
    """The layer whose `forward` this call is: its weight comes straight from a plain module of that type."""
    kind = LAYERS.get(node.target) if node.op == "call_function" else None
    weight = kinds.get(node.args[1].name) if kind and isinstance(node.args[1], fx.Node) else None
    if weight is None or weight.target is None or not weight.target.endswith(".weight"):
        return None
    name = str(weight.target).removesuffix(".weight")
    return name if type(network.get_submodule(name)) is kind else None


def _out_of_place(target: Any) -> Any:
    """`relu` for `relu_`: the graph is run again and again, and what a node computed may be read twice."""
    name, _, overload = str(target).removeprefix("aten.").partition(".")
    if name.endswith("_") and hasattr(torch.ops.aten, name[:-1]):
        return getattr(getattr(torch.ops.aten, name[:-1]), overload)
    return target


def places_of(node: fx.Node) -> int:
    """Height times width of what a node computes; 1 for vectors."""
    value = node.meta["val"]
    return int(value.shape[2] * value.shape[3]) if isinstance(value, Tensor) and value.ndim == 4 else 1
