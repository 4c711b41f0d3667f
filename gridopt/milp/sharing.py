"""Units shared out to numbered grids at a cost by unit and grid, by border, and by size, as arrays.

The cost of a border is that of its edges whose ends lie in two grids; the size of a grid is charged by the highest
of some lines (what is convex, from below). Grids are kept connected by cuts, which come with the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, vstack

from gridopt.milp.gate import Floats, Program
from gridopt.milp.rows import Cut, cut_rows, matrix


@dataclass(frozen=True, eq=False)
class Sharing:
    """What is shared out.

    cost     (n, k) what a unit costs in each grid, inf where it may not lie
    edges    (e, 2) pairs of units, each once; prices (e,) what it costs to part them
    weights  (n, m); low, high (k, m) bounds of each grid
    slopes, rises   (k, l) lines: a grid of size s, in the first measure, costs at least slope * s + rise

    The column of unit i in grid g is ``i * k + g``.
    """

    cost: Floats
    edges: NDArray[np.int64]
    prices: Floats
    weights: Floats
    low: Floats
    high: Floats
    slopes: Floats
    rises: Floats

    @property
    def n_grids(self) -> int:
        return int(self.cost.shape[1])

    @property
    def n_columns(self) -> int:
        """Columns of the program: units by grids, then edges, then what the size of each grid costs."""
        return self.cost.size + len(self.edges) + self.n_grids

    def values(self, labels: NDArray[np.integer]) -> Floats:
        """A drawing as values of the columns."""
        inside = np.zeros(self.cost.shape)
        inside[np.arange(len(labels)), labels] = 1.0
        parted = labels[self.edges[:, 0]] != labels[self.edges[:, 1]]
        return np.concatenate([inside.ravel(), parted.astype(np.float64), self._size_costs(inside)])

    def labels(self, values: Floats) -> NDArray[np.int32]:
        """The drawing that values of the columns stand for."""
        return np.asarray(values[: self.cost.size].reshape(self.cost.shape).argmax(axis=1), np.int32)

    def _size_costs(self, inside: Floats) -> Floats:
        sizes = inside.T @ self.weights[:, 0]
        return np.asarray((self.slopes * sizes[:, None] + self.rises).max(axis=1, initial=0.0))


def program(sharing: Sharing, cuts: Sequence[Cut] = ()) -> Program:
    """The integer program: every unit in one grid, bounds, an edge paid for where its ends lie in two grids.

    Columns of units are whole; those of edges then are by themselves.
    """
    n, k = sharing.cost.shape
    width = sharing.n_columns
    allowed = np.isfinite(sharing.cost).ravel()
    units, grids = np.divmod(np.arange(n * k), k)
    blocks = [matrix(units, np.arange(n * k), np.ones(n * k), (n, width))]
    low, high = [np.ones(n)], [np.ones(n)]
    for j in range(sharing.weights.shape[1]):
        blocks.append(matrix(grids, np.arange(n * k), sharing.weights[units, j], (k, width)))
        low.append(sharing.low[:, j])
        high.append(sharing.high[:, j])
    for rows, least in (_parted(sharing), _sized(sharing)):
        blocks.append(rows)
        low.append(least)
        high.append(np.full(len(least), np.inf))
    if cuts:
        blocks.append(cut_rows(cuts, width))
        low.append(np.full(len(cuts), -np.inf))
        high.append(np.array([right for _, _, right in cuts], np.float64))
    cost = np.concatenate([np.where(allowed, sharing.cost.ravel(), 0.0), sharing.prices, np.ones(k)])
    most = np.concatenate([allowed.astype(np.float64), np.ones(len(sharing.edges)), np.full(k, np.inf)])
    return Program(
        cost,
        csc_array(vstack(blocks, format="csc")),
        np.concatenate(low),
        np.concatenate(high),
        np.arange(width) < n * k,
        np.zeros(width),
        most,
    )


def _parted(sharing: Sharing) -> tuple[csc_array, Floats]:
    """An edge counts as parted by as much as either of its ends lies in a grid that the other does not lie in."""
    k, e = sharing.n_grids, len(sharing.edges)
    both = np.concatenate([sharing.edges, sharing.edges[:, ::-1]])
    inside = (both[:, 0][:, None] * k + np.arange(k)).ravel()
    outside = (both[:, 1][:, None] * k + np.arange(k)).ravel()
    paid = np.repeat(sharing.cost.size + np.tile(np.arange(e), 2), k)
    rows = np.arange(2 * e * k)
    signs = np.repeat([1.0, -1.0, 1.0], 2 * e * k)
    columns = np.concatenate([paid, inside, outside])
    return matrix(np.tile(rows, 3), columns, signs, (2 * e * k, sharing.n_columns)), np.zeros(2 * e * k)


def _sized(sharing: Sharing) -> tuple[csc_array, Floats]:
    """The last columns are at least every line at the size of their grid."""
    n, k = sharing.cost.shape
    lines = sharing.slopes.shape[1]
    grids = np.repeat(np.arange(k), lines)
    rows = np.arange(k * lines)
    paid = sharing.n_columns - k + grids
    held = (np.arange(n)[None, :] * k + grids[:, None]).ravel()
    amounts = -(sharing.slopes.ravel()[:, None] * sharing.weights[:, 0][None, :]).ravel()
    values = np.concatenate([np.ones(k * lines), amounts])
    columns = np.concatenate([paid, held])
    shape = (k * lines, sharing.n_columns)
    return matrix(np.concatenate([rows, np.repeat(rows, n)]), columns, values, shape), sharing.rises.ravel()
