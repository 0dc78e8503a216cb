"""`early-exit`: an image that is told easily leaves the network behind its first layers.

As in BranchyNet (Teerapittayanon et al., ICPR 2016), but the network itself stays as it is: heads are trained on its
frozen features, their confidences are calibrated by a temperature (Guo et al., ICML 2017), and of several places that
one is kept which saves the most.
"""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from nas_service.domain.compression.early_exit import EarlyExitOptions
from nas_service.domain.errors import PermanentError
from nas_service.domain.formats import ModelFormat
from workers.compression.contract import Compressed, Workbench
from workers.compression.cuts import cuts_of
from workers.compression.exit_network import exit_file
from workers.compression.exit_places import Place, calibrated, seen_by, spread, with_exit
from workers.compression.exit_timing import RUNTIME, saved_time
from workers.compression.exit_training import ExitHeads, ExitLoop, training_of
from workers.compression.network_cost import cost_of, image_like
from workers.compression.quantized import folded_graph
from workers.compression.self_compress import shape_of
from workers.data import DataSet
from workers.export.files import subject_of
from workers.export.onnx_export import export_onnx
from workers.profiling.harness import images_for
from workers.profiling.runtimes import RUNTIMES

NO_EXIT = {"exit_after": None, "exit_share": 0.0, "expected_macs_ratio": 1.0, "expected_latency_ratio": 1.0}
"""Facts where none would save anything."""


def early_exit(network: nn.Module, options: EarlyExitOptions, bench: Workbench) -> Compressed:
    """The network with an exit, and the ONNX file in which it saves time; as it was where no exit would save MACs.

    The file has the same logits for an image whichever others are in its batch; what is behind the exit is left out
    where all of them leave. Raises PermanentError for a network that cannot be cut in two.
    """
    data, subject = bench.data, subject_of(network, bench.data, "", "")
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "whole.onnx")
        export_onnx(network, subject.facts, subject.images(), whole)
        graph = folded_graph(network, shape_of(data))
        places = _places(graph, options, bench, _stranger(whole, data))
        macs = cost_of(network, data).macs
        best = min(places, key=lambda place: place.expected_macs(macs))
        facts: dict[str, Any] = {"tried_places": len(places)}
        if best.expected_macs(macs) >= macs:
            return Compressed(network, facts | NO_EXIT)
        made = with_exit(graph, best)
        content = exit_file(made, subject.facts)
        child = Path(scratch, "child.onnx")
        child.write_bytes(content)
        facts |= _facts(best, macs) | asdict(saved_time(whole, child, made, (data, data.validation)))
    return Compressed(made, facts, {ModelFormat.ONNX.file_name: content})


def _places(graph: fx.GraphModule, options: EarlyExitOptions, bench: Workbench, stranger: Tensor) -> list[Place]:
    """Each with its head trained and calibrated."""
    cuts = cuts_of(graph, image_like(bench.data, graph))
    if not cuts:
        detail = "no operator of the network gives all that is read behind it: remove early-exit from the recipe"
        raise PermanentError("no-place-for-exit", detail)
    chosen = spread(cuts, options.positions)
    with torch.random.fork_rng():
        torch.manual_seed(bench.seed)
        untrained = ExitHeads(graph, chosen, len(bench.data.classes))
    heads = bench.train(untrained, training_of(bench.training, options), ExitLoop)
    assert isinstance(heads, ExitHeads)
    seen, strange = seen_by(heads, graph, bench.data), heads.logits(stranger)
    places = []
    for index, (cut, head) in enumerate(zip(chosen, heads.heads, strict=True)):
        assert isinstance(head, nn.Sequential)
        places.append(calibrated(cut, head, index, seen, options.max_loss / 100, strange[index]))
    return places


def _stranger(whole: Path, data: DataSet) -> Tensor:
    """The random pixels by which networks are timed, normalised: that latency is to be the one of the whole network."""
    pixels = torch.from_numpy(images_for(RUNTIMES[RUNTIME].load(whole, 1), 1))
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    return (pixels - mean) / std


def _facts(place: Place, network_macs: int) -> dict[str, Any]:
    assert place.threshold is not None
    return {
        "exit_after": place.cut.node.name,
        "exit_share": place.threshold.exit_share,
        "threshold": place.threshold.value,
        "temperature": place.temperature,
        "exit_macs": place.exit_macs,
        "expected_macs_ratio": place.expected_macs(network_macs) / network_macs,
        "latency_ms_is_of": "an image that does not leave early",
    }
