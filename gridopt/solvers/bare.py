"""The engine on a bare graph: k connected parts of like size, by inertia, Hess, cut edges or cut border."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.errors import RuleError
from gridopt.graph import UnitGraph
from gridopt.objective import proximity
from gridopt.partition import Partition
from gridopt.solvers.asked import WITHIN, Bounds, Task, checked_centres, checked_objective, power_of_two, tasks
from gridopt.solvers.bounds import bounded
from gridopt.solvers.effort import USUAL_SIZE, Effort
from gridopt.solvers.exact import best_partition, enumerate_sets, numbered
from gridopt.solvers.hess import centre_units, offset_of, set_offsets
from gridopt.solvers.improve import search
from gridopt.solvers.links import linked
from gridopt.solvers.problem import Problem, connected_pieces, evaluate
from gridopt.solvers.refine import refined
from gridopt.solvers.seed import inertial_bisection
from gridopt.solvers.settle import Settled, settled
from gridopt.solvers.solution import PARTS, SOLUTION_VIOLATIONS, Solution
from gridopt.workers import side_by_side

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


BOTH = 2
"""Times the restarts where shape and borders are weighed against each other: their runs end in more places."""


def partition_graph(  # noqa: PLR0913 — the choices of one call, all but the graph by name
    graph: UnitGraph,
    *,
    k: int | None = None,
    centres: Sequence[int] | None = None,
    low: float | None = None,
    high: float | None = None,
    tolerance: float = 0.10,
    objective: str | Mapping[str, float] = "inertia",
    effort: str | Effort = "standard",
    seed: int = 0,
    prove: bool = False,
    time_limit: float | None = None,
) -> Solution:
    """Cut a graph into connected grids of like size.

    ``k`` grids whose sizes leave total / k by at most the share ``tolerance`` (in every measure), or any
    number of grids within ``low`` and ``high`` of the first measure, or both. ``objective`` is "inertia"
    (weight times squared distance to the weighted centroid), "hess" (to the best centre unit), "cut_edges",
    "cut_border" (metres), or a mapping of these to weights; each term is divided by its value in the
    deterministic inertial bisection. No grid crosses a parent: k is shared out by largest remainder of
    weight. ``centres`` are positions of units, each of which stays in a grid of its own, numbered in their order
    (parent by parent); "inertia" and "hess" are then measured to them. A unit above the bound is a grid of its
    own and leaves the total; a piece of the graph too light to be a grid is tied to what lies nearest. ``prove``
    asks for a bound, and for the optimum where the work allowed suffices; ``time_limit`` (seconds) is a cap on
    top. What cannot be met, a size or the connectedness of a grid, is a row of ``violations``; ``bound`` is that of
    the problem as relaxed, units above the bound being grids of their own, and None where nothing is proved.
    Raises `RuleError` for an objective that is not offered or does not fit, bounds that leave no size, centres
    that are no units, or a k that has no answer.
    """
    weights = checked_objective(graph, objective)
    if seed < 0:
        raise RuleError(f"seed = {seed} must be at least 0.", zh=f"seed = {seed} 须不小于 0。")
    work = Effort.named(effort) if isinstance(effort, str) else effort
    if prove:
        work = dataclasses.replace(work, prove=True)
    if time_limit is not None:
        work = dataclasses.replace(work, time_limit=time_limit)
    work = work.started()
    held = checked_centres(graph, centres, k)
    asked = tasks(graph, Bounds(len(held) or k, low, high, tolerance), held)
    inner = dataclasses.replace(work, workers=1) if len(asked) > 1 else work

    def solve(task: Task) -> _Answer:
        own = np.random.SeedSequence([seed, zlib.crc32(task.name.encode())]).generate_state(1)[0]
        answer = _solved(task, weights, inner, int(own))
        return dataclasses.replace(answer, time_limited=inner.is_over and not answer.optimal)

    order = sorted(range(len(asked)), key=lambda i: -len(asked[i].units))  # no worker ends alone with a large one
    found = side_by_side(solve, [asked[i] for i in order], workers=work.workers or 1, forking=False)
    answers = dict(zip(order, found, strict=True))
    return _gathered(graph, asked, [answers[i] for i in range(len(asked))])


@dataclass(frozen=True, eq=False)
class _Answer:
    """What one parent came to. ``slack``: by how much the scaled objective may still fall, None if unknown."""

    labels: Ints
    terms: Mapping[str, float]
    slack: float | None
    impossible: bool
    time_limited: bool = False

    @property
    def objective(self) -> float:
        return float(sum(self.terms.values()))

    @property
    def bound(self) -> float | None:
        return None if self.slack is None else self.objective - self.slack

    @property
    def optimal(self) -> bool:
        return self.slack is not None and self.slack <= WITHIN * max(self.objective, 1e-300)


def _solved(task: Task, weights: Mapping[str, float], effort: Effort, seed: int) -> _Answer:
    """Search, recombination, and the exact path where the graph is small enough; settled grids come last."""
    csr = task.graph.directed()
    plain = _problem(task.graph, dataclasses.replace(task, k=task.k + len(task.alone)), csr, np.ones(3))
    first = inertial_bisection(plain)
    factor = _factors(task.graph, weights, _terms(task, first, weights))
    labels = np.empty(task.graph.n_units, np.int32)
    for number, grid in enumerate(task.alone, task.k):
        labels[grid] = number
    slack: float | None = 0.0
    impossible, price = False, 0.0 if len(task.centres) else factor.get("hess", 0.0)
    if task.k:
        problem = _of_rest(task, plain, csr[2], factor)
        known = first if problem.layout is plain.layout else None
        labels[task.rest], slack, impossible = _best(problem, known, (effort, seed), price)
    raw = _terms(task, labels, weights)
    return _Answer(labels, {name: raw[name] * factor[name] for name in weights}, slack, impossible)


def _of_rest(task: Task, plain: Problem, numbers: Ints, factor: Mapping[str, float]) -> Problem:
    """The problem of the units that are in no settled grid, by the factors of the terms, light pieces tied.

    ``plain`` is that of all units, ``numbers`` the edges that its neighbours stand for; where all units are free
    and nothing is tied the answer is `plain` repriced.
    """
    cost = np.full(len(task.graph.edges), factor.get("cut_edges", 0.0))
    if "cut_border" in factor:
        cost = cost + factor["cut_border"] * task.graph.metres
    coefficients = np.array([factor.get("inertia", 0.0) + factor.get("hess", 0.0), 1.0, 0.0])
    pieces = connected_pieces(plain, np.zeros(task.graph.n_units, np.int32))
    if not task.alone and linked(task.graph, task.low, pieces) is task.graph:
        return plain.repriced(cost[numbers], coefficients)
    priced = dataclasses.replace(task.graph, cost=cost)
    joined = linked(priced.subgraph(task.rest)[0] if task.alone else priced, task.low)
    return _problem(joined, task, joined.directed(), coefficients)


def _factors(graph: UnitGraph, weights: Mapping[str, float], scales: Mapping[str, float]) -> dict[str, float]:
    """What multiplies each term: its weight over its value in the deterministic inertial bisection, ``scales``.

    That value is at least an edge, a usual border, or a trifle of the whole graph's inertia.
    """
    whole = proximity(graph, np.zeros(graph.n_units, np.int32))
    border = float(graph.metres.mean()) if len(graph.metres) else 0.0
    least = {"inertia": 1e-12 * whole, "hess": 1e-12 * whole, "cut_edges": 1.0, "cut_border": border}
    return {name: weight / (max(scales[name], least[name]) or 1.0) for name, weight in weights.items()}


def _best(
    problem: Problem, first: Ints | None, how: tuple[Effort, int], price: float
) -> tuple[Ints, float | None, bool]:
    """Labels, by how much the objective may still fall (None: unknown), and whether the bounds are proved impossible.

    ``first`` is the inertial bisection of the problem, where it is known already.
    ``price`` is what a grid's offset costs: the share of the Hess objective.
    """
    effort, seed = how
    only = _only(problem)
    if only is not None:
        only = numbered(problem, only)
        return only, 0.0, evaluate(problem, only).violation > WITHIN
    found = search(problem, first, effort=_wider(problem, effort), seed=seed)
    feasible = found.violation <= WITHIN
    labels, slack = refined(problem, found, how, price), None
    unchanged = labels is found.labels
    objective = found.objective if unchanged else evaluate(problem, labels).objective
    objective += price * offset_of(problem, labels) if price else 0.0
    if feasible and objective <= 0:
        return labels, 0.0, False
    impossible = not (feasible or _adds_up(problem))
    sets = enumerate_sets(problem, problem.low[0], problem.high[0])
    if sets is not None:
        sets = sets.priced(price * set_offsets(problem, sets.members)) if price else sets
        proof = best_partition(problem, sets, incumbent=objective if feasible else np.inf)
        if proof.status == "optimal" and proof.labels is not None:
            return proof.labels, 0.0, False
        impossible = proof.status == "infeasible" and not feasible
    if feasible and effort.prove:
        known = Settled(labels) if price else settled(problem, labels, effort, found.pool)
        if known.is_best:
            return known.labels, 0.0, False
        labels, slack = bounded(problem, known.labels, effort, price)
        if known.slack is not None and labels is known.labels:
            slack = known.slack if slack is None else min(slack, known.slack)
    return labels, slack, impossible


def _wider(problem: Problem, effort: Effort) -> Effort:
    """The effort with more restarts where shape and borders are weighed against each other in a usual problem."""
    weighed = problem.coefficients[0] > 0 and problem.coefficients[1] * problem.cost.max(initial=0.0) > 0
    if not weighed or problem.n_units > USUAL_SIZE:
        return effort
    return dataclasses.replace(effort, restarts=BOTH * effort.restarts)


def _adds_up(problem: Problem) -> bool:
    """Whether the totals lie between the sums of all lower and all upper bounds."""
    totals = problem.weights.sum(axis=0)
    least, most = problem.low.sum(axis=0), problem.high.sum(axis=0)
    return bool(((totals >= least * (1 - WITHIN)) & (totals <= most * (1 + WITHIN))).all())


def _only(problem: Problem) -> Ints | None:
    """The labels where there is but one partition: a single grid, or a grid for each unit."""
    if problem.n_grids == 1:
        return np.zeros(problem.n_units, np.int32)
    return np.arange(problem.n_units, dtype=np.int32) if problem.n_grids == problem.n_units else None


def _problem(graph: UnitGraph, task: Task, csr: tuple[Ints, Ints, Ints], coefficients: Floats) -> Problem:
    """The search problem of a graph, whose edges are given in both directions, under a task's bounds.

    Each measure is divided by the power of two next to its mean size, which changes no digit: the solvers' slack
    then means the same whatever the measure counts.
    """
    indptr, neighbours, numbers = csr
    mean = graph.weights.sum(axis=0) / task.k
    scale = power_of_two(mean)
    fixed = np.full(graph.n_units, -1, np.int32)
    fixed[task.centres] = np.arange(len(task.centres))
    return Problem(
        indptr=indptr,
        neighbours=neighbours,
        cost=graph.cost[numbers],
        weights=graph.weights / scale,
        mass=graph.mass,
        xy=graph.xy,
        low=np.tile(task.low / scale, (task.k, 1)),
        high=np.tile(task.high / scale, (task.k, 1)),
        comfort=np.tile([-np.inf, np.inf], (task.k, 1)),
        target=np.ones(task.k),
        fixed=fixed,
        anchors=graph.xy[task.centres],
        closed=np.zeros(task.k, bool),
        coefficients=coefficients,
    )


def _terms(task: Task, labels: Ints, asked: Mapping[str, float]) -> dict[str, float]:
    """The objectives asked for, unscaled; proximity to the given centres where there are any."""
    graph, figures = task.graph, {}
    if "inertia" in asked or "hess" in asked:
        figures["inertia"] = figures["hess"] = _inertia(task, labels)
    if "hess" in asked and not len(task.centres):
        figures["hess"] += float(centre_units(graph.mass, graph.xy, labels)[1].sum())
    if "cut_edges" in asked or "cut_border" in asked:
        cut = labels[graph.edges[:, 0]] != labels[graph.edges[:, 1]]
        figures |= {"cut_edges": float(cut.sum()), "cut_border": float(graph.metres[cut].sum())}
    return {name: figures[name] for name in asked}


def _inertia(task: Task, labels: Ints) -> float:
    """Proximity, to the given centres where there are any."""
    graph = task.graph
    if not len(task.centres):
        return proximity(graph, labels)
    return float(graph.mass @ ((graph.xy - graph.xy[task.centres][labels]) ** 2).sum(axis=1))


def _gathered(graph: UnitGraph, tasks: list[Task], answers: list[_Answer]) -> Solution:
    labels = np.empty(graph.n_units, np.int32)
    parts: list[dict[str, object]] = []
    start = 0
    for task, answer in zip(tasks, answers, strict=True):
        labels[task.units] = answer.labels + start
        drawn = int(answer.labels.max()) + 1
        start += drawn
        parts.append({"n_grids": drawn, "objective": answer.objective, "bound": answer.bound,
                      "gap": _gap(answer.objective, answer.bound),
                      "status": "optimal" if answer.optimal else "feasible"})  # fmt: skip
    partition = Partition(graph, labels)
    rows = _unmet(partition, tasks, answers)
    terms = {name: sum(answer.terms[name] for answer in answers) for name in answers[0].terms}
    objective = float(sum(terms.values()))
    bounds = [answer.bound for answer in answers]
    tied = any(row["rule"] == "connected" for row in rows)  # what hangs together only by a choice bounds nothing
    bound = None if tied or None in bounds else float(sum(one for one in bounds if one is not None))
    optimal = all(answer.optimal for answer in answers) and not rows
    table = pd.DataFrame(rows, columns=SOLUTION_VIOLATIONS)
    index = pd.Index(graph.parent_ids, name="community_id")
    return Solution(
        partition,
        objective,
        terms,
        bound,
        0.0 if optimal else _gap(objective, bound),
        "relaxed" if rows else "optimal" if optimal else "feasible",
        table,
        pd.DataFrame(parts, index=index, columns=PARTS),
        time_limited=tuple(task.name for task, answer in zip(tasks, answers, strict=True) if answer.time_limited),
    )


def _gap(objective: float, bound: float | None) -> float | None:
    if bound is None:
        return None
    gap = (objective - bound) / objective if objective > 0 else 0.0
    return gap if gap > WITHIN else 0.0


def _unmet(partition: Partition, tasks: list[Task], answers: list[_Answer]) -> list[dict[str, object]]:
    """A row for each bound that a grid does not keep, and for each grid in pieces."""
    drawn = [int(answer.labels.max()) + 1 for answer in answers]
    owner, starts = np.repeat(np.arange(len(tasks)), drawn), np.cumsum([0, *drawn])
    low, high = np.array([task.low for task in tasks])[owner], np.array([task.high for task in tasks])[owner]
    sums, pieces = partition.sums(), partition.n_pieces()
    outside = ((sums < low * (1 - WITHIN)) | (sums > high * (1 + WITHIN))).any(axis=1)
    rows: list[dict[str, object]] = []
    for grid in np.flatnonzero(outside | (pieces > 1)).tolist():
        task, answer = tasks[owner[grid]], answers[owner[grid]]
        rows += _shortcomings(task, answer, grid - int(starts[owner[grid]]), (grid, sums[grid], int(pieces[grid])))
    return rows


def _shortcomings(task: Task, answer: _Answer, own: int, grid: tuple[int, Floats, int]) -> list[dict[str, object]]:
    """What is wrong with one grid: ``own`` its number in its parent; its number in all, its sizes, its pieces."""
    number, sums, pieces = grid
    inside = np.flatnonzero(answer.labels == own)
    settled = _alone(task, inside) if own >= task.k else {}
    plain = {
        "class": "decide",
        "community_id": task.name,
        "relaxed": "",
        "remedy": "widen the bounds or change k",
        "labels": (number,),
        "unit_ids": ";".join(task.graph.ids[i] for i in inside),
    }
    proof = "proved" if answer.impossible or settled else "not found"
    rows: list[dict[str, object]] = []
    for rule, size, limit in _broken(task, sums):
        figures = {"value": size, "limit": limit, "proof": proof, **settled}
        rows.append({"reason": f"{size:,.6g} against the bound {limit:,.6g}", **plain, **figures, "rule": rule})
    if pieces > 1:
        reason = f"this grid has {pieces} pieces; the graph itself is not connected there"
        figures = {"value": float(pieces), "limit": 1.0, "proof": "not found"}
        rows.append({**plain, **figures, "rule": "connected", "reason": reason})
    return rows


def _alone(task: Task, inside: NDArray[np.int64]) -> dict[str, object]:
    """Why a grid is settled, and what to do about it."""
    over = (task.graph.weights[inside] / np.where(task.high > 0, task.high, 1.0)).max(axis=1)
    giant = inside[np.argmax(over)]
    sizes = ", ".join(f"{size:,.6g}" for size in task.graph.weights[giant])
    return {
        "reason": f"unit {task.graph.ids[giant]} alone has {sizes}: it is a grid of its own and leaves the totals",
        "remedy": "split the unit or raise the bound",
    }


def _broken(task: Task, sums: Floats) -> list[tuple[str, float, float]]:
    """(rule, size, limit) for each bound that a grid does not keep."""
    broken = []
    for j, size in enumerate(sums.tolist()):
        name = "size" if j == 0 else f"size.also.{task.graph.measures[j]}"
        low, high = float(task.low[j]), float(task.high[j])
        if size < low * (1 - WITHIN):
            broken.append((f"{name}.low", size, low))
        if size > high * (1 + WITHIN):
            broken.append((f"{name}.high", size, high))
    return broken
