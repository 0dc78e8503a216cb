"""Every fault of a spec file, on its line, with its field and the nearest valid name."""

from pathlib import Path

import pytest

from nas_service.cli.spec.check import read_spec, refused
from nas_service.cli.spec.document import SpecFileError, read_document


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(SpecFileError) as caught:
        read_spec(path)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines()]


FAULTS = [
    ("strategy: {samplr: tpe}", "2: strategy.samplr: unknown field; did you mean `sampler`?"),
    ("epochs: 3", "2: epochs: unknown field; did you mean `training.epochs`?"),
    ("dataste: {name: digits}", "2: dataste: unknown field; did you mean `dataset`?"),
    ("strategy: {sampler: tpee}", "2: strategy.sampler: 'tpee' is not known here; did you mean `tpe`?"),
    ("strategy: {sampler: NSGA2}", "2: strategy.sampler: 'NSGA2' is not known here; did you mean `nsga2`?"),
    (
        "objectives: [{metric: latency}]",
        "2: objectives.0.metric: 'latency' is not known here; did you mean `latency_ms`",
    ),
    ("targets: [{runtime: onnx}]", "2: targets.0.runtime: 'onnx' is not known here; did you mean `onnxruntime`?"),
    (
        "targets:\n- {runtime: torch, precision: int8}",
        "3: targets.0.precision: torch executes fp32 only; int8 is executed by onnxruntime, openvino",
    ),
    ("training: {augment: [flipp]}", "2: training.augment.0: 'flipp' is not known here; did you mean `flip`?"),
    ("training: {recipe: [emaa]}", "2: training.recipe.0: no step is named 'emaa'; did you mean 'ema'?"),
    ("training: {recipe: [quantize-int8]}", "2: training.recipe.0: 'quantize-int8' belongs in finalize.recipe"),
    (
        "finalize: {recipe: [7]}",
        "2: finalize.recipe.0: should be the name of a step,"
        " or one name with its options such as `{quantize-int8: {}}`",
    ),
    (
        "finalize: {recipe: [{quantize-int8: {bits: 4}}]}",
        "2: finalize.recipe.0.quantize-int8.bits: no option is named 'bits'; choose from calibration,",
    ),
    ("training: {recipe: [ema, ema]}", "2: training.recipe.1: 'ema' is named twice; remove one"),
    ("training: {recipe: [train-longer]}", "2: training.recipe.0: 'train-longer' belongs in finalize.recipe"),
    ("budget: {candidates: 0}", "2: budget.candidates: should be greater than or equal to 1, not 0"),
    ("budget: {minutes: soon}", "2: budget.minutes: should be a valid number"),
    ("constraints: [{metric: macs}]", "2: constraints.0: give `min`, `max` or both"),
    ("constraints: [{metric: macs, max: 1, target: 0}]", "2: constraints.0: macs does not depend on a target"),
    ("objectives:\n- metric: accuracy\n- {metric: latency_ms, target: 3}", "4: objectives.1.target: is 3, but"),
    ("objectives: []", "2: objectives: should have at least 1 entry"),
    ("targets: fast", "2: targets: should be a list, not 'fast'"),
    ("space: mobilenet", "2: space: should be a mapping of fields; did you mean `{name: mobilenet}`?"),
    (
        "space:\n  choices:\n    kernel: [[3]]",
        "4: space.choices.kernel.0: should be true, false, a number or a text, not [3]",
    ),
    ("seed: -1", "2: seed: should be greater than or equal to 0, not -1"),
]


@pytest.mark.parametrize(("text", "problem"), FAULTS, ids=[problem for _, problem in FAULTS])
def test_one_fault_gives_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = refusal(tmp_path, f"dataset: {{name: digits}}\n{text}\n")
    assert line.startswith(problem)


@pytest.mark.parametrize(
    ("dataset", "problem"),
    [
        ("{name: digit}", "1: dataset.name: there is no data set digit; did you mean digits?"),
        (
            "{name: 'imagefoldr:pets'}",
            "1: dataset.name: there is no data set imagefoldr:pets; did you mean imagefolder:PA",
        ),
        ("{name: imagefolder}", "1: dataset.name: there is no data set imagefolder; did you mean imagefolder:PATH"),
        ("{name: zzz}", "1: dataset.name: there is no data set zzz; use one of digits, imagefolder:PATH"),
        ("digits", "1: dataset: should be a mapping of fields; did you mean `{name: digits}`?"),
        ("{}", "1: dataset.name: is required, but missing"),
    ],
)
def test_a_wrong_data_set_is_explained(tmp_path: Path, dataset: str, problem: str) -> None:
    (line,) = refusal(tmp_path, f"dataset: {dataset}\n")
    assert line.startswith(problem)


def test_a_missing_data_set_is_reported(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: nothing\n") == ["1: dataset: is required, but missing"]


def test_all_faults_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "dataset: {name: digit}\nstrategy:\n  samplr: tpe\nbudget: {candidates: 0}\ntraining:\n  recipe: [emaa]\n"
    lines = refusal(tmp_path, text)
    assert [line.split(": ")[:2] for line in lines] == [
        ["1", "dataset.name"],
        ["3", "strategy.samplr"],
        ["4", "budget.candidates"],
        ["6", "training.recipe.0"],
    ]


def test_a_good_spec_is_read_and_the_command_line_overrides_its_budget(tmp_path: Path) -> None:
    path = write(tmp_path, "dataset: {name: digits}\nbudget: {candidates: 9, parallelism: 2}\n")
    spec, _ = read_spec(path, {"candidates": 3, "minutes": 1.5})
    assert (spec.budget.candidates, spec.budget.minutes, spec.budget.parallelism) == (3, 1.5, 2)


def test_overriding_the_budget_does_not_hide_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(SpecFileError, match="budget: should be a mapping"):
        read_spec(write(tmp_path, "dataset: {name: digits}\nbudget: many\n"), {"candidates": 3})


def test_what_the_service_refuses_is_brought_to_its_line(tmp_path: Path) -> None:
    text = "dataset: {name: digits}\nspace:\n  choices:\n    kernel: [4]\nobjectives:\n- {metric: accuracy}\n"
    document = read_document(write(tmp_path, text))
    errors = [("space.choices.kernel", "4 is no option"), ("objectives.0.metric", "no"), ("dataset.image_size", "odd")]
    assert [(p.line, p.field) for p in refused(document, errors).problems] == [
        (1, "dataset.image_size"),
        (4, "space.choices.kernel"),
        (6, "objectives.0.metric"),
    ]
