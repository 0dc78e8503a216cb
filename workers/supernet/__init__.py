"""Weight sharing at work: training a supernet, and taking networks out of it."""

from workers.supernet.inherited import inherited_network
from workers.supernet.loop import SupernetMetrics, train_supernet

__all__ = ["SupernetMetrics", "inherited_network", "train_supernet"]
