"""The disturbance: a torch training on one core, `python latency_load.py CORE`, until its standard input ends."""

import os
import sys
import threading

import torch
from torch import nn


def main(core: str) -> None:
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    os.sched_setaffinity(0, {int(core)})
    torch.set_num_threads(1)
    convolutions = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU()]
    network = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(64 * 16 * 16, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    images, labels = torch.rand(64, 3, 32, 32), torch.randint(0, 10, (64,))
    print("training", flush=True)
    while True:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()


if __name__ == "__main__":
    main(*sys.argv[1:])
