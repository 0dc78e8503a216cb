"""How much each layer suffers from rounding, and which are better left in fp32."""

from collections.abc import Callable, Sequence

from torch import Tensor, fx, nn

from workers.compression.calibration import sqnr_db
from workers.compression.flat import layer_of
from workers.compression.quantized import quantizers, weight_quantizer_of, weighted_layers
from workers.compression.quantizers import ActivationQuantizer


def sensitivities_db(network: fx.GraphModule, images: Tensor) -> dict[str, float]:
    """By layer, the logits' signal to quantization noise when it alone is rounded, with what it reads and gives: the
    lower, the more sensitive. Layers that are not rounded are left out."""
    all_quantizers = [quantizer for quantizer in quantizers(network) if quantizer.enabled]
    found = {}
    for node in network.graph.nodes:
        layer = layer_of(network, node)
        quantizer = weight_quantizer_of(layer) if layer is not None else None
        if quantizer is None:
            continue
        around = {layer_of(network, near) for near in (*node.all_input_nodes, *_behind(network, node))}
        for other in all_quantizers:
            other.enabled = other is quantizer or other in around
        found[str(node.target)] = sqnr_db(network, images)
    for other in all_quantizers:
        other.enabled = True
    return found


def _behind(network: fx.GraphModule, node: fx.Node) -> list[fx.Node]:
    """What rounds the layer's output: the next node, or the one after its ReLU."""
    after = list(node.users)
    if after and not isinstance(layer_of(network, after[0]), ActivationQuantizer):
        after = list(after[0].users)
    return after[:1]


def fewest_excluded(order: Sequence[str], is_good: Callable[[Sequence[str]], bool]) -> list[str]:
    """The shortest beginning of `order` with which all is well, if its being well grows with the length; all of it
    where nothing is. Asks for about log2 of the length."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if is_good(order[:middle]):
            high = middle
        else:
            low = middle + 1
    return list(order[:low])


def slow_in_int8(network: fx.GraphModule) -> list[str]:
    """Depthwise convolutions, and the layers of attention gates: they read single pixels, the averages of a map."""
    found = set()
    for node in network.graph.nodes:
        layer = layer_of(network, node)
        if isinstance(layer, nn.Conv2d) and (layer.groups > 1 or _is_one_place(node)):
            found.add(str(node.target))
    return [name for name in weighted_layers(network) if name in found]


def _is_one_place(node: fx.Node) -> bool:
    value = node.args[0].meta["val"]  # type: ignore[union-attr]
    return bool(value.shape[2] == 1 and value.shape[3] == 1)
