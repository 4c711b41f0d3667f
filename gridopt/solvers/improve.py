"""The search: annealing with exact contiguity from many starts, hard repair, descent; the best of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from gridopt._kernels import anneal as annealing
from gridopt._kernels import mend as mending
from gridopt._kernels.state import SAME, VIOLATION, State, new_state
from gridopt.errors import SolverError, preview
from gridopt.solvers.effort import Effort
from gridopt.solvers.problem import Floats, Ints, Problem, Score, evaluate
from gridopt.solvers.seed import allotted, inertial_bisection, start
from gridopt.workers import side_by_side

SCHEDULE = (1.25, 0.18, 0.5, 100.0)
"""Temperature at the first and last sweep, in mean costs of a unit; weight of the strain, in units squared."""

LOOSE, LATE = (2.0, 0.2, 0.02, 100.0), 30
"""Schedule of every second run from number `LATE` on: hotter, and at first hardly held by the bounds.

Where the bounds leave less room than a unit weighs, good plans are reached through worse sizes: census tracts at
+-0.5 % lose 2 % of their cut edges so. Elsewhere it gains nothing, so that only thorough searches come so far.
"""

MILD = (0.6, 0.1, 0.5, 100.0)
"""Schedule of a run from a good drawing: not so hot that it is lost, and at last cold enough for small gains."""

JITTER = 0.8
"""Radians by which the axes of later starts are turned at most."""

ENOUGH = 5
"""Runs that end with the same best before a search is content, and at least half of the restarts asked for."""

RETRIES, RETRY_SWEEPS = 3, 5
"""Further runs, and how many times as long, where no run has kept the bounds although nothing speaks against it."""

LINKS, BUDGET, PASSES = 4, 4000, 50
"""Moves in a chain, moves tried for one chain, passes of the descent."""

STRICT_LINKS, STRICT_BUDGET, FEW = 2, 200, 3
"""Moves in a chain and tried for one where rules beyond bounds make each of them a look at whole grids; so many grids
out of bounds at most are worth chains of `LINKS`. Where a longest walk cannot be kept at all they took nine tenths of
the time, and left 1 % fewer metres too many."""


@dataclass(frozen=True, eq=False)
class Found:
    """The best partition of a search, and the grids that its good runs ended with.

    labels        (n,) int32
    score         `evaluate` of the labels
    pool          distinct grids within bounds of all runs, each its units ascending; columns for set partitioning
    runs          runs made
    time_limited  whether a time limit cut the search short
    """

    labels: Ints
    score: Score
    pool: tuple[Ints, ...]
    runs: int
    time_limited: bool = False

    @property
    def terms(self) -> Floats:
        return self.score.terms

    @property
    def objective(self) -> float:
        return self.score.objective

    @property
    def violation(self) -> float:
        return self.score.violation


def anneal(problem: Problem, labels: Ints, *, sweeps: int, seed: int) -> Ints:
    """Labels (n,) after annealing: the best met by (violation, objective)."""
    state = new_state(problem.board, _checked(problem, labels)[problem.order])
    return _restored(problem, _annealed(problem, state, sweeps, _word(seed, 0)))


def reworked(problem: Problem, labels: Ints, *, sweeps: int, seed: int, turn: int = 0) -> Ints:
    """Labels (n,) after a mild run of the search from those given: annealed, mended, descended; maybe worse.

    ``turn`` tells runs of the same seed apart.
    """
    return _run(problem, labels, sweeps, _word(seed, turn), MILD)


def mend(problem: Problem, labels: Ints, *, seed: int) -> Ints:
    """Labels (n,) with less violation, where short chains of moves find any, then with a lower objective.

    The violation never rises; ``seed`` only says which grid is tried first.
    """
    state = new_state(problem.board, _checked(problem, labels)[problem.order])
    _mended(problem, state, _word(seed, 0))
    return _restored(problem, state.labels)


def search(problem: Problem, labels: Ints | None = None, *, effort: Effort, seed: int) -> Found:
    """The best partition by (violation, objective) that ``effort.runs`` runs find, the first from ``labels``.

    Each run anneals and mends; the others start from bisections with turned axes, with as many grids in each
    piece of the graph as the given labels (the inertial bisection unless given) have. Stops early once the
    best has been met often `ENOUGH` (thrice as often if it is out of bounds); goes on for `RETRIES` longer runs
    while it is further out of bounds than need be. The same labels, effort and seed give the same answer
    whatever the number of workers.
    """
    best = first = _checked(problem, inertial_bisection(problem) if labels is None else labels)
    score, pool = evaluate(problem, best), _grids(problem, best)
    key = _key(score)
    met, runs, late = 0, 0, False
    effort = effort.started()
    usual, least = effort.runs(problem.n_units), unavoidable(problem)
    content = max(ENOUGH, effort.restarts // 2)
    for found in _outcomes(problem, first, effort=effort, seed=seed):
        runs += 1
        pool.update(_grids(problem, found))
        reached = evaluate(problem, found)
        new = _key(reached)
        met = met + 1 if _same(new, key) else 1 if new < key else met
        if new < key:
            best, score, key = found, reached, new
        enough = met >= (content if key[0] == 0 else 3 * content)
        enough = enough or (runs >= usual and key[0] <= least + 2 * SAME)
        late = effort.is_over and runs < usual + RETRIES and not enough
        if late or enough:
            break
    return Found(best, score, tuple(pool[name] for name in sorted(pool)), runs, late)


def unavoidable(problem: Problem) -> float:
    """A violation that no partition stays below: what single units exceed, and totals that fit no grids."""
    least = 0.0
    for weights, low, high in zip(problem.weights.T, problem.low.T, problem.high.T, strict=True):
        widest, total = high.max(), weights.sum()
        if np.isfinite(widest) and widest > 0:
            excess = max(np.maximum(weights - widest, 0.0).sum(), total - high.sum())
            least += problem.excess_cost * max(0.0, excess) / widest
        if low.max() > 0:
            least += problem.shortfall_cost * max(0.0, low.sum() - total) / low.max()
    return float(least)


def _outcomes(problem: Problem, labels: Ints, *, effort: Effort, seed: int) -> Iterator[Ints]:
    """Labels of run 0, 1, 2, ... in this order; the last `RETRIES` runs are the longer ones."""
    usual, sweeps = effort.runs(problem.n_units), effort.sweeps(problem.n_units)

    @cache
    def shared() -> tuple[Ints, Ints]:
        return allotted(problem, labels)

    def run(number: int) -> Ints:
        word = _word(seed, number)
        first = labels if number == 0 else start(problem, *shared(), jitter=JITTER, seed=word)
        schedule = LOOSE if number >= LATE and number % 2 == 1 else SCHEDULE
        return _run(problem, first, sweeps if number < usual else sweeps * RETRY_SWEEPS, word, schedule)

    workers = max(1, effort.workers or 1)
    problem.board  # noqa: B018 — built once, before the threads ask for it
    for low, high in ((0, usual), (usual, usual + RETRIES)):
        for at in range(low, high, workers):
            yield from side_by_side(run, range(at, min(at + workers, high)), workers=workers, forking=False)


def _run(problem: Problem, first: Ints, sweeps: int, word: int, schedule: tuple[float, ...] = SCHEDULE) -> Ints:
    """Anneal once; mend both the best that was met and the last state, which is often better but for a trifle."""
    state = new_state(problem.board, first[problem.order])
    best = _annealed(problem, state, sweeps, word, schedule)
    _mended(problem, state, word)
    record = new_state(problem.board, best)
    _mended(problem, record, word)
    chosen = min(state, record, key=lambda one: (round(one.total[1] / SAME), one.total[0]))
    return _restored(problem, chosen.labels)


def _annealed(problem: Problem, state: State, sweeps: int, word: int, schedule: tuple[float, ...] = SCHEDULE) -> Ints:
    trail = annealing.new_trail(state)
    annealing.anneal(problem.board, state, trail, sweeps, np.uint64(word), np.array(schedule))
    return trail.labels


def _mended(problem: Problem, state: State, word: int) -> None:
    chain, board, first = mending.new_chain(problem.board, state), problem.board, word % problem.n_grids
    strict = problem.conditions.hold
    if strict:
        mending.relieve(board, state, chain, STRICT_LINKS, STRICT_BUDGET, first)
    if not strict or (state.parts[:, VIOLATION] > SAME).sum() <= FEW:
        mending.relieve(board, state, chain, LINKS, STRICT_BUDGET if strict else BUDGET, first)
    mending.descend(board, state, chain, PASSES)


def _restored(problem: Problem, labels: Ints) -> Ints:
    """Labels in board order, put back into the problem's order."""
    restored = np.empty_like(labels)
    restored[problem.order] = labels
    return restored


def _grids(problem: Problem, labels: Ints) -> dict[bytes, Ints]:
    """The grids of a partition that keep their bounds, by their bytes."""
    state = new_state(problem.board, labels[problem.order])
    order = np.argsort(labels, kind="stable").astype(np.int32)
    split = np.split(order, np.cumsum(state.n_units)[:-1])
    return {units.tobytes(): units for units, parts in zip(split, state.parts, strict=True) if parts[VIOLATION] == 0}


def _checked(problem: Problem, labels: Ints) -> Ints:
    """The labels as int32, or an error if they are no partition that respects the fixed units."""
    checked = np.ascontiguousarray(labels, np.int32)
    if checked.shape != (problem.n_units,) or not np.array_equal(np.unique(checked), np.arange(problem.n_grids)):
        raise SolverError(f"A start needs a label of 0 .. {problem.n_grids - 1} for every unit, and every label used.")
    strayed = np.flatnonzero((problem.fixed >= 0) & (problem.fixed != checked))
    if len(strayed):
        raise SolverError(f"{len(strayed)} fixed units start outside their grid: {preview(strayed)}.")
    return checked


def _word(seed: int, run: int) -> int:
    """The 64-bit seed of one run."""
    return int(np.random.SeedSequence((seed, run)).generate_state(1, np.uint64)[0])


def _key(score: Score) -> tuple[float, float]:
    return (round(score.violation / SAME) * SAME, score.objective)


def _same(key: tuple[float, float], other: tuple[float, float]) -> bool:
    return key[0] == other[0] and abs(key[1] - other[1]) <= SAME * max(abs(key[1]), abs(other[1]))
