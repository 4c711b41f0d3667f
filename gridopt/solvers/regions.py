"""Small regions of neighbouring grids annealed again, everything else left as it is; each keeps its better drawing.

A run over a whole town is lucky here and unlucky there, and only its sum is judged; a few grids at a time are judged
each by itself. This is the method of Taillard and Voss (2002, POPMUSIC): parts of a solution are optimised again
until all have had their turn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import reworked
from gridopt.solvers.neighbours import is_plain, part_of, units_of
from gridopt.solvers.problem import Floats, Ints, Problem, evaluate

GRIDS = 8
"""Grids of a region at most; one fewer than there are in a smaller problem."""

LEAST = 4
"""Grids of a problem that has regions: of three, the pairs are redrawn anyway (`neighbours`)."""

ROUNDS, TURNS = 4, 3
"""Times that all grids are gone through, and regions that a grid is part of before it has none of its own."""

SHARE = 4
"""A run over a region takes this part of the sweeps of a run over everything."""

LARGEST = 12_000
"""Units of the whole problem up to which looking for its regions is worth the time."""

GAIN = 1e-9
"""Share of the objective that a redrawing must gain at least."""


def regions_redrawn(problem: Problem, labels: Ints, *, effort: Effort, seed: int) -> Ints:
    """Labels (n,) at least as good as those given, after every grid had its turns among its neighbours.

    Problems with fixed units, given centres or rules beyond bounds are left alone, and so are those of fewer than
    `LEAST` grids or more than `LARGEST` units. The same labels, effort and seed give the same answer.
    """
    if problem.n_grids < LEAST or problem.n_units > LARGEST or not is_plain(problem):
        return labels
    sweeps = max(1, effort.iterations // SHARE)
    for turn in range(ROUNDS):
        for region in _regions(problem, labels, backwards=turn % 2 == 1):
            if effort.is_over:
                return labels
            labels = _redrawn(problem, labels, region, (sweeps, seed + turn))
    return labels


def _regions(problem: Problem, labels: Ints, *, backwards: bool) -> Iterator[Ints]:
    """Regions around grids in the order of their numbers, those left out that have been in `TURNS` of them."""
    touching, centres = _neighbourhood(problem, labels)
    turns, size = np.zeros(problem.n_grids, np.int32), min(GRIDS, problem.n_grids - 1)
    for grid in range(problem.n_grids)[:: -1 if backwards else 1]:
        if turns[grid] < TURNS:
            region = _around(grid, size, touching, centres)
            turns[region] += 1
            yield region


def _redrawn(problem: Problem, labels: Ints, region: Ints, how: tuple[int, int]) -> Ints:
    """The labels with the units of a region annealed again from where they are, if that gains."""
    sweeps, seed = how
    units = units_of(labels, region)
    part = part_of(problem, units, len(region))
    inside = np.searchsorted(region, labels[units]).astype(np.int32)
    new = reworked(part, inside, sweeps=sweeps, seed=seed, turn=int(region[0]))
    before, after = evaluate(part, inside), evaluate(part, new)
    if after.violation > before.violation or after.objective > before.objective - GAIN * abs(before.objective):
        return labels
    better = labels.copy()
    better[units] = region[new]
    return better


def _neighbourhood(problem: Problem, labels: Ints) -> tuple[list[Ints], Floats]:
    """(grids that each grid touches, its centroid (k, 2)); they only choose regions, so that older ones do as well."""
    k = problem.n_grids
    heads = labels[problem.heads].astype(np.int64)
    tails = labels[problem.neighbours]
    pairs = np.unique(heads[heads != tails] * k + tails[heads != tails])
    touching = np.split((pairs % k).astype(np.int32), np.searchsorted(pairs, np.arange(1, k) * k))
    units = np.bincount(labels, minlength=k)
    return touching, np.column_stack([np.bincount(labels, axis, k) / units for axis in problem.xy.T])


def _around(grid: int, size: int, touching: list[Ints], centres: Floats) -> Ints:
    """A grid and those around it, ring by ring, the nearest of the last ring first; ascending."""
    region, ring = [grid], [grid]
    away = ((centres - centres[grid]) ** 2).sum(axis=1)
    while ring and len(region) < size:
        beside = {int(other) for one in ring for other in touching[one]}
        ring = sorted(beside.difference(region), key=lambda one: (away[one], one))
        region += ring[: size - len(region)]
    return np.sort(np.array(region, np.int32))
