"""The Hess model as arrays: each unit to one centre, each centre a grid within bounds (Hess et al. 1965)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, vstack

from gridopt.milp.gate import Floats, Program

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which unit may lie in the grid of which centre: one column of the program a pair.

    units, centres (p,) with cost (p,); every centre of a pair is paired with itself. weights (n, m) with
    low, high (m,) bound each grid; ``n_grids`` centres are chosen, those of ``open_centres`` among them.
    """

    units: Positions
    centres: Positions
    cost: Floats
    weights: Floats
    low: Floats
    high: Floats
    n_grids: int
    open_centres: Positions

    @property
    def own(self) -> Positions:
        """Position of the column that opens each centre, (n,); -1 for units that are no centre."""
        place = np.full(len(self.weights), -1, np.int64)
        itself = np.flatnonzero(self.units == self.centres)
        place[self.centres[itself]] = itself
        return place


Cut = tuple[Sequence[int], Sequence[float], float]
"""Columns, coefficients and right side of a row that holds with "at most"."""


def program(pairs: Pairs, cuts: Sequence[Cut] = ()) -> Program:
    """The integer program: every unit once, bounds of the chosen centres, no unit with a centre not chosen."""
    n, p = len(pairs.weights), len(pairs.units)
    column = np.arange(p)
    opening = pairs.own[pairs.centres]
    blocks = [_matrix(pairs.units, column, np.ones(p), (n, p))]
    low, high = [np.ones(n)], [np.ones(n)]
    for j in range(pairs.weights.shape[1]):
        for side, bound in ((1.0, pairs.low[j]), (-1.0, pairs.high[j])):
            if 0 < bound < np.inf:
                blocks.append(_bound(pairs, side * pairs.weights[:, j], side * bound))
                low.append(np.zeros(n))
                high.append(np.full(n, np.inf))
    chosen = np.flatnonzero(pairs.units == pairs.centres)
    blocks.append(_matrix(np.zeros(len(chosen), np.int64), chosen, np.ones(len(chosen)), (1, p)))
    low.append(np.full(1, float(pairs.n_grids)))
    high.append(np.full(1, float(pairs.n_grids)))
    others = np.flatnonzero(pairs.units != pairs.centres)
    rows = np.arange(len(others))
    signs = np.concatenate([np.ones(len(others)), -np.ones(len(others))])
    linked = np.concatenate([others, opening[others]])
    blocks.append(_matrix(np.concatenate([rows, rows]), linked, signs, (len(others), p)))
    low.append(np.full(len(others), -np.inf))
    high.append(np.zeros(len(others)))
    if cuts:
        blocks.append(_cut_rows(cuts, p))
        low.append(np.full(len(cuts), -np.inf))
        high.append(np.array([right for _, _, right in cuts], np.float64))
    least = np.zeros(p)
    least[pairs.own[pairs.open_centres]] = 1.0
    matrix = csc_array(vstack(blocks, format="csc"))
    return Program(pairs.cost, matrix, np.concatenate(low), np.concatenate(high), low=least)


def _bound(pairs: Pairs, weights: Floats, bound: float) -> csc_array:
    """Rows by centre: the grid's weight less the bound where the centre is chosen."""
    amount = weights[pairs.units] - np.where(pairs.units == pairs.centres, bound, 0.0)
    return _matrix(pairs.centres, np.arange(len(amount)), amount, (len(weights), len(amount)))


def _cut_rows(cuts: Sequence[Cut], n_columns: int) -> csc_array:
    rows = np.repeat(np.arange(len(cuts)), [len(columns) for columns, _, _ in cuts])
    columns = np.concatenate([np.asarray(columns, np.int64) for columns, _, _ in cuts])
    values = np.concatenate([np.asarray(values, np.float64) for _, values, _ in cuts])
    return _matrix(rows, columns, values, (len(cuts), n_columns))


def _matrix(rows: NDArray[np.integer], columns: Positions, values: Floats, shape: tuple[int, int]) -> csc_array:
    return csc_array(coo_array((values, (rows, columns)), shape=shape))
