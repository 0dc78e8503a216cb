"""What scipy solves here, loaded by the first call: that takes a third of a second, and most processes fit nothing."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from search_spaces.table import FloatArray


def nnls(system: FloatArray, wanted: FloatArray, maxiter: int | None = None) -> FloatArray:
    """The non-negative x (m,) that brings `system` (n, m) x closest to `wanted` (n,) (Lawson and Hanson, 1974)."""
    from scipy import optimize

    found: FloatArray = optimize.nnls(system, wanted, maxiter=maxiter)[0]
    return found


def sparse_matrix(entries: tuple[Any, ...], shape: tuple[int, int]) -> Any:
    """As `scipy.sparse.csr_array` takes entries; it has no types."""
    from scipy import sparse

    return sparse.csr_array(entries, shape=shape)


@dataclass(frozen=True, eq=False)
class Cholesky:
    """A positive definite matrix (n, n), factorised."""

    _lower: FloatArray

    @classmethod
    def of(cls, matrix: FloatArray) -> Self:
        """Raises numpy's LinAlgError where it is not positive definite."""
        from scipy import linalg

        return cls(linalg.cho_factor(matrix, lower=True)[0])

    def solve(self, right: FloatArray) -> FloatArray:
        """What the matrix times it is `right`, (n,) or (n, k)."""
        from scipy import linalg

        found: FloatArray = linalg.cho_solve((self._lower, True), right)
        return found

    @property
    def half_log_determinant(self) -> float:
        """Half the logarithm of the matrix's determinant."""
        return float(np.log(np.diag(self._lower)).sum())
