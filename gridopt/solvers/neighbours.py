"""Two or three neighbouring grids drawn again exactly, everything else left as it is, until none gains.

What the grids share with the rest does not change, so the best redrawing of their units is the best partition
of the subgraph, borders included: the exact path (`exact`) finds it where the units are few. On the Hess
objective alone larger pairs are redrawn by its program (`prove`), on others by one that pays for borders and holds
the centres still (`sharing`): the best for these centres, then for those that come of it (Lloyd 1982).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from gridopt.milp import Limits
from gridopt.solvers.effort import PRESETS, Effort
from gridopt.solvers.exact import best_partition, enumerate_sets
from gridopt.solvers.hess import centre_units, offset_of, polished, set_offsets
from gridopt.solvers.problem import Floats, Ints, Problem, evaluate
from gridopt.solvers.prove import prove_hess
from gridopt.solvers.sharing import shared_out

MOST_UNITS = 30
"""Units of two or three grids that are drawn again by enumeration."""

LARGEST = 1_000
"""Units of the whole problem up to which its grids are taken two by two."""

LIMITS, PASSES, MOVES = Limits(nodes=200), 4, 4
"""Work of one program, passes over all groups of neighbours, and times that their centres move in one of them."""

PAIRED = 120
"""Units of two or three grids up to which programs redraw them in thorough searches."""

GAIN = 1e-9
"""Share of the objective that a redrawing must gain at least."""


def reach(effort: Effort) -> int:
    """Units of two or three grids up to which programs redraw them at an effort, 0 for no program.

    Thorough searches use them, and those that end in a proof: every tenth of a percent saves it work.
    """
    return PAIRED if effort.prove or effort.iterations > PRESETS["standard"][0] else 0


def never() -> bool:
    """No time limit."""
    return False


def improved(
    problem: Problem, labels: Ints, price: float = 0.0, *, paired: int = 0, is_over: Callable[[], bool] = never
) -> Ints:
    """Labels (n,) at least as good as those given, whole grids within the bounds as they were.

    ``price`` is what a grid's offset costs (`hess`); ``paired`` the units of two or three grids up to which programs
    redraw them; ``is_over`` says before each redrawing whether time is up.
    Problems with fixed units, given centres or rules beyond bounds are left alone. The same
    labels give the same answer.
    """
    if not is_plain(problem) or problem.n_grids < 2 or problem.n_units > LARGEST:
        return labels
    changed = np.ones(problem.n_grids, bool)
    for _ in range(PASSES):
        before, changed = changed, np.zeros(problem.n_grids, bool)
        for group in _groups(problem, labels, paired if problem.coefficients[0] > 0 else 0):
            if is_over():
                return labels
            if not (before[list(group)] | changed[list(group)]).any():
                continue
            better = _redrawn(problem, labels, group, (price, paired))
            if better is not None:
                labels = better
                changed[list(group)] = True
        if not changed.any():
            break
    return labels


def is_plain(problem: Problem) -> bool:
    """Whether all grids have the same bounds and there is nothing but bounds."""
    alike = all((one == one[:1]).all() for one in (problem.low, problem.high, problem.comfort, problem.target))
    free = bool((problem.fixed < 0).all()) and not problem.closed.any() and not np.isfinite(problem.anchors).any()
    return alike and free and not (problem.conditions.hold or problem.conditions.categories.size)


def _groups(problem: Problem, labels: Ints, paired: int) -> Iterator[tuple[int, ...]]:
    """Pairs of neighbouring grids, then triples of which each has a neighbour in it, in order of their numbers.

    Triples of few units only: enumeration takes `MOST_UNITS`, a program ``paired``.
    """
    most = max(MOST_UNITS, paired)
    a, b = labels[problem.heads], labels[problem.neighbours]
    pairs = sorted(set(zip(a[a < b].tolist(), b[a < b].tolist(), strict=True)))
    yield from pairs
    units = np.bincount(labels, minlength=problem.n_grids)
    if 3 * units.min() > most:
        return
    near = sorted({tuple(sorted({*one, *other})) for one, other in combinations(pairs, 2) if set(one) & set(other)})
    yield from (trio for trio in near if units[list(trio)].sum() <= most)


def _redrawn(problem: Problem, labels: Ints, group: tuple[int, ...], terms: tuple[float, int]) -> Ints | None:
    """The labels with the units of some grids drawn again, None where that gains nothing or costs too much."""
    price, paired = terms
    units = units_of(labels, group)
    part = part_of(problem, units, len(group))
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
        if sets is not None:
            sets = sets.priced(price * set_offsets(part, sets.members)) if price else sets
            return best_partition(part, sets, incumbent=_objective(part, labels, price)).labels
    if part.n_units > paired or evaluate(part, labels).violation > 0:
        return None
    if price > 0 and price == part.coefficients[0] and part.n_grids == 2 and not part.cost.any():
        return polished(part, prove_hess(part, labels, limits=LIMITS).labels, price)
    return _around_centres(part, labels, price)


def _around_centres(part: Problem, labels: Ints, price: float) -> Ints | None:
    """The best partition around the present centres, then around its own, while that gains; None if it never does.

    What a unit costs with the old centre of its new grid is no less than with the new one, so a gain is a gain.
    """
    best = None
    for _ in range(MOVES):
        shared = shared_out(part, _centre_costs(part, labels, price), labels, limits=LIMITS)
        if shared.labels is None or not shared.optimal:
            break
        if _objective(part, shared.labels, price) > _objective(part, labels, price) * (1 - GAIN):
            break
        labels = best = shared.labels
    return best


def _centre_costs(part: Problem, labels: Ints, price: float) -> Floats:
    """What each unit costs in each grid (n, k), the centres held where they are; a centre unit stays in its grid."""
    mass = np.bincount(labels, part.mass, part.n_grids)
    xy = part.xy - part.xy.mean(axis=0)
    sums = np.column_stack([np.bincount(labels, part.mass * axis, part.n_grids) for axis in xy.T])
    centroids = sums / np.where(mass > 0, mass, 1.0)[:, None]
    plain = ((xy[:, None] - centroids[None]) ** 2).sum(axis=2)
    costs = (part.coefficients[0] - price) * part.mass[:, None] * plain
    if not price:
        return np.asarray(costs)
    units = centre_units(part.mass, part.xy, labels)[0]
    costs = costs + price * part.mass[:, None] * ((xy[:, None] - xy[None, units]) ** 2).sum(axis=2)
    own = np.arange(part.n_grids)
    costs[units] = np.where(np.eye(part.n_grids, dtype=bool), costs[units, own], np.inf)
    return np.asarray(costs)


def _objective(problem: Problem, labels: Ints, price: float) -> float:
    return evaluate(problem, labels).objective + (price * offset_of(problem, labels) if price else 0.0)


def units_of(labels: Ints, grids: Sequence[int] | Ints) -> Ints:
    """The units of some grids, ascending."""
    chosen = np.zeros(int(labels.max()) + 1, bool)
    chosen[np.asarray(grids)] = True
    return np.flatnonzero(chosen[labels]).astype(np.int32)


def part_of(problem: Problem, units: Ints, n_grids: int) -> Problem:
    """The problem on some units alone, for so many grids."""
    place = np.full(problem.n_units, -1, np.int32)
    place[units] = np.arange(len(units), dtype=np.int32)
    heads = place[problem.heads]
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
