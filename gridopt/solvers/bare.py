"""The engine on a bare graph: k connected parts of like size, by inertia, Hess, cut edges or cut border."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.errors import RuleError, preview
from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from gridopt.solvers.bonds import join_cut_off
from gridopt.solvers.bounds import bounded
from gridopt.solvers.contraction import contract
from gridopt.solvers.effort import Effort
from gridopt.solvers.exact import best_partition, enumerate_sets
from gridopt.solvers.hess import centre_units, one_hot, polished, set_offsets
from gridopt.solvers.improve import search
from gridopt.solvers.numbers import candidates, shared_out
from gridopt.solvers.problem import Problem, evaluate
from gridopt.solvers.recombine import recombined
from gridopt.solvers.seed import inertial_bisection
from gridopt.solvers.solution import PARTS, SOLUTION_VIOLATIONS, Solution

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

OBJECTIVES = ("inertia", "hess", "cut_edges", "cut_border")
WITHIN = 1e-9


def partition_graph(  # noqa: PLR0913 — the choices of one call, all but the graph by name
    graph: UnitGraph,
    *,
    k: int | None = None,
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
    weight. ``prove`` asks for a bound, and for the optimum where the work allowed suffices; ``time_limit``
    (seconds) is a cap on top. What cannot be met, a size or the connectedness of a grid, is a row of
    ``violations``; ``bound`` is None where nothing is proved.
    Raises `RuleError` for an objective that is not offered or does not fit, or a k that has no answer.
    """
    weights = _objective(graph, objective)
    work = Effort.named(effort) if isinstance(effort, str) else effort
    if prove:
        work = dataclasses.replace(work, prove=True)
    if time_limit is not None:
        work = dataclasses.replace(work, time_limit=time_limit)
    work = work.started()
    tasks = _tasks(graph, _Bounds(k, low, high, tolerance))
    inner = dataclasses.replace(work, workers=1) if len(tasks) > 1 else work

    def solve(task: _Task) -> _Answer:
        own = np.random.SeedSequence([seed, zlib.crc32(task.name.encode())]).generate_state(1)[0]
        return _solved(task, weights, inner, int(own))

    with ThreadPoolExecutor(work.workers or 1) as pool:
        answers = list(pool.map(solve, tasks))
    return _gathered(graph, tasks, answers)


@dataclass(frozen=True)
class _Bounds:
    k: int | None
    low: float | None
    high: float | None
    tolerance: float


@dataclass(frozen=True, eq=False)
class _Task:
    """One parent: its graph, the positions of its units, and the bounds of its k grids."""

    name: str
    graph: UnitGraph
    units: Ints
    k: int
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class _Answer:
    """What one parent came to. ``slack``: by how much the scaled objective may still fall, None if unknown."""

    labels: Ints
    terms: Mapping[str, float]
    slack: float | None
    impossible: bool

    @property
    def objective(self) -> float:
        return float(sum(self.terms.values()))

    @property
    def bound(self) -> float | None:
        return None if self.slack is None else self.objective - self.slack

    @property
    def optimal(self) -> bool:
        return self.slack is not None and self.slack <= WITHIN * max(self.objective, 1e-300)


def _objective(graph: UnitGraph, objective: str | Mapping[str, float]) -> dict[str, float]:
    weights = {objective: 1.0} if isinstance(objective, str) else {name: float(w) for name, w in objective.items()}
    unknown = [name for name in weights if name not in OBJECTIVES]
    if unknown or not any(weight > 0 for weight in weights.values()):
        raise RuleError(
            f"objective {preview(unknown or weights)} is not offered; choose from {', '.join(OBJECTIVES)}, "
            "one or a mapping to weights above 0.",
            zh=f"目标 {preview(unknown or weights)} 不可用；可选：{'、'.join(OBJECTIVES)}，或其权重（大于 0）的映射。",
        )
    if weights.get("cut_border") and not graph.knows_border:
        raise RuleError(
            'objective "cut_border" needs the shared border of every edge; give border= to from_arrays.',
            zh="目标 cut_border 需要每条邻接边的共享边界长度；请在 from_arrays 中给出 border=。",
        )
    return weights


def _tasks(graph: UnitGraph, bounds: _Bounds) -> list[_Task]:
    parts = [graph.of_parent(number) for number in range(len(graph.parent_ids))]
    totals = np.array([part.weights.sum(axis=0) for part, _ in parts])
    numbers = _numbers(totals, np.array([part.n_units for part, _ in parts]), bounds)
    city = totals.sum(axis=0) / max(int(numbers.sum()), 1)
    tasks = []
    for (part, units), name, number, own in zip(parts, graph.parent_ids, numbers, totals, strict=True):
        mean = city if len(parts) > 1 and bounds.k is not None else own / number
        low, high = np.zeros(len(mean)), np.full(len(mean), np.inf)
        if bounds.k is not None:
            low, high = mean * (1 - bounds.tolerance), mean * (1 + bounds.tolerance)
        low[0] = low[0] if bounds.low is None else bounds.low
        high[0] = high[0] if bounds.high is None else bounds.high
        tasks.append(_Task(name, part, units, int(number), low, high))
    return tasks


def _numbers(totals: Floats, n_units: NDArray[np.int64], bounds: _Bounds) -> NDArray[np.int64]:
    """Grids of each parent: k by largest remainder of weight, or what low and high admit."""
    if bounds.k is None:
        if bounds.high is None:
            raise RuleError("give k, or low and high.", zh="请给出 k，或 low 与 high。")
        low = np.array([bounds.low or 0.0])
        target = (low[0] + bounds.high) / 2
        found = [
            candidates(own[:1], low, np.array([bounds.high]), target=target, most=int(n))[0]
            for own, n in zip(totals, n_units, strict=True)
        ]
        return np.array(found, np.int64)
    if not len(totals) <= bounds.k <= n_units.sum():
        raise RuleError(
            f"k = {bounds.k} has no answer: {len(totals)} parents of {n_units.sum()} units in all need at least one "
            "grid each, and a grid needs a unit.",
            zh=f"k = {bounds.k} 无解：{len(totals)} 个上级单位、共 {n_units.sum()} 个单元，"
            "每个上级至少一格，每格至少一个单元。",
        )
    return shared_out(bounds.k, totals[:, 0], n_units)


def _solved(task: _Task, weights: Mapping[str, float], effort: Effort, seed: int) -> _Answer:
    """Search, recombination, and the exact path where the graph is small enough."""
    scales = _terms(task.graph, inertial_bisection(_problem(task, np.ones(3), np.ones(len(task.graph.edges)))))
    factor = {name: weight / max(scales[name], 1e-12) for name, weight in weights.items()}
    cost = np.full(len(task.graph.edges), factor.get("cut_edges", 0.0))
    if factor.get("cut_border"):
        cost = cost + factor["cut_border"] * task.graph.metres
    n_units = task.graph.n_units
    groups = join_cut_off(
        dataclasses.replace(task.graph, cost=cost), np.arange(n_units, dtype=np.int32), low=task.low[0],
        apart=np.zeros(n_units, bool),
    )  # fmt: skip
    merged = contract(dataclasses.replace(task.graph, cost=cost), groups)
    small = dataclasses.replace(task, graph=merged, k=min(task.k, merged.n_units))
    price = factor.get("hess", 0.0)
    problem = _problem(small, np.array([factor.get("inertia", 0.0) + price, 1.0, 0.0]), merged.cost)
    labels, slack, impossible = _best(problem, small, (effort, seed), price)
    if price and merged.n_units < n_units and slack is not None:
        slack = None if task.k > 1 else slack  # what is merged hides centres that Hess may choose
    raw = _terms(task.graph, labels[groups])
    return _Answer(labels[groups], {name: raw[name] * factor[name] for name in weights}, slack, impossible)


def _best(problem: Problem, task: _Task, how: tuple[Effort, int], price: float) -> tuple[Ints, float | None, bool]:
    """Labels, by how much the objective may still fall (None: unknown), and whether the bounds are proved impossible.

    ``price`` is what a grid's offset costs: the share of the Hess objective.
    """
    effort, seed = how
    found = search(problem, effort=effort, seed=seed)
    feasible = found.violation <= WITHIN
    labels, slack, impossible = recombined(problem, found, price) if feasible else found.labels, None, False
    if task.k == 1:
        return labels, 0.0, False
    labels = polished(problem, labels, price) if price else labels
    objective = evaluate(problem, labels).objective + price * float(set_offsets(problem, one_hot(labels)).sum())
    sets = enumerate_sets(problem, task.low, task.high)
    if sets is not None:
        sets = sets.priced(price * set_offsets(problem, sets.members)) if price else sets
        proof = best_partition(problem, sets, incumbent=objective if feasible else np.inf)
        if proof.status == "optimal" and proof.labels is not None:
            return proof.labels, 0.0, False
        impossible = proof.status == "infeasible" and not feasible
    if feasible and effort.prove:
        labels, slack = bounded(problem, labels, effort, price)
    return labels, slack, impossible


def _problem(task: _Task, coefficients: Floats, cost: Floats) -> Problem:
    graph = task.graph
    indptr, neighbours, paid = dataclasses.replace(graph, cost=cost).csr()
    return Problem(
        indptr=indptr,
        neighbours=neighbours,
        cost=paid,
        weights=graph.weights,
        mass=graph.mass,
        xy=graph.xy,
        low=np.tile(task.low, (task.k, 1)),
        high=np.tile(task.high, (task.k, 1)),
        comfort=np.tile([-np.inf, np.inf], (task.k, 1)),
        target=np.ones(task.k),
        fixed=np.full(graph.n_units, -1, np.int32),
        closed=np.zeros(task.k, bool),
        coefficients=coefficients,
    )


def _terms(graph: UnitGraph, labels: Ints) -> dict[str, float]:
    """Each objective, unscaled."""
    cut = labels[graph.edges[:, 0]] != labels[graph.edges[:, 1]]
    n_grids = int(labels.max()) + 1
    plain = _Task("", graph, np.zeros(0, np.int32), n_grids, np.zeros(graph.weights.shape[1]),
                  np.full(graph.weights.shape[1], np.inf))  # fmt: skip
    inertia = evaluate(_problem(plain, np.ones(3), np.ones(len(graph.edges))), labels).terms[0]
    hess = inertia + centre_units(graph.mass, graph.xy, labels)[1].sum()
    return {"inertia": float(inertia), "hess": float(hess), "cut_edges": float(cut.sum()),
            "cut_border": float(graph.metres[cut].sum())}  # fmt: skip


def _gathered(graph: UnitGraph, tasks: list[_Task], answers: list[_Answer]) -> Solution:
    labels = np.empty(graph.n_units, np.int32)
    rows: list[dict[str, object]] = []
    parts: list[dict[str, object]] = []
    start = 0
    for task, answer in zip(tasks, answers, strict=True):
        labels[task.units] = answer.labels + start
        rows += _unmet(task, answer, start)
        drawn = int(answer.labels.max()) + 1
        start += drawn
        parts.append({"n_grids": drawn, "objective": answer.objective, "bound": answer.bound,
                      "gap": _gap(answer.objective, answer.bound),
                      "status": "optimal" if answer.optimal else "feasible"})  # fmt: skip
    terms = {name: sum(answer.terms[name] for answer in answers) for name in answers[0].terms}
    objective = float(sum(terms.values()))
    bounds = [answer.bound for answer in answers]
    bound = None if rows or None in bounds else float(sum(one for one in bounds if one is not None))
    optimal = all(answer.optimal for answer in answers) and not rows
    table = pd.DataFrame(rows, columns=SOLUTION_VIOLATIONS)
    index = pd.Index(graph.parent_ids, name="community_id")
    return Solution(
        Partition(graph, labels),
        objective,
        terms,
        bound,
        0.0 if optimal else _gap(objective, bound),
        "relaxed" if rows else "optimal" if optimal else "feasible",
        table,
        pd.DataFrame(parts, index=index, columns=PARTS),
    )


def _gap(objective: float, bound: float | None) -> float | None:
    if bound is None:
        return None
    return max(0.0, (objective - bound) / objective) if objective > 0 else 0.0


def _unmet(task: _Task, answer: _Answer, start: int) -> list[dict[str, object]]:
    """A row for each grid out of bounds or in pieces; grids are numbered from ``start``."""
    part = Partition(dataclasses.replace(task.graph, parents=np.zeros(task.graph.n_units, np.int32)), answer.labels)
    proof = "proved" if answer.impossible else "not found"
    plain = {"class": "decide", "community_id": task.name, "relaxed": "", "remedy": "widen the bounds or change k"}
    rows: list[dict[str, object]] = []
    for grid, (sums, pieces) in enumerate(zip(part.sums(), part.n_pieces(), strict=True)):
        ids = ";".join(task.graph.ids[i] for i in np.flatnonzero(answer.labels == grid))
        own = {**plain, "labels": (start + grid,), "unit_ids": ids}
        for rule, size, limit in _broken(task, sums):
            reason = f"{size:,.6g} against the bound {limit:,.6g}"
            figures = {"value": size, "limit": limit, "proof": proof}
            rows.append({**own, **figures, "rule": rule, "reason": reason})
        if pieces > 1:
            reason = f"this grid has {pieces} pieces; the graph itself is not connected there"
            figures = {"value": float(pieces), "limit": 1.0, "proof": "not found"}
            rows.append({**own, **figures, "rule": "connected", "reason": reason})
    return rows


def _broken(task: _Task, sums: Floats) -> list[tuple[str, float, float]]:
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
