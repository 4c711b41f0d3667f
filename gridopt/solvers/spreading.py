"""A lower bound for what the borders between grids cost: every unit must be far from most of the others.

Give each edge a length of 1 where it is cut, 0 elsewhere. What lies outside a unit's grid is at least 1 away, so the
weight around the unit, each by its distance up to 1, is at least the whole less the largest grid (spreading metrics:
Even, Naor, Rao and Schieber 1999). Lengths between 0 and 1 that obey this for every unit cost less than any plan. A
distance is no longer than a path, so each shortest-path tree gives a linear row; rows are added where they are broken,
and the linear program is solved again. Summed over all units the largest grid counts only as often as there may be
such grids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import dijkstra

from gridopt._kernels.state import SLACK
from gridopt.milp import Limits, Program, solve
from gridopt.solvers.problem import Floats, Problem

ROUNDS, PROVING, FEW = 10, 30, 1_000
"""Times that rows are added unasked, and where a proof is asked for; unasked, times units are at most so many."""

PATIENCE, GAIN = 4, 1e-3
"""Times that rows may be added with no such gain."""

WHOLE, WHOLE_ROUNDS, LIMITS = 60, 4, Limits(nodes=200, iterations=20_000)
"""Units up to which edges are cut wholly or not at all, how often that is solved, and the work of each time."""

PLAN_COST = 1_000.0
"""What the known plan costs in the program that HiGHS sees."""

MOST_UNITS = 400
"""Units up to which shortest paths between all pairs are looked at again and again."""

BROKEN, LOOSE, SPARE = 1e-4, 1e-6, 0.2
"""Share by which a row must be broken to be added, what solvers miss rows by, and what a row may spare and be kept."""

INWARD = 0.3
"""How far from the lengths of the program towards lengths that obey every row broken rows are looked for: they cut
deeper there (Ben-Ameur and Neto 2007)."""


@dataclass(frozen=True, eq=False)
class _Network:
    """The edges of a problem, each once.

    price (e,), between (n, n) the edge of two units, -1 for none, edge_of (2e,) that of each entry of the graph;
    sizes (n,), most the largest a grid may be, squares the largest sum of the squares of all grids' sizes.
    """

    price: Floats
    between: NDArray[np.int64]
    edge_of: NDArray[np.int64]
    sizes: Floats
    most: float
    squares: float

    @property
    def n_units(self) -> int:
        return len(self.sizes)


def spread_bound(problem: Problem, upper: float, *, proving: bool = False, share: float = 1.0) -> float:
    """What the borders of no plan of the problem cost less than; ``upper`` is what those of a known plan cost.

    All grids must have the same bounds; those of the first measure count. ``proving`` spends more work, and where
    units are few has edges cut wholly or not at all; unasked, ``share`` says how much of the usual work is spent. 0
    where there is nothing to bound.
    """
    if problem.n_units > MOST_UNITS or problem.n_grids < 2 or upper <= 0:
        return 0.0
    network = _network(problem)
    if network.price.max(initial=0.0) <= 0:
        return 0.0
    scale = upper / PLAN_COST
    unasked = max(1, round(min(ROUNDS, FEW // problem.n_units) * share))
    rows, best = _relaxed(problem, network, scale, PROVING if proving else unasked)
    if proving and problem.n_units <= WHOLE:
        best = max(best, _whole(problem, network, scale, rows))
    return upper if best >= upper * (1 - LOOSE) else best * (1 - LOOSE)


def _relaxed(problem: Problem, network: _Network, scale: float, rounds: int) -> tuple[csr_array, float]:
    """Rows that matter, and the bound of the linear program with them."""
    inner = _uniform(problem, network)
    rows = csr_array((0, len(network.price)))
    lengths, best, waited = np.zeros(len(network.price)), 0.0, 0
    for _ in range(rounds):
        new = _broken(problem, network, lengths + INWARD * (inner - lengths))
        new = new if new.shape[0] else _broken(problem, network, lengths)
        if not new.shape[0] or waited == PATIENCE:
            break
        rows = csr_array(vstack([rows, new]))
        outcome = solve(_program(network, rows, scale, integral=False))
        if outcome.bound is None or outcome.values is None:
            break
        bound, lengths = outcome.bound * scale, outcome.values
        waited = waited + 1 if bound < best * (1 + GAIN) else 0
        best = max(best, bound)
        rows = rows[np.flatnonzero(rows @ lengths <= 1 + SPARE)]
    return rows, best


def _whole(problem: Problem, network: _Network, scale: float, rows: csr_array) -> float:
    """The bound where every edge is cut or not: solved, rows added that the answer breaks, and solved again."""
    best = 0.0
    for _ in range(WHOLE_ROUNDS):
        outcome = solve(_program(network, rows, scale, integral=True), LIMITS)
        best = max(best, (outcome.bound or 0.0) * scale)
        if outcome.status != "optimal" or outcome.values is None:
            break
        new = _broken(problem, network, outcome.values.round())
        if not new.shape[0]:
            break
        rows = csr_array(vstack([rows, new]))
    return best


def _program(network: _Network, rows: csr_array, scale: float, *, integral: bool) -> Program:
    ones = np.ones(rows.shape[0])
    return Program(network.price / scale, rows.tocsc(), ones, np.full(len(ones), np.inf), integral)


def _network(problem: Problem) -> _Network:
    n, k = problem.n_units, problem.n_grids
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    first = heads < problem.neighbours
    between = np.full((n, n), -1, np.int64)
    ends = heads[first], problem.neighbours[first]
    between[ends] = between[ends[::-1]] = np.arange(int(first.sum()))
    sizes = problem.weights[:, 0]
    total = float(sizes.sum())
    low = problem.low[0, 0] * (1 - SLACK)
    most = min(problem.high[0, 0] * (1 + SLACK), total - (k - 1) * low)
    return _Network(
        problem.cost[first], between, between[heads, problem.neighbours], sizes, most, _squares(total, low, most, k)
    )


def _squares(total: float, low: float, most: float, k: int) -> float:
    """The largest sum of the squares of k sizes between low and most: as many at either end as may be."""
    left, squares = total, 0.0
    for others in range(k - 1, -1, -1):
        size = min(most, left - others * low)
        squares += size**2
        left -= size
    return squares


def _uniform(problem: Problem, network: _Network) -> Floats:
    """One length for all edges that obeys every row; paths are then as long as their edges are many."""
    edges, before = _paths(problem, network, np.ones(len(network.price)))
    low, high = 0.0, 1.0
    for _ in range(8):
        middle = (low + high) / 2
        around = _Around.under(network, edges * middle, before)
        low, high = (middle, high) if len(around.alone) or around.together > 0 else (low, middle)
    return np.full(len(network.price), high)


def _paths(problem: Problem, network: _Network, lengths: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Distances between all units and the unit before each on the way, (n, n)."""
    n, costs = network.n_units, np.maximum(lengths, 1e-9)[network.edge_of]
    graph = csr_array((costs, problem.neighbours, problem.indptr), shape=(n, n))
    away, before = dijkstra(graph, return_predecessors=True)
    return away, before


@dataclass(frozen=True, eq=False)
class _Around:
    """What lies around each unit under some lengths.

    away (n, n) distances along before (n, n), near (n, n) those below 1; need (n,) what the near units must weigh, each
    by its distance; alone the units whose row is broken, together what all rows need if their sum is broken, else 0.
    """

    away: Floats
    before: NDArray[np.int32]
    near: NDArray[np.bool_]
    need: Floats
    alone: NDArray[np.int64]
    together: float

    @classmethod
    def under(cls, network: _Network, away: Floats, before: NDArray[np.int32]) -> _Around:
        """From the distances between all units (`_paths`)."""
        sizes = network.sizes
        near = away < 1
        reached = near @ sizes
        weighed = (np.where(near, away, 0.0) * sizes).sum(axis=1)
        need = reached - network.most
        alone = np.flatnonzero((need > LOOSE * sizes.sum()) & (weighed < need * (1 - BROKEN)))
        together = float(sizes @ reached) - network.squares
        is_broken = together > 0 and float(sizes @ weighed) < together * (1 - BROKEN)
        return cls(away, before, near, need, alone, together if is_broken else 0.0)


def _broken(problem: Problem, network: _Network, lengths: Floats) -> csr_array:
    """Rows (r, e) that the lengths break, each with 1 on its right side: one a unit, and one of all units together."""
    around = _Around.under(network, *_paths(problem, network, lengths))
    if not len(around.alone) and around.together <= 0:
        return csr_array((0, len(lengths)))
    trees = _trees(network, around)
    rows = [csr_array(trees[around.alone] / around.need[around.alone, None])]
    if around.together > 0:
        rows.append(csr_array((network.sizes @ trees / around.together)[None]))
    return csr_array(vstack(rows))


def _trees(network: _Network, around: _Around) -> Floats:
    """The weight of the near units beyond each edge in the shortest-path tree of each unit, (n, e)."""
    n, near, away, before = network.n_units, around.near, around.away, around.before
    order = np.argsort(np.where(near, -away, np.inf), axis=1, kind="stable")
    hanging = np.where(near, network.sizes, 0.0)
    trees = np.zeros((n, len(network.price)))
    roots = np.arange(n)
    for place in range(n):
        unit = order[:, place]
        inner = before[roots, unit]
        chosen = np.flatnonzero(near[roots, unit] & (unit != roots) & (inner >= 0))
        at, unit, inner = roots[chosen], unit[chosen], inner[chosen]
        trees[at, network.between[inner, unit]] += hanging[at, unit]
        hanging[at, inner] += hanging[at, unit]
    return trees
