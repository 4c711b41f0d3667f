"""One connected piece drawn: the number of grids, the exact path where it pays, search elsewhere, relaxation last."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.solvers.bounds import PROVED, Slack, slack_of
from gridopt.solvers.community import Community, pose, posts_within
from gridopt.solvers.contraction import Terrain
from gridopt.solvers.effort import Effort
from gridopt.solvers.exact import Sets, best_partition, enumerate_sets
from gridopt.solvers.improve import search
from gridopt.solvers.irreducible import NOTHING_KNOWN, Clash, clash_of, neck_of
from gridopt.solvers.numbers import candidates, needed_apart
from gridopt.solvers.problem import Problem, breaches, evaluate
from gridopt.solvers.refine import refined
from gridopt.solvers.relaxation import missed_by_number, never_relaxed
from gridopt.solvers.relaxed import Task, draw_relaxed
from gridopt.solvers.settle import settled

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

TRIED_NUMBERS = 3
"""Numbers of grids that are tried where each costs a search."""
_FIRST_GUESS = Effort.named("quick")
"""The search before the exact path, which only needs a plan to beat."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Labels of one piece, and what is known about them.

    ``relaxed``: not every bound is met. ``optimal``: no better drawing of the problem (as relaxed) exists.
    ``n_wished``: the number of grids nearest to the target, which is not the number drawn where that has
    no plan. ``impossible``: whatever was not met, bounds or wish, is proved to be impossible. ``clash``: which
    rules were in each other's way. ``slack``: by how much the objective may still fall, None if unknown.
    """

    labels: Ints
    relaxed: bool
    optimal: bool
    impossible: bool
    n_wished: int
    clash: Clash = NOTHING_KNOWN
    slack: Slack | None = None

    @property
    def n_grids(self) -> int:
        return int(self.labels.max()) + 1

    @classmethod
    def one_grid(cls, n_units: int, *, relaxed: bool = False) -> Drawn:
        """The only drawing there is with one grid."""
        return cls(np.zeros(n_units, np.int32), relaxed, True, relaxed, 1, slack=Slack(0.0, np.zeros(3)))


def draw_piece(
    terrain: Terrain, community: Community, coefficients: Floats, *, aim: float, effort: Effort, seed: int
) -> Drawn:
    """Draw the grids of one connected terrain under the rules of its community.

    Around declared posts there are as many grids as posts. Elsewhere the admissible numbers of grids are tried in
    turn, the nearest to total / ``aim`` first, with every group whole and every bound kept; where none has a plan,
    rules give way one after the other (`draw_relaxed`), at once where more places than there may be grids are out of
    each other's reach. Where their number is free all are tried, and the best drawing of any is taken.
    """
    graph = terrain.whole
    totals = graph.weights.sum(axis=0)
    bounds = community.low, community.high
    n_posts = min(int((posts_within(graph, community) >= 0).sum()), graph.n_units)
    fixed = n_posts or _fixed_number(totals, community, aim, graph.n_units)
    numbers = [fixed] if fixed else candidates(totals, *bounds, target=aim, most=graph.n_units)
    conditions = pose(graph, community, coefficients, 1).conditions
    least = needed_apart(conditions.pairs)
    if max(numbers) < least:
        fixed = least
    numbers = [number for number in numbers if number >= least] or [least]
    admitted = not missed_by_number(community, totals, numbers[0])
    is_free = community.count is None and community.rules.size.count == "free" and len(numbers) > 1
    is_one = numbers[0] == 1 and not is_free
    if terrain.graph.n_units == 1 or (is_one and (fixed or (admitted and _near(terrain, community)))):
        return Drawn.one_grid(terrain.graph.n_units, relaxed=not admitted)
    alone = conditions.walks.unit[conditions.walks.apart()] if conditions.walks else np.empty(0, np.int32)
    hopeless = len(alone) > max(numbers)
    tried = _best_of_all if is_free else drawn_whole
    how = effort, seed
    outcome = tried(terrain, community, coefficients, numbers, how) if not hopeless else Outcome(None, impossible=True)
    if outcome.labels is not None:
        labels = outcome.labels[terrain.groups]
        wished = int(labels.max()) + 1 if is_free else numbers[0]
        return Drawn(labels, False, outcome.optimal, outcome.impossible, wished, slack=outcome.slack)
    task = Task(terrain, community, coefficients, tuple(numbers), float(totals[0] / aim), fixed is not None)
    relaxed = draw_relaxed(task, effort=effort, seed=seed)
    impossible = outcome.impossible or relaxed.proved
    clash = NOTHING_KNOWN if fixed else clash_of(task, proved=impossible, firm_only=relaxed.refused)
    if hopeless:
        clash = dataclasses.replace(clash, apart=tuple(graph.ids[unit] for unit in alone), most=max(numbers))
    optimal = relaxed.optimal and impossible
    slack = PROVED if optimal else _slack_as_relaxed(task, relaxed.labels, effort)
    return Drawn(relaxed.labels, True, optimal, impossible, numbers[0], clash, slack)


def _slack_as_relaxed(task: Task, labels: Ints, effort: Effort) -> Slack | None:
    """The slack of a drawing that misses rules, of any groups' units, for the number of grids that it has."""
    problem = pose(task.terrain.graph, task.community, task.coefficients, int(labels.max()) + 1)
    return slack_of(problem, labels, effort, settled(problem, labels, effort).slack_of(labels))


def _near(terrain: Terrain, community: Community) -> bool:
    """Whether nobody walks too far, and no pair is broken, in one grid of the whole terrain."""
    problem = pose(terrain.graph, community, np.ones(3), 1)
    return breaches(problem, np.zeros(terrain.graph.n_units, np.int32)) == 0


def first_number(totals: Floats, community: Community, *, aim: float, most: int) -> int:
    """The number of grids that is tried first for a part with these totals (m,) and so many units at ``most``."""
    fixed = _fixed_number(totals, community, aim, most)
    return fixed or candidates(totals, community.low, community.high, target=aim, most=most)[0]


def _fixed_number(totals: Floats, community: Community, aim: float, most: int) -> int | None:
    """Where the size measure fits no number of grids: the number with the smaller excess, which is drawn whatever
    else gives way, unless further bounds or a rule that never gives way forbid it. None elsewhere.
    """
    number = candidates(totals[:1], community.low[:1], community.high[:1], target=aim, most=most)[0]
    missed = missed_by_number(community, totals, number)
    return number if missed and not missed & {"size.also", *never_relaxed(community.rules)} else None


@dataclass(frozen=True, eq=False)
class Outcome:
    """One number of grids tried within the bounds; ``labels`` None where nothing was found."""

    labels: Ints | None
    optimal: bool = False
    impossible: bool = False
    slack: Slack | None = None


def _within_bounds(problem: Problem, sets: Sets | None, effort: Effort, seed: int) -> Outcome:
    found = search(problem, effort=effort if sets is None else _FIRST_GUESS, seed=seed)
    feasible = found.violation <= 1e-9
    if sets is not None:
        proof = best_partition(problem, sets, incumbent=found.objective if feasible else np.inf)
        if proof.status == "optimal" and proof.labels is not None:
            return Outcome(proof.labels, optimal=True, slack=PROVED)
        if proof.status == "infeasible" and not feasible:
            return Outcome(None, impossible=True)
    if not feasible:
        return Outcome(None)
    known = settled(problem, found.labels, effort, found.pool)
    if not known.is_best:
        better = dataclasses.replace(found, labels=known.labels, score=evaluate(problem, known.labels))
        known = known.bettered(problem, refined(problem, better, (effort, seed)), effort)
    slack = PROVED if known.is_best else slack_of(problem, known.labels, effort, known.slack)
    return Outcome(known.labels, optimal=known.is_best, slack=slack)


def _best_of_all(
    terrain: Terrain, community: Community, coefficients: Floats, numbers: list[int], how: tuple[Effort, int]
) -> Outcome:
    """The best plan within every rule of any of the numbers, fewer grids of equals; the least of their bounds."""
    first = pose(terrain.whole, community, coefficients, numbers[0])
    sets = enumerate_sets(first, community.low, community.high)
    best, labels, sure = np.inf, None, True
    bounds: list[float | None] = []
    for number in sorted(numbers):
        problem = pose(terrain.whole, community, coefficients, number)
        outcome = _within_bounds(problem, sets, *how)
        sure = sure and (outcome.optimal or outcome.impossible)
        if outcome.labels is None:
            bounds += [] if outcome.impossible else [None]
            continue
        score = evaluate(problem, outcome.labels).objective
        bounds.append(None if outcome.slack is None else score - outcome.slack.objective)
        if score < best - 1e-12:
            best, labels = score, outcome.labels
    known = [one for one in bounds if one is not None]
    slack = Slack(max(best - min(known), 0.0)) if known and len(known) == len(bounds) else None
    return Outcome(labels, optimal=sure and labels is not None, impossible=sure, slack=slack)


def drawn_whole(
    terrain: Terrain, community: Community, coefficients: Floats, numbers: list[int], how: tuple[Effort, int]
) -> Outcome:
    """The first of the numbers that has a plan within every rule; else whether it is proved that none has."""
    graph = terrain.whole
    first = pose(graph, community, coefficients, numbers[0])
    sets = enumerate_sets(first, community.low, community.high)
    impossible = True
    for number in numbers if sets is not None else numbers[:TRIED_NUMBERS]:
        outcome = _within_bounds(pose(graph, community, coefficients, number), sets, *how)
        if outcome.labels is not None:
            return Outcome(outcome.labels, outcome.optimal, impossible, outcome.slack)
        if sets is None and neck_of(graph, community.low[0], community.high[0]) is not None:
            return Outcome(None, impossible=True)
        impossible = impossible and outcome.impossible
    return Outcome(None, impossible=impossible and (sets is not None or len(numbers) <= TRIED_NUMBERS))
