"""Rows of programs as sparse matrices, from where each entry stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array

from gridopt.milp.gate import Floats

Positions = NDArray[np.int64]
Cut = tuple[Sequence[int], Sequence[float], float]
"""Columns, coefficients and right side of a row that holds with "at most"."""


def cut_rows(cuts: Sequence[Cut], n_columns: int) -> csc_array:
    """The left sides of cuts, one row each."""
    rows = np.repeat(np.arange(len(cuts)), [len(columns) for columns, _, _ in cuts])
    columns = np.concatenate([np.asarray(columns, np.int64) for columns, _, _ in cuts])
    values = np.concatenate([np.asarray(values, np.float64) for _, values, _ in cuts])
    return matrix(rows, columns, values, (len(cuts), n_columns))


def matrix(rows: NDArray[np.integer], columns: Positions, values: Floats, shape: tuple[int, int]) -> csc_array:
    """The matrix with these entries; those at the same place add up."""
    return csc_array(coo_array((values, (rows, columns)), shape=shape))
