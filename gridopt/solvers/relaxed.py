"""A piece for which no drawing within every rule was found: drawn with rules giving way one after another."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridopt.solvers.community import DEARNESS, Community, pose
from gridopt.solvers.conditions import NO_ENCLOSED
from gridopt.solvers.contraction import Terrain
from gridopt.solvers.effort import Effort
from gridopt.solvers.exact import anchors_of, enumerate_sets
from gridopt.solvers.improve import search
from gridopt.solvers.lexicographic import Cover, best_covers
from gridopt.solvers.problem import Floats, Ints, Problem, evaluate
from gridopt.solvers.relaxation import Counts, Stage, misses, never_relaxed, stages

TRIED_NUMBERS = 3
"""Numbers of grids that are tried where each costs a search, beside their neighbours on either side."""
TRIED_GROUPS = 8
"""Groups that are made whole again, one search each, after all of them were let fall apart."""

Key = tuple[tuple[int, ...], int, float]
"""What drawings are compared by: misses, the rule that gives way last first; rank of the number; objective."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is drawn and under whose rules.

    ``numbers`` of grids are what the totals admit, nearest to ``wish`` first; where they admit none, the one that
    misses them by least is ``fixed``.
    """

    terrain: Terrain
    community: Community
    coefficients: Floats
    numbers: tuple[int, ...]
    wish: float
    fixed: bool

    def stages(self) -> list[Stage]:
        """What may give way, point by point."""
        return stages(self.community, grouped=self.terrain.n_kept > 0)

    def rank(self, n_grids: int) -> int:
        """Place of a number in the order of preference: nearest to the wish first, then the fewer."""
        away = abs(n_grids - self.wish)
        every = range(1, self.terrain.graph.n_units + 1)
        return sum((abs(k - self.wish), k) < (away, n_grids) for k in every)

    def allows(self, n_grids: int) -> bool:
        """Whether the number may be drawn at all."""
        return not self.fixed or n_grids == self.numbers[0]

    def tried(self) -> list[int]:
        """The numbers that searches are spent on."""
        if self.fixed:
            return [self.numbers[0]]
        around = {min(self.numbers) - 1, max(self.numbers) + 1} & set(range(1, self.terrain.whole.n_units + 1))
        return [*self.numbers[:TRIED_NUMBERS], *sorted(around)]

    def key(self, labels: Ints) -> Key:
        """How good labels (n,) of the terrain's graph are, by every rule."""
        n_grids = int(labels.max()) + 1
        members = (labels[None, :] == np.arange(n_grids)[:, None]).astype(np.float64)
        problem = pose(self.terrain.graph, self.community, self.coefficients, n_grids)
        further = problem.conditions.misses(members > 0, problem.anchors)
        further[NO_ENCLOSED] = problem.conditions.enclosed(labels, n_grids).astype(np.float64)
        soft = self.stages()[-1].soft
        missed = misses(self.community, *measured(self.terrain, members), soft, further=further).sum(axis=0)
        score = evaluate(problem, labels)
        return tuple(missed.tolist()), self.rank(n_grids), score.objective


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Labels (n,) of the terrain's graph.

    ``optimal``: none are better by `Key`. ``proved``: every earlier stage is proved to have no drawing.
    ``refused``: even rules that may never give way are missed.
    """

    labels: Ints
    optimal: bool
    proved: bool
    refused: bool


def draw_relaxed(task: Task, *, effort: Effort, seed: int) -> Relaxed:
    """The drawing that misses the rules by least, the rule that gives way last first.

    Stage by stage one more rule may give way; the first stage with a drawing ends it. Pieces small enough are
    drawn exactly: then no drawing of an earlier stage exists, and none of this one is better.
    """
    everything = task.stages()
    n_rules, proved, best = len(everything[-1].soft), True, None
    for stage in everything:
        firm = n_rules - len(stage.soft)
        covers = None if NO_ENCLOSED in stage.soft else exact_covers(task, stage)
        if covers is None:
            for labels in _searched(task, stage, effort, seed):
                key = task.key(labels)
                best = (key, labels) if best is None or key < best[0] else best
            if best is None or any(best[0][0][:firm]):
                proved = False
                continue
            if NO_ENCLOSED not in stage.soft:
                covers = exact_covers(task, stage.within(task.community, best[0][0][firm]))
            if not covers:
                sure = proved and stage is not everything[0]
                return Relaxed(best[1], False, sure, _breaks(task, stage, best[0][0][firm:]))
        if covers:
            chosen = min(covers, key=lambda one: (one.missed, task.rank(one.n_grids)))
            return Relaxed(_numbered(task, chosen.labels, stage), proved, proved, _breaks(task, stage, chosen.missed))
    raise AssertionError("the last stage has a drawing whatever the rules")


def _breaks(task: Task, stage: Stage, missed: tuple[int, ...]) -> bool:
    """Whether rules that may never give way are missed; ``missed`` is by rule, the last soft one first."""
    never = never_relaxed(task.community.rules)
    return any(much for name, much in zip(reversed(stage.soft), missed, strict=True) if name in never)


def exact_covers(task: Task, stage: Stage) -> list[Cover] | None:
    """The best drawing of each number of grids at one stage, empty if there are none; None where they are too many."""
    graph = task.terrain.graph if stage.splits else task.terrain.whole
    problem = pose(graph, task.community, task.coefficients, task.numbers[0] if task.fixed else 1)
    sets = enumerate_sets(problem, *_reachable(task, stage), soft=stage.soft)
    if sets is None:
        return None
    further = problem.conditions.misses(sets.members, anchors_of(problem, sets.members))
    members = sets.members.astype(np.float64)
    sums, partial = measured(task.terrain, members if stage.splits else members[:, task.terrain.groups])
    covers = best_covers(sets, misses(task.community, sums, partial, stage.soft, further=further))
    allowed = covers and [cover for cover in covers if task.allows(cover.n_grids)]
    # A cover is the best of its units, whatever lies inside what: with an enclosed grid it proves nothing.
    inside = (problem.conditions.enclosed(cover.labels, cover.n_grids).any() for cover in allowed or ())
    if NO_ENCLOSED not in stage.soft and any(inside):
        return None
    return allowed


def _reachable(task: Task, stage: Stage) -> tuple[Floats, Floats]:
    """The bounds of a stage, the upper one no higher than what the other grids must leave to one."""
    total = float(task.terrain.graph.weights[:, 0].sum())
    fewest = task.numbers[0] if task.fixed else max(1, math.ceil(total / stage.high[0] - 1e-9))
    high = stage.high.copy()
    high[0] = min(high[0], total - (fewest - 1) * stage.low[0] + 1e-9 * total)
    return stage.low, high


def measured(terrain: Terrain, members: Floats) -> tuple[Floats, Counts]:
    """(sums (s, m), partial (s,)) of sets of units, members (s, n): how many groups each holds a part of only."""
    size = np.bincount(terrain.groups)
    held = np.zeros((len(members), len(size)))
    np.add.at(held.T, terrain.groups, members.T)
    partial = ((held > 0) & (held < size)).sum(axis=1)
    return members @ terrain.graph.weights, partial.astype(np.int64)


def _numbered(task: Task, labels: Ints, stage: Stage) -> Ints:
    return labels if stage.splits else labels[task.terrain.groups]


def _searched(task: Task, stage: Stage, effort: Effort, seed: int) -> Iterator[Ints]:
    """Drawings that a search finds at one stage, in labels of the terrain's graph."""
    terrain = task.terrain
    if not stage.splits or not terrain.n_kept:
        yield from _drawings(task, terrain, stage, (effort, seed))
        return
    apart = terrain.dissolved(np.arange(terrain.groups.max() + 1))
    found = list(_drawings(task, apart, stage, (effort, seed)))
    yield from found
    best = min(found, key=task.key)
    yield from _made_whole(task, best, stage, (effort, seed))


def _made_whole(task: Task, labels: Ints, stage: Stage, how: tuple[Effort, int]) -> Iterator[Ints]:
    """Drawings with ever fewer groups split, from one that splits too many: one group after the other made whole."""
    terrain, best = task.terrain, (task.key(labels), labels)
    split = np.flatnonzero(terrain.parts_of(labels) > 1)
    weights = np.bincount(terrain.groups, terrain.graph.weights[:, 0])
    for group in split[np.lexsort((split, -weights[split]))][:TRIED_GROUPS]:
        still = np.flatnonzero(terrain.parts_of(best[1]) > 1)
        if group not in still:
            continue
        loose = terrain.dissolved(still[still != group])
        for drawn in _drawings(task, loose, stage, how, numbers=[int(best[1].max()) + 1]):
            yield drawn
            best = min(best, (task.key(drawn), drawn), key=lambda one: one[0])


def _drawings(
    task: Task, terrain: Terrain, stage: Stage, how: tuple[Effort, int], *, numbers: list[int] | None = None
) -> Iterator[Ints]:
    """One drawing for each number and each way to pose the stage, the groups of ``terrain`` whole."""
    effort, seed = how
    for number in numbers or task.tried():
        if number <= terrain.whole.n_units:
            for problem in _posed(task, terrain, stage, number):
                yield search(problem, effort=effort, seed=seed).labels[terrain.groups]


def _posed(task: Task, terrain: Terrain, stage: Stage, number: int) -> Iterator[Problem]:
    """The stage as search problems: soft bounds priced below firm ones; the stretched bound as a firm one."""
    community = task.community
    order = [name for name in ("size.low", "size.high") if name in stage.soft]
    order.sort(key=stage.soft.index)
    prices = {name: DEARNESS ** (2 if name not in order else order.index(name)) for name in ("size.low", "size.high")}
    ruled = dataclasses.replace(
        pose(terrain.whole, community, task.coefficients, number),
        shortfall_cost=prices["size.low"],
        excess_cost=prices["size.high"],
    )
    yield ruled
    if "size.high" in order and np.isfinite(stage.high[0]):
        high = np.tile(np.where(np.arange(len(stage.high)) == 0, stage.high, community.high), (number, 1))
        yield dataclasses.replace(ruled, high=high, excess_cost=DEARNESS**2)
    if "size.also" in stage.soft:
        yield dataclasses.replace(ruled, low=_first_only(ruled.low, 0.0), high=_first_only(ruled.high, np.inf))


def _first_only(bounds: Floats, nothing: float) -> Floats:
    """The bounds of the size measure alone."""
    kept = bounds.copy()
    kept[:, 1:] = nothing
    return kept
