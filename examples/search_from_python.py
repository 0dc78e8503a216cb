"""A search from Python: submit, wait, look at the front, fetch the best network. Start `nas up` first.

python examples/search_from_python.py [URL]
"""

import sys

from nas_service.client import Client

SPEC = {
    "name": "digits-from-python",
    "dataset": {"name": "digits"},
    "strategy": {"sampler": "random"},
    "budget": {"candidates": 4},
    "training": {"epochs": 3},
}


def main(url: str) -> None:
    """Print the front, best first, and unpack its first member into `best/`."""
    with Client(url) as client:
        search = client.submit(SPEC).wait()
        front = search.front()
        for candidate in front:
            print(f"#{candidate.number}  {candidate.accuracy:.2%}  {candidate.latency_ms():.4f} ms")
        print(f"the most accurate one is in {front[0].download('best')}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8321")
