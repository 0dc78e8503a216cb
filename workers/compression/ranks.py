"""Which ranks the factors of a layer get."""

import torch
from torch import Tensor, nn

from workers.compression.factors import Ranks, is_matrix, spectra_of


def ranks_by_energy(layer: nn.Conv2d | nn.Linear, energy: float, divisor: int) -> Ranks:
    """The least that keep the share `energy` of the squared singular values, seen from either side."""
    outputs, inputs = (_least_rank(spectrum, energy) for spectrum in spectra_of(layer))
    return _rounded(layer, (outputs, outputs if is_matrix(layer) else inputs), divisor)


def ranks_by_share(layer: nn.Conv2d | nn.Linear, share: float, divisor: int) -> Ranks:
    """The share of the full ranks."""
    outputs, inputs = full_ranks(layer)
    return _rounded(layer, (max(1, round(outputs * share)), max(1, round(inputs * share))), divisor)


def full_ranks(layer: nn.Conv2d | nn.Linear) -> Ranks:
    """At which nothing is lost."""
    outputs, inputs = (len(spectrum) for spectrum in spectra_of(layer))
    return outputs, inputs


def _least_rank(spectrum: Tensor, energy: float) -> int:
    kept = spectrum.square().cumsum(0) / spectrum.square().sum()
    return min(int(torch.searchsorted(kept, energy)) + 1, len(spectrum))


def _rounded(layer: nn.Conv2d | nn.Linear, ranks: Ranks, divisor: int) -> Ranks:
    """Up to multiples of the divisor, as far as there are so many."""
    outputs, inputs = (
        min(-(-rank // divisor) * divisor, full) for rank, full in zip(ranks, full_ranks(layer), strict=True)
    )
    return outputs, inputs
