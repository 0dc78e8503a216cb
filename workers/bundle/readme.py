"""The bundle's README: what is in it, what it achieves, and how to load it."""

from nas_service.domain.entities import JsonDict
from search_spaces import NetworkPlan

_TEMPLATE = """\
# {title}

An image classifier for `{dataset}` ({classes} classes, input {channels} x {height} x {width}), found by
hardware-aware neural architecture search. Every number below was measured on the exported file `model.onnx`.

| | |
|---|---|
| test accuracy | **{test:.4f}** ({test_n:,} images, touched once) |
| validation accuracy | {validation:.4f} ({validation_n:,} images, selected on) |
{latencies}
| multiply-accumulates | {macs:,.0f} |
| parameters | {params:,.0f} |
| weights, batch norm folded | {weight_bytes:,.0f} bytes |
| `model.onnx` | {file_bytes:,} bytes |
| trained | {epochs} epochs on {train_n:,} images, seed {seed}, {duration:.1f} s on {device} ({precision}) |

![architecture](architecture.svg)

## Load it

The graph takes raw pixels, float32 in [0, 1], shape (batch, {channels}, {height}, {width}), and gives logits.
Normalisation is inside. Class names stand in the file's metadata and in `architecture.json`.

```python
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
logits = session.run(None, {{"pixels": np.zeros((1, {channels}, {height}, {width}), np.float32)}})[0]
```

As a torch module with identical outputs:

```python
import search_spaces
model = search_spaces.load(".")
```

## Check it

`nas verify .` recomputes the accuracies from the exported file, times it again, and reports agreement or not.
`sha256sum -c SHA256SUMS` checks the files. `card.json` holds everything: splits, seeds, learning curve, the
latency's quantiles and birthplace, versions.
"""


def make_readme(card: JsonDict, plan: NetworkPlan) -> str:
    """Markdown from a card."""
    accuracy, cost, training, data = card["accuracy"], card["cost"], card["training"], card["dataset"]
    counts = training["fidelity"]
    return _TEMPLATE.format(
        title=f"{card['search']['name']}, candidate {card['candidate']['number']}",
        dataset=data["spec"]["name"],
        classes=len(data["classes"]),
        channels=plan.input.channels,
        height=data["height"],
        width=data["width"],
        test=accuracy["test"]["accuracy"],
        test_n=accuracy["test"]["sample_count"],
        validation=accuracy["validation"]["accuracy"],
        validation_n=accuracy["validation"]["sample_count"],
        latencies="\n".join(_latency_row(latency) for latency in card["latencies"]),
        macs=cost["macs"],
        params=cost["params"],
        weight_bytes=cost["weight_bytes"],
        file_bytes=cost["model_file_bytes"],
        epochs=counts["epochs"],
        train_n=counts["train_samples"],
        seed=counts["seed"],
        duration=training["duration_s"],
        device=training["device"],
        precision=training["precision"],
    )


def _latency_row(latency: JsonDict) -> str:
    target, birthplace = latency["target"], latency["birthplace"]
    where = (
        f"{target['runtime']} {target['precision']}, {target['threads']} thread(s), batch {target['batch_size']},"
        f" {birthplace['cpu']}"
    )
    low, high = latency["ci95_low_ms"], latency["ci95_high_ms"]
    interval = f" (95 % interval {low:.4f} to {high:.4f})" if low is not None else ""
    noisy = ", noisy: it missed the precision asked for" if latency["noisy"] else ""
    return f"| latency | **{latency['median_ms']:.4f} ms**{interval}{noisy}; {where} |"
