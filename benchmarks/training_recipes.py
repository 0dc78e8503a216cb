"""What training techniques bring a small network, and what they cost: each beside the plain recipe, over seeds.

One run trains one network with one technique and seed, then takes the accuracy of its files: fp32 and int8, executed
by onnxruntime on the test images. The plain recipe of the same data and seed starts from the same weights and visits
images in the same order, so that differences are paired by seed. Teachers have some fifteen times the MACs, and are
trained before by the plain recipe.

- delta: accuracy on the test images less that of the plain recipe, in points, with a 95 % interval over seeds.
- time: of a training, as a ratio to plain; CPU time on the CPU, otherwise wall time. Teachers' trainings are apart.
- sharpness: the worst rise of the training loss nearby (`workers.sharpness`), as a ratio to plain.
- int8 loss: accuracy that quantization takes, in points, and by how much it raises the test loss, in nats.

Whether flat minima quantize better is Spearman's correlation of sharpness with that rise: over all runs of a data set,
and with each technique's mean taken off both, so that no single technique makes the correlation.

Every run is written to `--json` once it is done; a later call with the same file and settings does the missing ones.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from common import Bar, Findings, add_options, publish
from rich.progress import Progress
from rich.table import Table
from scipy import stats

from nas_service.domain.recipe import apply_recipe
from nas_service.domain.spec import DatasetSpec, TrainingSpec

PLAIN = "plain"
TECHNIQUES: dict[str, tuple[str, ...]] = {
    PLAIN: (),
    "label-smoothing": ("label-smoothing",),
    "mixup": ("mixup",),
    "ema": ("ema",),
    "swa": ("swa",),
    "sam": ("sam",),
    "asam": ("asam",),
    "looksam": ("looksam",),
    "distill": ("distill",),
    "distill, 3 teachers": ("distill",),
    "distill-features": ("distill-features",),
    "distill + features": ("distill", "distill-features"),
    "swa + sam + distill": ("swa", "sam", "distill"),
    "progressive-resizing": ("progressive-resizing",),
    "freeze-early-layers": ("freeze-early-layers",),
    "early-stopping": ("early-stopping",),
}
"""By the name in the table: the recipe's steps, beside those of the plain recipe."""
PRECISIONS = ("bf16", "fp16")
"""Further techniques on an accelerator: the plain recipe in another precision than fp32."""
QUICK = (PLAIN, "swa", "looksam", "distill", "freeze-early-layers")
TEACHER_SEEDS = (1000, 1001, 1002)
STUDENT = {"width_multiplier": 0.5, "stem_width": 8, "head_width": 128, "depth": 1, "expansion": 2}
TEACHER = {"width_multiplier": 1.0, "stem_width": 16, "head_width": 192, "depth": 2, "expansion": 4}
RESOLUTIONS = {"digits": 16}
RESOLUTION = 24
INT8_LOSS_IMAGES = 2000


@dataclass(frozen=True)
class Run:
    """One training. A value, so that it can be sent to another process and found again in a file."""

    dataset: str
    technique: str
    seed: int
    epochs: int
    device: str

    @property
    def key(self) -> str:
        return json.dumps([self.dataset, self.technique, self.seed, self.epochs, self.device])


def config_of(run: Run) -> TrainingSpec:
    """The plain recipe: SGD with a cosine, random crops, fp32."""
    precision = run.technique if run.technique in PRECISIONS else "fp32"
    plain = TrainingSpec(epochs=run.epochs, augment=("crop",), precision=precision)
    return apply_recipe(plain, TECHNIQUES.get(run.technique, ()))


def data_of(dataset: str, cache_dir: Path) -> Any:
    """`digits`, or the path of an npz file."""
    from workers.data.load import load_dataset

    if dataset == "digits":
        return load_dataset(DatasetSpec(name="digits", image_size=RESOLUTIONS["digits"]), [], cache_dir)
    path = Path(dataset).resolve()
    return load_dataset(DatasetSpec(name=f"npz:{path}"), [path.parent], cache_dir)


def network_of(data: Any, size: dict[str, Any], seed: int) -> Any:
    """A network of inverted residuals in three stages, from the seed's weights."""
    import torch

    from search_spaces import build, get
    from search_spaces.plan import NetworkInput

    space = get("mobilenet", preset="small")
    choices: dict[str, Any] = {
        "stages": 3,
        "depth_multiplier": 1.0,
        "resolution": RESOLUTIONS.get(data.name, RESOLUTION),
    }
    choices |= {name: size[name] for name in ("width_multiplier", "stem_width", "head_width")}
    for stage, kernel in enumerate((3, 5, 3), 1):
        own = {"kind": "inverted", "activation": "relu", "squeeze_excite": False, "kernel": kernel}
        own |= {"depth": size["depth"], "expansion": size["expansion"]} | (
            {} if stage == 3 else {"downsample": "stride"}
        )
        choices |= {f"stage{stage}_{name}": value for name, value in own.items()}
    architecture = space.canonical(choices)
    torch.manual_seed(seed)
    return space, architecture, build(space, architecture, NetworkInput(data.channels, len(data.classes)))


def teacher_path(folder: Path, run: Run, seed: int) -> Path:
    name = sha256(json.dumps([run.dataset, run.epochs, seed]).encode()).hexdigest()[:16]
    return folder / f"teacher-{name}.safetensors"


def train_teacher(run: Run, folder: Path) -> dict[str, Any]:
    """Leaves its weights in `folder` for the students to come."""
    import torch
    from safetensors.torch import save_file

    from workers.training import RunSettings, train

    torch.set_num_threads(1)
    data = data_of(run.dataset, folder)
    _, _, network = network_of(data, TEACHER, run.seed)
    settings = RunSettings(run.seed, run.device, folder)
    result = train(network, data, config_of(run), run=settings)
    save_file(result.weights, teacher_path(folder, run, run.seed))
    return run.__dict__ | {"validation_accuracy": result.validation_accuracy, "wall_s": result.duration_s}


def teachers_of(run: Run, folder: Path, data: Any) -> list[Any]:
    from safetensors.torch import load_file

    from workers.training.teachers import Teacher

    found = []
    for seed in TEACHER_SEEDS[: 3 if "3" in run.technique else 1]:
        path = teacher_path(folder, run, seed)
        _, _, network = network_of(data, TEACHER, seed)
        network.load_state_dict(load_file(path))
        found.append(Teacher(sha256(path.read_bytes()).hexdigest(), network))
    return found


def do(run: Run, folder: Path) -> dict[str, Any]:
    """All figures of one run."""
    import torch

    from workers.data import spread_batch
    from workers.sharpness import SHARPNESS_IMAGES, sharpness_of
    from workers.training import RunSettings, train

    torch.set_num_threads(1)
    data = data_of(run.dataset, folder)
    space, architecture, network = network_of(data, STUDENT, run.seed)
    settings = RunSettings(run.seed, run.device, folder, lambda: teachers_of(run, folder, data))
    cpu = time.process_time()
    result = train(network, data, config_of(run), run=settings)
    cpu_s = time.process_time() - cpu
    network.load_state_dict(result.weights)
    network.eval()
    images, labels = spread_batch(data, data.train, SHARPNESS_IMAGES)
    sharpness = sharpness_of(network, images, labels)
    return run.__dict__ | {
        "validation_accuracy": result.validation_accuracy,
        "wall_s": result.duration_s,
        "cpu_s": cpu_s,
        "samples_per_s": result.samples_per_s,
        "epochs_done": result.epochs,
        "device_found": result.device,
        "loss_rise": sharpness.loss_rise,
        "top_eigenvalue": sharpness.top_eigenvalue,
        **files_of(network, data, space.name, architecture.key),
    }


def files_of(network: Any, data: Any, space: str, key: str) -> dict[str, float]:
    """Accuracy and loss of the fp32 and the int8 file on test images, executed by onnxruntime."""
    from nas_service.domain.formats import ModelFormat
    from workers.export.files import subject_of, write_files

    with tempfile.TemporaryDirectory() as written:
        formats = (ModelFormat.ONNX, ModelFormat.ONNX_INT8)
        files = list(write_files(subject_of(network, data, space, key), formats, Path(written)))
        (accuracy, loss), (int8_accuracy, int8_loss) = (judged(file.path, file.format, data) for file in files)
    return {
        "test_accuracy": accuracy,
        "test_loss": loss,
        "int8_test_accuracy": int8_accuracy,
        "int8_test_loss": int8_loss,
    }


def judged(path: Path, form: Any, data: Any) -> tuple[float, float]:
    """(accuracy, mean cross-entropy in nats) of an exported file."""
    from scipy.special import log_softmax

    from workers.export.exported import ExportedModel, pixels_of

    model = ExportedModel(path, form)
    spans = [slice(start, start + 64) for start in range(0, min(len(data.test), INT8_LOSS_IMAGES), 64)]
    logits = np.concatenate([model.logits(pixels_of(data.test, span)) for span in spans])
    labels = data.test.labels[: len(logits)].numpy()
    loss = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()
    return float((logits.argmax(1) == labels).mean()), float(loss)


def interval(values: Iterable[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t; without width for a single value."""
    found = np.array(list(values))
    mean = float(found.mean())
    if len(found) < 2:
        return mean, mean, mean
    half = float(stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / len(found) ** 0.5)
    return mean, mean - half, mean + half


def int8_rise(run: dict[str, Any]) -> float:
    return float(run["int8_test_loss"] - run["test_loss"])


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each data set and technique."""
    plain = {(run["dataset"], run["seed"]): run for run in runs if run["technique"] == PLAIN}
    rows = []
    for dataset, technique in dict.fromkeys((run["dataset"], run["technique"]) for run in runs):
        own = [run for run in runs if (run["dataset"], run["technique"]) == (dataset, technique)]
        pairs = [(run, plain[dataset, run["seed"]]) for run in own if (dataset, run["seed"]) in plain]
        if not pairs:
            continue
        clock = "cpu_s" if own[0]["device_found"] == "cpu" else "wall_s"
        delta = interval(100 * (run["test_accuracy"] - base["test_accuracy"]) for run, base in pairs)
        rows.append(
            {
                "dataset": dataset,
                "technique": technique,
                "seeds": len(pairs),
                "accuracy": float(np.mean([run["test_accuracy"] for run in own])),
                "delta_points": delta,
                "time_ratio": float(np.median([run[clock] / base[clock] for run, base in pairs])),
                "samples_per_s": float(np.median([run["samples_per_s"] for run in own])),
                "sharpness_ratio": float(np.median([run["loss_rise"] / base["loss_rise"] for run, base in pairs])),
                "int8_loss_points": interval(100 * (r["test_accuracy"] - r["int8_test_accuracy"]) for r in own),
                "int8_loss_nats": interval(int8_rise(run) for run in own),
            }
        )
    return rows


def correlations(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of sharpness with what int8 adds to the loss, for each data set; within techniques and over all runs."""
    found = []
    for dataset in dict.fromkeys(run["dataset"] for run in runs):
        own = [run for run in runs if run["dataset"] == dataset]
        if len(own) < 4:
            continue
        groups = [[run["technique"] == name for run in own] for name in dict.fromkeys(r["technique"] for r in own)]
        rises = np.array([int8_rise(run) for run in own])
        for measure in ("loss_rise", "top_eigenvalue"):
            sharp = np.log(np.maximum([run[measure] for run in own], 1e-12))
            overall, within = (
                stats.spearmanr(sharp, rises),
                stats.spearmanr(centred(sharp, groups), centred(rises, groups)),
            )
            found.append(
                {
                    "dataset": dataset,
                    "sharpness": measure,
                    "runs": len(own),
                    "rho": float(overall.statistic),
                    "p": float(overall.pvalue),
                    "rho_within_techniques": float(within.statistic),
                    "p_within_techniques": float(within.pvalue),
                }
            )
    return found


def centred(values: np.ndarray, groups: list[list[bool]]) -> np.ndarray:
    values = values.copy()
    for members in groups:
        values[members] -= values[members].mean()
    return values


def table_of(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Training techniques beside the plain recipe (test accuracy; means over seeds, 95 % intervals)")
    for column in ("data", "technique", "n", "accuracy", "delta (points)", "time", "images/s", "sharpness"):
        table.add_column(column)
    table.add_column("int8: points, nats")
    for row in rows:
        mean, low, high = row["delta_points"]
        table.add_row(
            Path(row["dataset"]).stem,
            row["technique"],
            str(row["seeds"]),
            f"{row['accuracy']:.4f}",
            "" if row["technique"] == PLAIN else f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]",
            f"{row['time_ratio']:.2f}",
            f"{row['samples_per_s']:.0f}",
            f"{row['sharpness_ratio']:.2f}",
            f"{row['int8_loss_points'][0]:.2f}, {row['int8_loss_nats'][0]:.4f}",
        )
    return table


def bars(rows: list[dict[str, Any]]) -> list[Bar]:
    """What distillation and SAM are said to bring: the lower end of the interval of what they do."""
    found = []
    for row in rows:
        if row["technique"] in ("distill", "sam") and row["seeds"] > 1:
            name = f"{row['technique']} on {Path(row['dataset']).stem}: lower end of its gain, in points"
            found.append(Bar(name, row["delta_points"][1], 0.0))
    return found


def draw(raw: Any) -> Any:
    """Sharpness against what int8 adds to the loss, a mark a run."""
    from matplotlib.figure import Figure

    datasets = list(dict.fromkeys(run["dataset"] for run in raw["runs"]))
    figure = Figure(figsize=(6 * len(datasets), 4.5))
    for axes, dataset in zip(np.atleast_1d(figure.subplots(1, len(datasets))), datasets, strict=True):
        own = [run for run in raw["runs"] if run["dataset"] == dataset]
        for technique in dict.fromkeys(run["technique"] for run in own):
            mine = [run for run in own if run["technique"] == technique]
            axes.plot([r["loss_rise"] for r in mine], [int8_rise(r) for r in mine], "o", label=technique, alpha=0.8)
        axes.set(xscale="log", xlabel="worst rise of the loss nearby (nats)", ylabel="rise of the loss by int8 (nats)")
        axes.set_title(Path(dataset).stem)
    axes.legend(fontsize=6)
    return figure


def known_runs(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    raw = json.loads(path.read_text())["raw"]
    return {Run(*(run[name] for name in Run.__dataclass_fields__)).key: run for run in raw["runs"]}


def keep(path: Path | None, raw: dict[str, Any]) -> None:
    """So that a run that is done need not be done again, whatever ends this process."""
    if path is None:
        return
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps({"benchmark": "training recipes", "raw": raw}))
    os.replace(beside, path)


def parse() -> argparse.Namespace:
    parser = add_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--data", type=Path, action="append", default=[], metavar="FILE.npz", help="beside the digits")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--techniques", nargs="+", metavar="NAME", help="only these, and the plain recipe")
    parser.add_argument("--device", default="cpu", help="where networks are trained: cpu, cuda")
    parser.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--cache", type=Path, help="folder of decoded data, teachers and kernels; by default a new one")
    return parser.parse_args()


def wanted(chosen: argparse.Namespace) -> tuple[list[Run], list[Run]]:
    """(teachers, students), seed by seed, so that what is done first is comparable."""
    datasets = ["digits", *(str(path.resolve()) for path in chosen.data)]
    names = [*TECHNIQUES, *(PRECISIONS if chosen.device != "cpu" else ())]
    if chosen.quick or chosen.techniques:
        names = [name for name in names if name in {PLAIN, *(chosen.techniques or QUICK)}]
    seeds, epochs = (2, 3) if chosen.quick else (chosen.seeds, chosen.epochs)
    most = 3 if "distill, 3 teachers" in names else 1 if any("distill" in name for name in names) else 0
    teachers = [Run(data, PLAIN, seed, epochs, chosen.device) for data in datasets for seed in TEACHER_SEEDS[:most]]
    students = [Run(d, name, seed, epochs, chosen.device) for seed in range(seeds) for d in datasets for name in names]
    return teachers, students


def main() -> None:
    chosen = parse()
    with tempfile.TemporaryDirectory() as new:
        folder = chosen.cache or Path(new)
        folder.mkdir(parents=True, exist_ok=True)
        raw = run_all(chosen, folder)
    rows = summary(raw["runs"])
    raw |= {"summary": rows, "correlations": correlations(raw["runs"])}
    packages = ["torch", "numpy", "onnxruntime"]
    publish(Findings("training recipes", raw, bars(rows), table_of(rows), packages), chosen, draw)
    for found in raw["correlations"]:
        print_correlation(found)


def run_all(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    teachers, students = wanted(chosen)
    known = known_runs(chosen.json)
    missing = [run for run in students if run.key not in known]
    raw: dict[str, Any] = {"teachers": [], "runs": [known[run.key] for run in students if run.key in known]}
    lacking = [t for t in teachers if not teacher_path(folder, t, t.seed).exists()] if missing else []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.workers, mp_context=context) as pool, Progress() as progress:
        shown = progress.add_task("trainings", total=len(lacking) + len(missing))
        tutoring = {pool.submit(train_teacher, run, folder) for run in lacking}
        waiting = [run for run in missing if tutoring and config_of(run).distill.is_on]
        learning = {pool.submit(do, run, folder) for run in missing if run not in waiting}
        while tutoring or learning:
            done, _ = wait(tutoring | learning, return_when=FIRST_COMPLETED)
            raw["teachers"] += [future.result() for future in done & tutoring]
            raw["runs"] += [future.result() for future in done & learning]
            tutoring, learning = tutoring - done, learning - done
            if waiting and not tutoring:
                learning |= {pool.submit(do, run, folder) for run in waiting}
                waiting = []
            keep(chosen.json, raw)
            progress.advance(shown, len(done))
    return raw


def print_correlation(found: dict[str, Any]) -> None:
    rho, within = found["rho"], found["rho_within_techniques"]
    print(
        f"{Path(found['dataset']).stem}, {found['sharpness']}: Spearman {rho:+.2f} (p {found['p']:.2g}) over"
        f" {found['runs']} runs, {within:+.2f} (p {found['p_within_techniques']:.2g}) within techniques"
    )


if __name__ == "__main__":
    main()
