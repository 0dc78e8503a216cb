"""What was worked out lately and is likely to be asked for again: bounded, in this process, never the truth."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, the least recently used dropped first. Keys name a version, so that no value ever gets stale.

    Safe for threads. Of many that miss the same value one makes it, and the others wait for it.
    """

    def __init__(self, capacity: int, weight: Callable[[Value], int] = lambda _value: 1) -> None:
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._weight, self._capacity, self._held = weight, capacity, 0
        self._lock, self._making = Lock(), Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made now if it is not held. A value heavier than the capacity is not kept."""
        if (found := self.find(key)) is not None:
            return found
        with self._making:
            if (found := self.find(key)) is None:
                found = make()
                self.keep(key, found)
            return found

    def find(self, key: Hashable) -> Value | None:
        """The value of `key`, if it is held."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: Hashable, value: Value) -> None:
        """Hold the value of `key`, unless one is held or it is heavier than the capacity."""
        weight = self._weight(value)
        if weight > self._capacity:
            return
        with self._lock:
            if key in self._values:
                return
            self._values[key] = value
            self._held += weight
            while self._held > self._capacity:
                _, dropped = self._values.popitem(last=False)
                self._held -= self._weight(dropped)
