"""What agents on remote devices and the service say to each other."""

from typing import Annotated

from pydantic import Field, StringConstraints

from nas_service.domain.signals import Signal
from nas_service.domain.spec import TargetSpec
from nas_service.wire.base import Document
from nas_service.wire.measurement_report import Count, MeasurementReport, Report, Text, Word

VERSION_HEADER = "NAS-Agent-Version"
"""Service and agent are of one version, so that every latency is taken by one method."""

LONGEST_WAIT_S = 20.0

DeviceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class RuntimeReport(Report):
    """Whether a runtime can be used on the device."""

    available: bool
    versions: Annotated[dict[Word, Word], Field(max_length=16)] = {}
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None


class DeviceReport(Report):
    """The device as it describes itself."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    """Fingerprint of the hardware and the system."""
    name: DeviceName = Field(examples=["raspberry-pi"])
    """What a target's `device` names."""
    cpu_model: Text
    physical_cores: Count | None
    logical_cores: Count | None
    instruction_sets: Annotated[tuple[Word, ...], Field(max_length=64)]
    os: Word
    architecture: Word
    gpus: Annotated[tuple[Text, ...], Field(max_length=64)] = ()
    memory_bytes: Annotated[int, Field(ge=0, le=2**60)]
    runtimes: Annotated[dict[Word, RuntimeReport], Field(max_length=16)]


class AgentHello(Report):
    """An agent says who it is."""

    device: DeviceReport
    host: Text
    pid: Annotated[int, Field(ge=0, le=2**31)]
    versions: Annotated[dict[Word, Word], Field(max_length=16)]
    """Of this software and of Python."""


class AgentWelcome(Document):
    """What the agent is known as."""

    worker_id: str
    """It stands in all that the agent says from now on."""


class LeaseRequest(Report):
    """An agent asks for work."""

    worker_id: Identifier
    wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0.0
    """How long the answer may wait for work to come."""


class LeaseInfo(Document):
    """A model to time, and how."""

    item_id: str
    token: int
    """Fencing token: once another agent holds a newer one, nothing is taken under this one."""
    target: TargetSpec
    model_sha256: str
    budget_s: float
    """Longest time spent on sampling."""
    final: bool
    """Whether the candidate is finalized with it: then throughput is measured, too."""
    rough: bool
    """Whether a latency predictor learns from it; then less time and precision are enough."""
    lease_s: float
    """How long the agent may be silent before the item is given to another."""
    heartbeat_s: float
    """How often it should be heard of."""


class Holder(Report):
    """Who holds an item, and under which token."""

    worker_id: Identifier
    token: Annotated[int, Field(ge=0, le=2**31 - 1)]


class SignalInfo(Document):
    """What a heartbeat is answered."""

    signal: Signal


class Completion(Holder):
    """The item is done."""

    measurement: MeasurementReport


class AgentFailure(Holder):
    """The item cannot be done, or not now."""

    problem: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    detail: Annotated[str, StringConstraints(max_length=2000)]
    retry: bool
    """Whether another try may succeed."""
