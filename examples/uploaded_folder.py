"""Upload a folder of images and search on it, from Python: start `nas up` first.

python examples/uploaded_folder.py FOLDER        # one folder of images for each class
"""

import sys
from pathlib import Path

from nas_service.client import Client


def main(folder: Path) -> None:
    """Upload, search, and download the most accurate network."""
    with Client() as client:
        uploaded = client.upload_dataset(folder)
        print(f"{uploaded.id}: {uploaded.facts.image_count} images of {len(uploaded.facts.classes)} classes")
        spec = {"dataset": {"name": uploaded.id, "image_size": 16}, "budget": {"candidates": 10}}
        search = client.wait(client.submit(spec).id)
        best = client.front(search.id).members[0]
        print(f"{best.candidate.metrics} -> {client.download_bundle(best.candidate.id, Path('results') / search.name)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
