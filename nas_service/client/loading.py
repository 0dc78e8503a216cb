"""Networks from bundles. Nothing here imports torch: `search_spaces.load` does, when it is called."""

from pathlib import Path
from typing import Any

import search_spaces
from nas_service.extras import explained


def load_bundle(folder: Path) -> Any:
    """A bundle's network as a torch module in eval mode. Raises MissingExtraError, SpaceError."""
    with explained():
        load = search_spaces.load
    return load(folder)
