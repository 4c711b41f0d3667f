"""One small problem as arrays: what the search sees, and the plain measure of any answer to it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels.further import Further
from gridopt._kernels.layout import Layout, lay_out, number_pieces
from gridopt._kernels.state import CUT, INERTIA, MIXED, SIZE, Board, new_state
from gridopt.errors import SolverError, preview
from gridopt.solvers.conditions import NEVER, Conditions

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Score(NamedTuple):
    """How good a partition is: the three raw terms, their weighted sum, and how far out of bounds it is."""

    terms: Floats  # (3) proximity, governance, size
    objective: float
    violation: float


@dataclass(frozen=True, eq=False)
class Problem:
    """Units to be shared out to ``n_grids`` grids; arrays only, read-only.

    indptr, neighbours, cost   CSR of the graph, both directions; cost is what governance pays for a cut edge
    weights       (n, m) measures with bounds, column 0 the size measure
    mass          (n,)   what proximity weighs
    xy            (n, 2) metres
    low, high     (k, m) hard bounds of each grid and measure, 0 / inf for none
    comfort       (k, 2) band of sizes that cost nothing, (-inf, inf) for an exempt grid
    target        (k,)   the size that distance outside the band is measured by
    fixed         (n,)   the grid a unit must stay in, -1 for a free unit
    closed        (k,)   grids that take no free unit but such as weigh nothing in every measure
    coefficients  (3,)   on proximity, governance and size
    shortfall_cost, excess_cost   what going below low or above high costs, where no partition keeps the bounds
    anchors       (k, 2) the given centre of a grid, NaN where it is the centroid of its mass
    conditions    the rules beyond bounds
    """

    indptr: Ints
    neighbours: Ints
    cost: Floats
    weights: Floats
    mass: Floats
    xy: Floats
    low: Floats
    high: Floats
    comfort: Floats
    target: Floats
    fixed: Ints
    closed: NDArray[np.bool_]
    coefficients: Floats
    shortfall_cost: float = 1.0
    excess_cost: float = 1.0
    anchors: Floats = field(default_factory=lambda: np.empty((0, 2)))
    conditions: Conditions = field(default_factory=Conditions)

    def __post_init__(self) -> None:
        if not len(self.anchors):
            object.__setattr__(self, "anchors", np.full((self.n_grids, 2), np.nan))
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, np.ndarray):
                copied: NDArray[Any] = np.ascontiguousarray(value, _dtype(one.name)).copy()
                copied.flags.writeable = False
                object.__setattr__(self, one.name, copied)
        n, k, m = self.n_units, self.n_grids, self.weights.shape[1]
        shapes = {"indptr": (n + 1,), "cost": self.neighbours.shape, "mass": (n,), "xy": (n, 2), "fixed": (n,)}
        shapes |= {"low": (k, m), "high": (k, m), "comfort": (k, 2), "target": (k,), "closed": (k,)}
        shapes |= {"coefficients": (3,), "anchors": (k, 2)}
        wrong = [f"{name} {getattr(self, name).shape}" for name, shape in shapes.items()
                 if getattr(self, name).shape != shape]  # fmt: skip
        if wrong:
            raise SolverError(f"The arrays of a problem of {n} units and {k} grids do not fit: {preview(wrong)}.")
        if not 1 <= k <= n:
            raise SolverError(
                f"{n} units cannot form {k} grids: ask for 1 to {n}.",
                zh=f"{n} 个划分单元无法组成 {k} 个网格：网格数须在 1 至 {n} 之间。",
            )

    @property
    def n_units(self) -> int:
        return len(self.weights)

    @property
    def n_grids(self) -> int:
        return len(self.low)

    @cached_property
    def heads(self) -> NDArray[np.int64]:
        """The unit that each entry of ``neighbours`` is a neighbour of."""
        return np.repeat(np.arange(self.n_units), np.diff(self.indptr))

    @cached_property
    def layout(self) -> Layout:
        """Where the kernels hold units and edges: along a Hilbert curve, in rotation around each unit."""
        n, e = self.n_units, len(self.neighbours)
        order, place = np.empty((2, n), np.int32)
        neighbours, edges = np.empty((2, e), np.int32)
        layout = Layout(order, place, np.empty(n + 1, np.int32), neighbours, edges, np.empty(e, np.bool_))
        lay_out(self.indptr.copy(), self.neighbours.copy(), self.xy.copy(), layout)  # kernels take what may be written
        return layout

    @property
    def order(self) -> Ints:
        """Units in the order in which the kernels hold them."""
        return self.layout.order

    def repriced(self, cost: Floats, coefficients: Floats) -> Problem:
        """The same problem with other costs of edges and other coefficients; the layout is made once for both."""
        problem = replace(self, cost=cost, coefficients=coefficients)
        problem.__dict__["layout"] = self.layout
        return problem

    @cached_property
    def board(self) -> Board:
        """The problem as the kernels see it: in the order of its layout, coordinates centred."""
        layout, order = self.layout, self.layout.order
        return Board(
            layout.indptr,
            layout.neighbours,
            layout.linked,
            self.cost[layout.edges],
            np.ascontiguousarray(np.column_stack([self.weights, self._categories])[order]),
            self.mass[order],
            (self.xy - self.xy.mean(axis=0))[order],
            self.low.copy(),
            self.high.copy(),
            self.comfort.copy(),
            self.target.copy(),
            self.fixed[order] >= 0,
            (self.weights[order] == 0).all(axis=1),
            self.closed.copy(),
            self.coefficients.copy(),
            np.array([self.shortfall_cost, self.excess_cost], np.float64),
            self._further(layout.place),
            self.conditions.hold,
            bool(np.isfinite(self.anchors).any()),
        )

    @property
    def _categories(self) -> Floats:
        """What each unit brings to each category, (n, c), c being 0 where nothing may be mixed."""
        given = self.conditions.categories
        return given if given.size else np.empty((self.n_units, 0))

    def _further(self, place: Ints) -> Further:
        """The rules beyond bounds as the kernels see them; ``place`` (n,) is a unit's place on the board."""
        n, rules, walks = self.n_units, self.conditions, self.conditions.walks
        none, centre = np.empty((0, 2), np.int32), self.xy.mean(axis=0)
        starts, units, turn = _linked(n, place[rules.pairs[:, :2]])
        homes = np.empty(0, np.int32) if walks is None else place[walks.unit]
        return Further(
            np.array([NEVER * (len(rules.pairs) > 0), walks.price if walks else 0, NEVER * (rules.beside is not None)]),
            walks.limit if walks else np.inf,
            np.ascontiguousarray(self.anchors - centre),
            starts,
            units,
            np.tile(rules.pairs[:, 2], 2)[turn].astype(np.int32),
            np.concatenate([[0], np.cumsum(np.bincount(homes, minlength=n))]).astype(np.int32),
            np.argsort(homes, kind="stable").astype(np.int32),
            np.ascontiguousarray(walks.xy - centre) if walks else np.empty((0, 2)),
            walks.people.astype(np.float64) if walks else np.empty(0),
            np.ascontiguousarray(walks.ways, np.float64) if walks else np.empty((0, 0)),
            *_linked(n, none if rules.beside is None else place[rules.beside])[:2],
            np.ascontiguousarray(rules.outer[self.order] if rules.beside is not None else np.zeros(n, bool)),
        )


def evaluate(problem: Problem, labels: Ints) -> Score:
    """Terms, objective and violation of labels (n,), from their definitions.

    Proximity is the sum of mass times squared distance to the grid's centre (the one given to it, else its
    centroid of mass), governance the cost of the edges cut and of what lies outside the leading category of its
    grid, size the squared distance outside the comfort band relative to the target. Violation is the sum over
    grids and measures of the shortfall or excess relative to its bound, times what it costs, and of what the
    further conditions price.
    """
    state = new_state(problem.board, np.asarray(labels)[problem.order])
    parts = state.parts.sum(axis=0)
    terms = np.array([parts[INERTIA], parts[CUT] / 2 + parts[MIXED], parts[SIZE]])
    return Score(terms, float(terms @ problem.coefficients), float(state.total[1]))


def breaches(problem: Problem, labels: Ints) -> float:
    """What labels (n,) break of the conditions beyond bounds, priced."""
    conditions, k = problem.conditions, problem.n_grids
    if not conditions.hold:
        return 0.0
    by_grid = conditions.breaches(labels == np.arange(k)[:, None], problem.anchors)
    return float(by_grid.sum() + NEVER * conditions.enclosed(labels, k).sum())


def mixtures(categories: Floats) -> Floats:
    """What each grid brings to categories other than its leading one; categories (s, c) are its sums."""
    return np.asarray(categories.sum(axis=1) - categories.max(axis=1), np.float64)


def n_pieces(problem: Problem, labels: Ints) -> NDArray[np.int64]:
    """Connected pieces of each grid, (k,); 0 for an empty grid."""
    piece = connected_pieces(problem, labels)
    first = np.unique(piece, return_index=True)[1]
    return np.bincount(labels[first], minlength=problem.n_grids)


def is_connected(problem: Problem, labels: Ints) -> bool:
    """Whether every grid is used and in one piece."""
    return bool((n_pieces(problem, labels) == 1).all())


def connected_pieces(problem: Problem, labels: Ints) -> Ints:
    """Number of the connected piece each unit lies in, pieces being of one label, numbered by first unit."""
    pieces, queue = np.empty((2, problem.n_units), np.int32)
    number_pieces(problem.indptr.copy(), problem.neighbours.copy(), np.array(labels, np.int32), pieces, queue)
    return pieces


def _linked(n: int, pairs: Ints) -> tuple[Ints, Ints, NDArray[np.int64]]:
    """CSR of pairs in both directions (starts, others), and where each entry stands in the pairs listed twice."""
    if not len(pairs):
        return np.zeros(n + 1, np.int32), np.empty(0, np.int32), np.empty(0, np.int64)
    heads, tails = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    turn = np.lexsort((tails, heads))
    starts = np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=n))]).astype(np.int32)
    return starts, tails[turn].astype(np.int32), turn


def _dtype(name: str) -> type:
    if name in ("indptr", "neighbours", "fixed"):
        return np.int32
    return np.bool_ if name == "closed" else np.float64
