"""What a worker is told when it says that it is still at its work."""

from enum import StrEnum


class Signal(StrEnum):
    """What a worker learns at a heartbeat."""

    CONTINUE = "continue"
    PAUSE = "pause"
    """Checkpoint, give the item back, and free the machine."""
    CANCEL = "cancel"
    """Drop the work."""
    LOST = "lost"
    """Another worker may hold the item now: whatever was done is void."""
