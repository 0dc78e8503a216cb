"""Devices that time and workers that train."""

from dataclasses import dataclass, field
from datetime import datetime

from nas_service.domain.entities.names import JsonDict


@dataclass(frozen=True, slots=True)
class Noise:
    """How steady a device's timings were of late."""

    measurement_count: int
    """The last ones, up to 100."""
    noisy_share: float
    """Of those that missed the precision asked for."""
    half_width_ratio: float | None
    """The median of their precisions: half of a 95 % interval as a share of the latency. None where none is known."""
    last_at: datetime
    history: tuple[float, ...] = ()
    """Their precisions where they are known, oldest first."""


@dataclass(frozen=True, slots=True)
class Device:
    """A piece of hardware that was ever connected."""

    description: JsonDict
    """Name, fingerprint, processor, cores, instruction sets, memory, system and runtimes."""
    remote: bool
    """Whether a target may name it: it has connected by that name, over HTTP."""
    live: bool
    """Whether a worker on it was heard of lately."""
    seen_s_ago: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and what it can do."""

    id: str
    host: str
    pid: int
    queues: tuple[str, ...]
    device: JsonDict
    """Identity of the hardware it runs on, with the runtimes available."""
    seen_s_ago: float
    versions: dict[str, str] = field(default_factory=dict)
    """Of this service and of the libraries that decide what a result is worth."""
    capacity: int = 1
    """Work items it does at once."""
    owner: str | None = None
    """The tenant that it serves alone; None: it serves everybody."""
    remote: bool = False
    """Whether it reaches the service over HTTP alone, and so neither database nor broker."""
