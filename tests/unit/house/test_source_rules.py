"""Rules of the house that no stock linter knows. Each docstring says what goes wrong without the rule."""

import ast

import pytest

from tests.support.source import PACKAGES, ROOT, SCRIPTS, imported_names, modules

UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {
    "eval",
    "exec",
    "torch.load",
    "torch.save",
    "yaml.full_load",
    "yaml.load",
    "yaml.load_all",
    "yaml.unsafe_load",
}


def test_every_module_says_its_one_job() -> None:
    """A newcomer reads the first line of a file to learn whether to read the rest."""
    silent = [
        str(module.path)
        for module in modules(*PACKAGES, *SCRIPTS)
        if module.tree.body and not ast.get_docstring(module.tree)
    ]
    assert silent == []


def _called(node: ast.AST | None) -> str:
    """Last name of what a call calls: `replace` for `dataclasses.replace(...)`."""
    return ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""


def _statuses_given(node: ast.AST) -> list[ast.expr | None]:
    """The values that a statement assigns to a `.status`, or a `replace` call gives to a copy."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [node.value for target in targets if isinstance(target, ast.Attribute) and target.attr == "status"]
    if isinstance(node, ast.Call) and _called(node) == "replace":
        return [given.value for given in node.keywords if given.arg == "status"]
    return []


def _sets_status_freely(node: ast.AST) -> bool:
    return any(_called(value) != "move" for value in _statuses_given(node))


def test_a_status_comes_from_the_transition_table() -> None:
    """A status set by hand can revive a finished search; `move` refuses what the table does not list."""
    found = [
        module.at(node)
        for module in modules("nas_service", "workers")
        for node in module.nodes()
        if _sets_status_freely(node)
    ]
    assert found == []


def test_only_the_store_writes_a_status_to_the_database() -> None:
    """Elsewhere it would lack the compare-and-set that keeps two workers from both winning one item."""
    elsewhere = [
        module.at(node)
        for module in modules("nas_service", "workers")
        if module.path.parts[:2] != ("nas_service", "store")
        for node in module.nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values"
        if any(given.arg == "status" for given in node.keywords)
    ]
    assert elsewhere == []


def _unsafe(node: ast.AST) -> bool:
    if any(name.split(".")[0] in UNSAFE_MODULES for name in imported_names(node)):
        return True
    if not isinstance(node, ast.Call):
        return False
    pickled_arrays = any(given.arg == "allow_pickle" and ast.unparse(given.value) != "False" for given in node.keywords)
    return pickled_arrays or ast.unparse(node.func) in UNSAFE_CALLS


def test_nothing_read_from_outside_can_run_code() -> None:
    """A pickle or an unsafe YAML document executes what its author wrote; weights travel as safetensors."""
    found = [module.at(node) for module in modules(*PACKAGES) for node in module.nodes() if _unsafe(node)]
    assert found == []


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("search.status = SearchStatus.FAILED", True),
        ("copy = replace(search, status=SearchStatus.FAILED)", True),
        ("search.status = move(search.status, SearchStatus.FAILED)", False),
        ("copy = replace(search, status=move(search.status, SearchStatus.FAILED))", False),
        ("status = response.status", False),
    ],
)
def test_the_status_rule_tells_free_assignments_from_moves(source: str, caught: bool) -> None:
    assert any(_sets_status_freely(node) for node in ast.walk(ast.parse(source))) is caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("import pickle", True),
        ("from joblib import load", True),
        ("weights = torch.load(path)", True),
        ("spec = yaml.load(text)", True),
        ("array = np.load(path, allow_pickle=True)", True),
        ("array = np.load(path, allow_pickle=False)", False),
        ("spec = yaml.safe_load(text)", False),
        ("network.eval()", False),
    ],
)
def test_the_loading_rule_tells_unsafe_calls_from_safe_ones(source: str, caught: bool) -> None:
    assert any(_unsafe(node) for node in ast.walk(ast.parse(source))) is caught


def test_unit_tests_stand_where_their_source_stands() -> None:
    """A reader finds the tests of nas_service/store in tests/unit/nas_service/store, and nowhere else."""
    unit = ROOT / "tests" / "unit"
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    assert {str(folder) for folder in folders if not (ROOT / folder).is_dir()} <= {"house"}
