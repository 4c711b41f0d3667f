"""A drawing made as good as can be shown: a better plan of the grids that its proof came upon, and what is left."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from gridopt.milp import Limits
from gridopt.milp.set_partitioning import choose
from gridopt.solvers.columns import Columns, generated, within
from gridopt.solvers.effort import PRESETS, Effort
from gridopt.solvers.exact import Sets, best_partition
from gridopt.solvers.market import Admissible
from gridopt.solvers.problem import Ints, Problem, breaches

MOST_UNITS = 300
"""Units up to which grids are generated; with more they are too many to look at."""

STEPS, PROVING, FEWEST = 4_000_000, 30_000_000, 60_000
"""Sets looked at by a standard search, where a proof is asked for, and at least: with fewer there is seldom a bound."""

A_SECOND = 500_000
"""Sets that are looked at in a second on a slow machine: what a time limit leaves is counted by them."""

MOST_COMMUNITIES = 600
"""Communities that share the work up to which any sets are looked at."""

MOST_CHOSEN = 20_000
"""Grids that the best plan is chosen from where a proof is asked for; fewer as fewer sets are looked at."""

AS_GOOD = 1e-9
"""Share of its cost within which a plan is as good as its bound."""


@dataclass(frozen=True, eq=False)
class Settled:
    """Labels (n,) at least as good as those given, and by how much their objective may still fall at most.

    ``slack`` is None where nothing is known; 0 where the labels are proved to be the best. ``known`` are the grids and
    prices that show it, ``admissible`` what they were taken from; None where nothing was tried.
    """

    labels: Ints
    slack: float | None = None
    known: Columns | None = None
    admissible: Admissible | None = None

    @property
    def is_best(self) -> bool:
        return self.slack == 0

    def slack_of(self, labels: Ints) -> float | None:
        """The same for other labels (n,) of the same problem."""
        if self.admissible is None or self.slack is None:
            return self.slack
        return self.slack + _cost(self.admissible, labels) - _cost(self.admissible, self.labels)

    def bettered(self, problem: Problem, labels: Ints, effort: Effort) -> Settled:
        """The same for better labels (n,): no new prices, but fewer grids are left that better plans may have."""
        if self.admissible is None or self.known is None or self.slack is None:
            return replace(self, labels=labels)
        cost = _cost(self.admissible, labels)
        if cost >= _cost(self.admissible, self.labels) * (1 - AS_GOOD):
            return self
        return _chosen(problem, replace(self, labels=labels, slack=max(cost - self.known.best.bound, 0.0)), effort)


def settled(problem: Problem, labels: Ints, effort: Effort, pool: tuple[Ints, ...] = ()) -> Settled:
    """A drawing bettered and bounded by the grids that are worth their price (`columns`).

    Where it misses bounds, or grids have rules of their own, it stays, and is bounded among all plans that miss no
    more in the first measure than it does. ``pool`` are the units of grids of other good plans.
    """
    steps = _steps(effort)
    fits = 2 <= problem.n_grids <= problem.n_units <= MOST_UNITS and problem.weights[:, 0].any()
    if effort.is_over or not steps or not fits:
        return Settled(labels)
    admissible = Admissible.beside(problem, labels)
    grids = np.zeros((len(pool), problem.n_units), bool)
    for row, units in zip(grids, pool, strict=True):
        row[units] = True
    known = generated(admissible, labels, steps, grids, lambda: effort.is_over)
    if admissible.missed == 0 and _are_alike(problem) and breaches(problem, labels) == 0:
        labels = _recombined(problem, labels, known)
    if not np.isfinite(known.best.bound):
        return Settled(labels)
    slack = max(_cost(admissible, labels) - known.best.bound, 0.0)
    return _chosen(problem, Settled(labels, slack, known, admissible), effort)


def _steps(effort: Effort) -> int:
    """Sets looked at in one community, by how hard the search is; fewer by the square of what is left to it."""
    cap = PROVING
    if effort.deadline is not None:
        cap = max(round(A_SECOND * (effort.deadline - time.monotonic())), 1)
    if effort.prove:
        return min(PROVING, cap)
    if effort.among > MOST_COMMUNITIES:
        return 0
    standard = PRESETS["standard"][0] * PRESETS["standard"][1]
    work = min(effort.iterations * effort.restarts / standard, PROVING / STEPS)
    return min(max(FEWEST, round(work * STEPS * effort.share**2)), cap)


def _chosen(problem: Problem, one: Settled, effort: Effort) -> Settled:
    """The best plan of all grids that a better one may have, where these are few."""
    if one.admissible is None or one.known is None or one.slack is None:
        return one
    cost = _cost(one.admissible, one.labels)
    if one.slack <= AS_GOOD * cost:
        return replace(one, slack=0.0)
    if one.admissible.missed > 0 or not _are_alike(problem) or breaches(problem, one.labels) > 0:
        return one
    steps = _steps(effort)
    most, left = max(MOST_CHOSEN * steps // PROVING, 1), max(one.known.steps, steps // 4)
    members = within(one.admissible, one.known.best, one.slack + AS_GOOD * cost, left, most)
    if members is None:
        return one
    proof = best_partition(problem, Sets.of(problem, members), incumbent=cost)
    if proof.status != "optimal" or proof.labels is None:
        return one
    is_better = _cost(one.admissible, proof.labels) < cost * (1 - AS_GOOD)
    return replace(one, labels=proof.labels if is_better else one.labels, slack=0.0)


def _cost(admissible: Admissible, labels: Ints) -> float:
    return float(admissible.costs(_plan(admissible.problem, labels)).sum())


def _plan(problem: Problem, labels: Ints) -> NDArray[np.bool_]:
    return np.asarray(labels == np.arange(problem.n_grids)[:, None])


def _are_alike(problem: Problem) -> bool:
    """Whether all grids have the same rules, no unit is above a limit, and no unit or centre is given."""
    tables = problem.low, problem.high, problem.comfort, problem.target
    alike = all(np.array_equal(table, np.broadcast_to(table[0], table.shape)) for table in tables)
    given = (problem.fixed >= 0).any() or np.isfinite(problem.anchors).any() or problem.closed.any()
    return bool(alike and not given and (problem.weights <= problem.high[0]).all())


def _recombined(problem: Problem, labels: Ints, columns: Columns) -> Ints:
    """The best plan of the grids known, as far as a few branches show."""
    incumbent = float(Sets.of(problem, _plan(problem, labels)).cost.sum())
    sets = Sets.of(problem, columns.members)
    members = csc_array(sets.members.T.astype(np.float64))
    choice = choose(members, sets.cost, problem.n_grids, incumbent=incumbent, limits=Limits(nodes=200))
    if choice.chosen is None or choice.objective is None or choice.objective >= incumbent * (1 - AS_GOOD):
        return labels
    better = np.asarray(np.argmax(sets.members[np.sort(choice.chosen)], axis=0), np.int32)
    return labels if breaches(problem, better) > 0 else better
