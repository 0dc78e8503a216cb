"""The bundle's README: what is in it, what it achieves, and how to load it."""

from nas_service.domain.entities import PACKED_FILE
from nas_service.domain.formats import ModelFormat
from workers.bundle.card_format import Card, FilePart, LatencyPart, LineagePart, PackedPart, SharpnessPart
from workers.export.onnx_export import INPUT_NAME

PURPOSES = {
    ModelFormat.ONNX: "the network to deploy",
    ModelFormat.ONNX_INT8: "the same, quantized to int8 (QDQ) on training images; the code above loads it as well",
    ModelFormat.PT2: "the same for torch: `torch.export.load`",
    ModelFormat.PTE: "the same for ExecuTorch, lowered to XNNPACK",
}

_TEMPLATE = """\
# {title}

A classifier of {shape} images ({colour}) for the {class_count} classes of `{dataset}`, found by hardware-aware
neural architecture search.

| | |
|---|---|
{rows}

The accuracies are those of {tested}. The search selected on the validation split, so
its accuracy is optimistic; the test split was used once, for this table. MACs, parameters and weights {origin}.

![The network block by block, with the shape of every tensor](architecture.svg)

## Load it

The graph takes raw pixels, float32 in [0, 1], shape (batch, {channels}, {height}, {width}), and gives logits.
Normalisation is inside.{preparation} Nothing but ONNX Runtime is needed:

```python
import json

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
pixels = np.zeros((1, {channels}, {height}, {width}), np.float32)  # put an image here
(logits,) = session.run(None, {{"{input_name}": pixels}})
print(classes[logits[0].argmax()])
```

As a torch module that takes and gives the same, with `pip install "nas-service[worker]"`:

```python
import search_spaces
import torch

model = search_spaces.load(".")
with torch.inference_mode():
    logits = model(torch.zeros(1, {channels}, {height}, {width}))
```

## Check it

- `nas verify .` computes the accuracies again from the exported file, times it again on the device it was timed on,
  and says whether that agrees with the card. It needs the data set.
- `sha256sum -c SHA256SUMS` checks the files.

## What is in it

| file | |
|---|---|
{files}
| `architecture.json`, `weights.safetensors` | the same network for torch |
| `card.json` | every number with its origin: splits, seeds, learning curve, the latency's quantiles, versions |
| `architecture.svg` | the drawing above |
| `SHA256SUMS` | checksums of the other files |
"""

_BEGINNINGS = {"scratch": "", "inherited": "from a supernet's weights, "}


def make_readme(card: Card) -> str:
    """Markdown that says what the card says, to people."""
    data = card.dataset
    return _TEMPLATE.format(
        title=f"{card.search.name}, candidate {card.candidate.number}",
        shape=f"{data.height} × {data.width}",
        colour="grey" if data.channels == 1 else "RGB",
        class_count=len(data.classes),
        dataset=data.spec.name,
        channels=data.channels,
        height=data.height,
        width=data.width,
        preparation=_preparation(data.spec.image_size),
        input_name=INPUT_NAME,
        tested=_tested(card.files),
        origin=_origin(card.lineage),
        files="\n".join(f"| `{file.name}` | {PURPOSES[file.format]} |" for file in card.files),
        rows="\n".join(f"| {name} | {value} |" for name, value in _rows(card)),
    )


def _preparation(image_size: int | None) -> str:
    """What was done to images before the network saw them, where anything was."""
    if image_size is None:
        return ""
    return f" Images were resized to {image_size} pixels on their short side, then cropped around the centre."


def _rows(card: Card) -> list[tuple[str, str]]:
    cost, training = card.cost, card.training
    accuracies = [row for file in card.files for row in _accuracies(file)]
    named = len(card.files) > 1
    return [
        *_descent(card.lineage),
        *([("executed at", card.candidate.precision)] if card.candidate.precision else []),
        *((f"{what}, `{name}`" if named else what, value) for what, name, value in accuracies),
        *((f"latency, `{at.file_name}`" if named else "latency", _latency(at)) for at in card.latencies),
        ("multiply-accumulates", f"{cost.macs:,}"),
        ("parameters", f"{cost.params:,}"),
        (f"weights, {card.candidate.precision or 'fp32'}, batch norm folded", f"{cost.weight_bytes:,} bytes"),
        *((f"`{file.name}`", f"{file.size_bytes:,} bytes") for file in card.files),
        *_packed(card.packed),
        (
            "training",
            f"{_BEGINNINGS[training.evaluator]}{_counted(training.epochs, 'epoch')}"
            f" on {training.train_samples:,} images, seed {training.seed},"
            f" {training.duration_s:.1f} s on {training.device} ({training.precision})",
        ),
        *_sharpness(card.sharpness),
    ]


def _packed(part: PackedPart | None) -> list[tuple[str, str]]:
    return [] if part is None else [(f"`{PACKED_FILE}`", f"{part.size_bytes:,} bytes, {part.zero_share:.0%} zeros")]


def _sharpness(part: SharpnessPart | None) -> list[tuple[str, str]]:
    if part is None:
        return []
    figures = f"the loss rises by up to {part.loss_rise:.3g} nearby; largest curvature {part.top_eigenvalue:.3g}"
    return [("sharpness", f"{figures} ({part.samples:,} training images)")]


def _descent(part: LineagePart | None) -> list[tuple[str, str]]:
    """What it was made of, and each number beside the parent's."""
    if part is None:
        return []
    steps = ", ".join(step["step"] for step in part.steps)
    rows = [(f"{name}, parent → this", f"{c.parent:,.6g} → {c.child:,.6g}") for name, c in part.comparison.items()]
    return [("compressed", f"candidate {part.parent_number} by {steps}: {part.reason}"), *rows]


def _accuracies(file: FilePart) -> list[tuple[str, str, str]]:
    """What, of which file, and how much."""
    return [
        ("test accuracy", file.name, f"**{file.test.accuracy:.4f}** on {file.test.sample_count:,} images"),
        (
            "validation accuracy",
            file.name,
            f"{file.validation.accuracy:.4f} on {file.validation.sample_count:,} images",
        ),
    ]


def _origin(part: LineagePart | None) -> str:
    if part is None:
        return "follow from the\narchitecture"
    return "are counted on the\ncompressed network; the drawing shows what it was before"


def _tested(files: list[FilePart]) -> str:
    if len(files) == 1:
        return "`model.onnx` itself, run by ONNX Runtime"
    return "the files themselves, each run by a stock runtime"


def _latency(latency: LatencyPart) -> str:
    target, birthplace = latency.target, latency.birthplace
    interval = (
        f" (95 % interval {latency.ci95_low_ms:.4f} to {latency.ci95_high_ms:.4f})"
        if latency.ci95_low_ms is not None
        else ""
    )
    noisy = ", noisy: less precise than was asked for" if latency.noisy else ""
    taken = f", of {_counted(len(latency.timings_ms), 'timing')}" if len(latency.timings_ms) > 1 else ""
    where = (
        f"{target.runtime} {target.precision} ({birthplace.libraries}),"
        f" {_counted(target.threads, 'thread')}, batch {target.batch_size}, on {birthplace.cpu},"
        f" {birthplace.started_at:%Y-%m-%d}"
    )
    return f"**{latency.median_ms:.4f} ms**{interval}{noisy}{taken}; {where}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
