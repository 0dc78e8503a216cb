"""What a card says of packed weights, and whether they are those of the network."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from nas_service.domain.entities import PACKED_FILE, WEIGHTS_FILE
from search_spaces.packed import unpack
from workers.bundle.card_format import Card, PackedPart
from workers.bundle.checks.report import Check


def packed_part(file: Path) -> PackedPart:
    """Of a file of packed weights. Raises SpaceError for another one."""
    tensors = unpack(file.read_bytes()).values()
    zeros, numbers = (sum(count(tensor) for tensor in tensors) for count in (lambda t: int((t == 0).sum()), np.size))
    return PackedPart(size_bytes=file.stat().st_size, zero_share=zeros / numbers)


def check_packed(bundle: Path, card: Card) -> Check:
    """The packed weights are as large as stated, and to the bit those of `weights.safetensors`.

    Those of a compressed network may be fewer tensors under other names: of them only what is stated is checked.
    """
    file, stated = bundle / PACKED_FILE, card.packed
    found = packed_part(file)
    detail = f"{found.size_bytes:,} bytes, {found.zero_share:.1%} of the numbers are zero"
    if found != stated:
        return Check(PACKED_FILE, False, f"the card says otherwise: {detail}", _plain(stated), _plain(found))
    if card.lineage is None:
        packed, plain = unpack(file.read_bytes()), load_file(bundle / WEIGHTS_FILE)
        wrong = sorted(name for name in packed.keys() | plain.keys() if not _same(packed.get(name), plain.get(name)))
        if wrong:
            detail = f"other weights than those of {WEIGHTS_FILE}: {', '.join(wrong)}"
            return Check(PACKED_FILE, False, detail, _plain(stated), _plain(found))
    return Check(PACKED_FILE, True, detail, _plain(stated), _plain(found))


def _plain(part: PackedPart | None) -> dict[str, float] | None:
    return None if part is None else part.model_dump()


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is not None and other is not None and one.dtype == other.dtype and np.array_equal(one, other)
