"""What one client can do, the other can, in the same words."""

import inspect
from collections.abc import Iterator

import pytest

from nas_service.client import AsyncCandidate, AsyncClient, AsyncSearch, Candidate, Client, Search

TWINS = [(Client, AsyncClient), (Search, AsyncSearch), (Candidate, AsyncCandidate)]


def _methods(of: type) -> Iterator[tuple[str, inspect.Signature]]:
    for name, member in inspect.getmembers(of, inspect.isfunction):
        if not name.startswith("_") or name == "__init__":
            signature = inspect.signature(member)
            yield name, signature.replace(return_annotation=inspect.Signature.empty)


@pytest.mark.parametrize(("waiting", "awaited"), TWINS)
def test_methods_and_their_parameters_are_the_same(waiting: type, awaited: type) -> None:
    # The type of the client that a candidate holds is the one difference.
    assert {n: str(s).replace("Async", "") for n, s in _methods(waiting)} == {
        n: str(s).replace("Async", "") for n, s in _methods(awaited)
    }


@pytest.mark.parametrize(("waiting", "awaited"), TWINS)
def test_the_awaited_one_never_blocks_its_loop_by_a_plain_method(waiting: type, awaited: type) -> None:
    """Apart from what gives an asynchronous iterator, every public method is a coroutine."""
    plain = {
        name
        for name, member in inspect.getmembers(awaited, inspect.isfunction)
        if not name.startswith("_")
        if not inspect.iscoroutinefunction(member) and not inspect.isasyncgenfunction(member)
    }
    iterated = {
        name for name in plain if "Iterator" in str(inspect.signature(getattr(awaited, name)).return_annotation)
    }
    assert plain - iterated - {"latency_ms"} == set()
