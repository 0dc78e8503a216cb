"""What a predictor is fitted on."""

from dataclasses import dataclass

from nas_service.latency.networks import Networks
from search_spaces.table import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Evidence:
    """Networks and their measured latencies, each (n,)."""

    networks: Networks
    measured_ms: FloatArray
    relative_error: FloatArray
    """Half-width of the measurement's 95 % interval over the measurement; infinite where it has none."""

    def __len__(self) -> int:
        return len(self.measured_ms)

    def some(self, rows: IntArray) -> "Evidence":
        """Of these networks only."""
        return Evidence(self.networks.some(rows), self.measured_ms[rows], self.relative_error[rows])
