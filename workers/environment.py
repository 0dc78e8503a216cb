"""How a process that trains should be started: the environment that makes its memory allocation fast."""

from types import MappingProxyType

GLIBC_TUNABLES = {
    "glibc.malloc.hugetlb": "1",
    "glibc.malloc.mmap_max": "0",
    "glibc.malloc.trim_threshold": str(16 * 2**30),
    "glibc.malloc.top_pad": str(64 * 2**20),
}
"""Keep freed memory instead of giving it back after each layer, and back it by huge pages: glibc's defaults make the
kernel clear thousands of pages in every training step. Ignored by other C libraries."""

TRAINING_ENVIRONMENT = MappingProxyType(
    {"GLIBC_TUNABLES": ":".join(f"{name}={value}" for name, value in GLIBC_TUNABLES.items())}
)
"""To be set for training processes alone: a timing or a memory measurement must not inherit it."""
