"""A bound on what one process may allocate, so that a network too large fails by itself and alone."""

import resource

import torch

from nas_service.domain.errors import PermanentError

_ALLOCATOR_SAYS = "can't allocate memory"
"""In the RuntimeError of torch's CPU allocator."""


def limit_memory(limit_mib: int) -> None:
    """Allocations of this process beyond `limit_mib` fail from now on; 0 leaves it to the system.

    RLIMIT_DATA counts private writable memory. RLIMIT_AS would also count what torch and CUDA merely reserve.
    """
    if limit_mib:
        limit_bytes = limit_mib * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def is_out_of_memory(error: Exception) -> bool:
    """Whether an allocation failed, in Python, in torch on the CPU, or on an accelerator."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and _ALLOCATOR_SAYS in str(error)
    )


def out_of_memory(error: Exception) -> PermanentError:
    """The same as an end of the work: trying again would need as much."""
    detail = (
        f"it needs more memory than its worker may take ({error}); use smaller networks, a smaller batch,"
        " or raise NAS_WORKER_MEMORY_MIB"
    )
    return PermanentError("out-of-memory", detail)
