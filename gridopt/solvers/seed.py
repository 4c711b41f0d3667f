"""Where a search starts: recursive inertial bisection around what is fixed already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridopt._kernels.bisect import Ground, bisect
from gridopt.errors import SolverError
from gridopt.solvers.problem import Ints, Problem, connected_pieces


def inertial_bisection(problem: Problem, *, jitter: float = 0.0, seed: int = 0) -> Ints:
    """Labels (n,) by recursive inertial bisection of the units that are not fixed.

    Each piece of them is cut across the principal axis of its mass where the size measure parts in
    proportion to the grids on either side; what is cut off from its side goes over to the other. Every grid
    is connected and none is empty where the pieces allow it. Deterministic; ``jitter`` turns every axis at
    random by up to so many radians.
    """
    return start(problem, *shares(problem), jitter=jitter, seed=seed)


def shares(problem: Problem) -> tuple[Ints, Ints]:
    """(pieces (n,), n_per_piece (p,)): the connected pieces of the free units, and grids for each by size.

    Fixed units are in piece -1. Every piece gets a grid while there are enough, largest first; the rest goes
    by largest remainder of size, never more grids than units.
    """
    free = problem.fixed < 0
    raw = connected_pieces(problem, np.where(free, 0, 1).astype(np.int32))
    if not raw.any() and free.all():
        return raw, np.array([problem.n_grids], np.int32)
    pieces = np.full(problem.n_units, -1, np.int32)
    numbers, inverse = np.unique(raw[free], return_inverse=True)
    pieces[free] = inverse
    units = np.bincount(inverse, minlength=len(numbers))
    sizes = np.bincount(inverse, problem.weights[free, 0], len(numbers))
    n_new = int((~_occupied(problem)).sum())
    counts = np.zeros(len(numbers), np.int32)
    counts[np.lexsort((-units, -sizes))[:n_new]] = 1
    measured = sizes if sizes.sum() > 0 else units
    wanted = n_new * measured / max(measured.sum(), 1)
    while counts.sum() < min(n_new, units.sum()):
        counts[int(np.argmax(np.where(counts < units, wanted - counts, -np.inf)))] += 1
    return pieces, counts


def start(problem: Problem, pieces: Ints, n_per_piece: Ints, *, jitter: float = 0.0, seed: int = 0) -> Ints:
    """Labels (n,) with fixed units in their grids and each piece of the others bisected by itself.

    ``pieces`` (n,) numbers the connected pieces of free units (fixed units: anything), ``n_per_piece`` says
    into how many grids each falls; the grids without fixed units are numbered piece by piece. A piece
    without a grid of its own joins the neighbouring grid it shares most border with, an open one if it can,
    or the nearest one where it has no neighbour. Grids that hold fixed units start with these alone, unless every
    grid has a given centre: then each unit goes to the centre nearest along the graph.
    """
    if np.isfinite(problem.anchors).all() and _occupied(problem).all():
        return around_centres(problem, jitter=jitter, seed=seed)
    free = problem.fixed < 0
    empty = np.flatnonzero(~_occupied(problem))
    if int(np.sum(n_per_piece)) != len(empty):
        raise SolverError(f"{np.sum(n_per_piece)} grids asked for in the pieces, {len(empty)} without fixed units.")
    order = problem.order[free[problem.order]]
    numbers = np.asarray(pieces, np.int64)[order]
    grouped = order[np.argsort(numbers, kind="stable")]
    units = np.bincount(numbers, minlength=len(n_per_piece))
    if (np.asarray(n_per_piece) > units).any():
        raise SolverError("A piece of the graph is asked for more grids than it has units.")
    stops = np.cumsum(units)
    table = np.column_stack([stops - units, stops, n_per_piece]).astype(np.int32)
    parts = np.full(problem.n_units, -1, np.int32)
    ground = Ground(
        problem.indptr.copy(),
        problem.neighbours.copy(),
        np.ascontiguousarray(problem.xy - problem.xy.mean(axis=0)),
        problem.mass.copy(),
        problem.weights[:, 0].copy(),
    )
    drawn_pieces = np.ascontiguousarray(table[table[:, 2] > 0])
    bisect(ground, grouped.astype(np.int32), drawn_pieces, jitter, np.uint64(seed), parts)
    labels = problem.fixed.copy()
    drawn = parts >= 0
    labels[drawn] = empty[parts[drawn]]
    for piece in np.flatnonzero(np.asarray(n_per_piece) == 0):
        members = np.flatnonzero(free & (np.asarray(pieces) == piece))
        if len(members):
            labels[members] = _host(problem, labels, members)
    return labels


def around_centres(problem: Problem, *, jitter: float = 0.0, seed: int = 0) -> Ints:
    """Labels (n,) by the fixed unit that is nearest along the graph: shortest paths, so that every grid is connected.

    ``jitter`` stretches every edge at random by a factor of about ``exp(jitter)`` at most. A piece without a fixed
    unit goes to the nearest one as the crow flies.
    """
    n, held = problem.n_units, np.flatnonzero(problem.fixed >= 0)
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    metres = np.hypot(*(problem.xy[heads] - problem.xy[problem.neighbours]).T)
    stretch = np.random.default_rng(seed).uniform(-jitter, jitter, len(heads))
    lattice = csr_array((np.maximum(metres, 1e-3) * np.exp(stretch), problem.neighbours, problem.indptr), shape=(n, n))
    _, _, sources = dijkstra(lattice, indices=held, return_predecessors=True, min_only=True)
    for unit in np.flatnonzero(sources < 0):
        sources[unit] = held[np.argmin(((problem.xy[held] - problem.xy[unit]) ** 2).sum(axis=1))]
    return np.asarray(problem.fixed[sources])


def allotted(problem: Problem, labels: Ints) -> tuple[Ints, Ints]:
    """(pieces, n_per_piece) of the free units, as `shares` gives them, but as many grids as ``labels`` have there.

    A grid without fixed units that lies in several pieces counts for the one that holds most of its units.
    """
    pieces, _ = shares(problem)
    n_pieces = int(pieces.max(initial=-1)) + 1
    counts = np.zeros(n_pieces, np.int32)
    for grid in np.flatnonzero(~_occupied(problem)):
        counts[int(np.argmax(np.bincount(pieces[labels == grid], minlength=n_pieces)))] += 1
    return pieces, counts


def _occupied(problem: Problem) -> NDArray[np.bool_]:
    """Grids that hold a fixed unit, (k,)."""
    return np.bincount(problem.fixed[problem.fixed >= 0], minlength=problem.n_grids) > 0


def _host(problem: Problem, labels: Ints, members: NDArray[np.int64]) -> int:
    """The grid that a piece without a grid of its own joins."""
    around = np.zeros(problem.n_grids)
    for unit in members:
        row = slice(problem.indptr[unit], problem.indptr[unit + 1])
        known = labels[problem.neighbours[row]] >= 0
        np.add.at(around, labels[problem.neighbours[row]][known], 1e-9 + problem.cost[row][known])
    willing = ~problem.closed if problem.weights[members].any() else np.ones(problem.n_grids, bool)
    if around.any():
        return int(np.lexsort((-around, ~willing, around == 0))[0])
    others = np.flatnonzero(labels >= 0)
    away = ((problem.xy[others] - problem.xy[members].mean(axis=0)) ** 2).sum(axis=1)
    return int(labels[others[np.lexsort((away, ~willing[labels[others]]))[0]]])
