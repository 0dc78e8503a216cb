"""How work is told to stop. In a file of its own: devices that only time models have no torch."""


class Interrupted(Exception):  # noqa: N818  (a request to stop is no error)
    """Raised by a hook to stop; a training saves a checkpoint and lets this pass."""
