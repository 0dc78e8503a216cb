"""A search that has ended, whose finished networks were compressed: by workers that make results up."""

from benchmarks import no_op_workers
from nas_service.bootstrap import Service
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.submit import submit
from nas_service.wire.spec_problems import spec_of

SPEC = {
    "name": "compressed",
    "dataset": {"name": "digits"},
    "space": {"name": "mobilenet", "preset": "tiny"},
    "strategy": {"sampler": "random"},
    "budget": {"candidates": 6, "parallelism": 2},
    "finalize": {"top_k": 3, "recipe": ["prune-channels"]},
}


def compressed_search(service: Service) -> str:
    """Its id."""
    search, _ = submit(service.store, service.checks, spec_of(SPEC))
    no_op_workers.run_to_end(service.store, SqlMemories(), search.id)
    return search.id
