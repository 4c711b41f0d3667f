"""Two or three neighbouring grids drawn again exactly, everything else left as it is, until none gains.

What the grids share with the rest does not change, so the best redrawing of their units is the best partition
of the subgraph, borders included: the exact path (`exact`) finds it where the units are few. On the Hess
objective alone larger pairs are redrawn by its program (`prove`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gridopt.milp import Limits
from gridopt.solvers.exact import best_partition, enumerate_sets
from gridopt.solvers.hess import offset_of, polished, set_offsets
from gridopt.solvers.problem import Ints, Problem, evaluate
from gridopt.solvers.prove import prove_hess

MOST_UNITS = 30
"""Units of two or three grids that are drawn again by enumeration."""

LARGEST = 1_000
"""Units of the whole problem up to which its grids are taken two by two."""

LIMITS, PASSES = Limits(nodes=200), 4
"""Work of one such program, and passes over all groups of neighbours."""

GAIN = 1e-9
"""Share of the objective that a redrawing must gain at least."""


def improved(problem: Problem, labels: Ints, price: float = 0.0, *, paired: int = 0) -> Ints:
    """Labels (n,) at least as good as those given, whole grids within the bounds as they were.

    ``price`` is what a grid's offset costs (`hess`); ``paired`` the units of two grids up to which the Hess program
    redraws them. Problems with fixed units, given centres or rules beyond bounds are left alone. The same
    labels give the same answer.
    """
    if not _is_plain(problem) or problem.n_grids < 2 or problem.n_units > LARGEST:
        return labels
    changed = np.ones(problem.n_grids, bool)
    for _ in range(PASSES):
        before, changed = changed, np.zeros(problem.n_grids, bool)
        for group in _groups(problem, labels):
            if not (before[list(group)] | changed[list(group)]).any():
                continue
            better = _redrawn(problem, labels, group, (price, paired))
            if better is not None:
                labels = better
                changed[list(group)] = True
        if not changed.any():
            break
    return labels


def _is_plain(problem: Problem) -> bool:
    """Whether all grids have the same bounds and there is nothing but bounds."""
    alike = all((one == one[:1]).all() for one in (problem.low, problem.high, problem.comfort, problem.target))
    free = bool((problem.fixed < 0).all()) and not problem.closed.any() and not np.isfinite(problem.anchors).any()
    return alike and free and not (problem.conditions.hold or problem.conditions.categories.size)


def _groups(problem: Problem, labels: Ints) -> Iterator[tuple[int, ...]]:
    """Pairs of neighbouring grids, then triples of which each has a neighbour in it, in order of their numbers."""
    heads = np.repeat(np.arange(problem.n_units), np.diff(problem.indptr))
    a, b = labels[heads], labels[problem.neighbours]
    pairs = sorted(set(zip(a[a < b].tolist(), b[a < b].tolist(), strict=True)))
    yield from pairs
    units = np.bincount(labels, minlength=problem.n_grids)
    if 3 * units.min() > MOST_UNITS:
        return
    near = sorted({tuple(sorted({*one, *other})) for one, other in combinations(pairs, 2) if set(one) & set(other)})
    yield from (trio for trio in near if units[list(trio)].sum() <= MOST_UNITS)


def _redrawn(problem: Problem, labels: Ints, group: tuple[int, ...], terms: tuple[float, int]) -> Ints | None:
    """The labels with the units of some grids drawn again, None where that gains nothing or costs too much."""
    price, paired = terms
    units = np.flatnonzero(np.isin(labels, group)).astype(np.int32)
    part = _part(problem, units, len(group))
    inside = np.searchsorted(np.array(group), labels[units]).astype(np.int32)
    new = _best(part, inside, price, paired)
    if new is None or _objective(part, new, price) > _objective(part, inside, price) * (1 - GAIN):
        return None
    better = labels.copy()
    better[units] = np.array(group, np.int32)[new]
    return better


def _best(part: Problem, labels: Ints, price: float, paired: int) -> Ints | None:
    """The best partition of a few grids that is within reach, None where none is known."""
    if part.n_units <= MOST_UNITS:
        sets = enumerate_sets(part, part.low[0], part.high[0])
        if sets is None:
            return None
        sets = sets.priced(price * set_offsets(part, sets.members)) if price else sets
        return best_partition(part, sets, incumbent=_objective(part, labels, price)).labels
    alone = price > 0 and price == part.coefficients[0] and not part.cost.any()
    if not alone or part.n_grids > 2 or part.n_units > paired or evaluate(part, labels).violation > 0:
        return None
    return polished(part, prove_hess(part, labels, limits=LIMITS).labels, price)


def _objective(problem: Problem, labels: Ints, price: float) -> float:
    return evaluate(problem, labels).objective + (price * offset_of(problem, labels) if price else 0.0)


def _part(problem: Problem, units: Ints, n_grids: int) -> Problem:
    """The problem on some units alone, for so many grids."""
    place = np.full(problem.n_units, -1, np.int32)
    place[units] = np.arange(len(units), dtype=np.int32)
    heads = place[np.repeat(np.arange(problem.n_units), np.diff(problem.indptr))]
    tails = place[problem.neighbours]
    kept = (heads >= 0) & (tails >= 0)
    first = slice(0, n_grids)
    return dataclasses.replace(
        problem,
        indptr=np.concatenate([[0], np.cumsum(np.bincount(heads[kept], minlength=len(units)))]),
        neighbours=tails[kept],
        cost=problem.cost[kept],
        weights=problem.weights[units],
        mass=problem.mass[units],
        xy=problem.xy[units],
        fixed=problem.fixed[units],
        low=problem.low[first],
        high=problem.high[first],
        comfort=problem.comfort[first],
        target=problem.target[first],
        closed=problem.closed[first],
        anchors=problem.anchors[first],
    )
