"""The Hess model as arrays: each unit to one centre, each centre a grid within bounds (Hess et al. 1965)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, vstack

from gridopt.milp.gate import Floats, Program
from gridopt.milp.rows import Cut, Positions, cut_rows, matrix


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


def program(pairs: Pairs, cuts: Sequence[Cut] = (), *, integral: bool = True) -> Program:
    """The integer program, or its relaxation: every unit once, bounds of the chosen centres, no unit with another.

    The first rows, one a unit, say that each unit is held once.
    """
    n, p = len(pairs.weights), len(pairs.units)
    column = np.arange(p)
    opening = pairs.own[pairs.centres]
    blocks = [matrix(pairs.units, column, np.ones(p), (n, p))]
    low, high = [np.ones(n)], [np.ones(n)]
    for j in range(pairs.weights.shape[1]):
        for side, bound in ((1.0, pairs.low[j]), (-1.0, pairs.high[j])):
            if 0 < bound < np.inf:
                blocks.append(_bound(pairs, side * pairs.weights[:, j], side * bound))
                low.append(np.zeros(n))
                high.append(np.full(n, np.inf))
    chosen = np.flatnonzero(pairs.units == pairs.centres)
    blocks.append(matrix(np.zeros(len(chosen), np.int64), chosen, np.ones(len(chosen)), (1, p)))
    low.append(np.full(1, float(pairs.n_grids)))
    high.append(np.full(1, float(pairs.n_grids)))
    others = np.flatnonzero(pairs.units != pairs.centres)
    rows = np.arange(len(others))
    signs = np.concatenate([np.ones(len(others)), -np.ones(len(others))])
    linked = np.concatenate([others, opening[others]])
    blocks.append(matrix(np.concatenate([rows, rows]), linked, signs, (len(others), p)))
    low.append(np.full(len(others), -np.inf))
    high.append(np.zeros(len(others)))
    if cuts:
        blocks.append(cut_rows(cuts, p))
        low.append(np.full(len(cuts), -np.inf))
        high.append(np.array([right for _, _, right in cuts], np.float64))
    least = np.zeros(p)
    least[pairs.own[pairs.open_centres]] = 1.0
    rows = csc_array(vstack(blocks, format="csc"))
    return Program(pairs.cost, rows, np.concatenate(low), np.concatenate(high), integral, least)


def _bound(pairs: Pairs, weights: Floats, bound: float) -> csc_array:
    """Rows by centre: the grid's weight less the bound where the centre is chosen."""
    amount = weights[pairs.units] - np.where(pairs.units == pairs.centres, bound, 0.0)
    return matrix(pairs.centres, np.arange(len(amount)), amount, (len(weights), len(amount)))
