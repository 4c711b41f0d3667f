"""Formulations to be read: the same programs through PuLP, to print as an LP file or to solve with any solver.

``problem.writeLP(file)`` prints one; `solved` solves it with HiGHS or CBC and reads the solver's own status.
They are for small graphs and for readers; large reduced models go to HiGHS as arrays (`gridopt.milp.hess`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.milp.gate import Outcome

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """Units with ``weights``, the ``edges`` between them, and what is asked: so many grids within low and high."""

    weights: Sequence[float]
    edges: Sequence[tuple[int, int]]
    n_grids: int
    low: float
    high: float

    @property
    def units(self) -> range:
        return range(len(self.weights))


def hess(task: Task, cost: Floats) -> pulp.LpProblem:
    """Every unit to a centre unit at least cost, every grid within bounds and connected.

    cost (n, n): that of unit i in the grid of centre j. Hess et al. (1965), connected by a flow to the centre
    (Shirabe 2005).
    """
    problem = pulp.LpProblem("hess", pulp.LpMinimize)
    joins = {(i, j): problem.add_variable(f"unit_{i}_joins_{j}", cat=pulp.LpBinary)
             for j in task.units for i in task.units}  # fmt: skip
    problem += pulp.lpSum(float(cost[i, j]) * one for (i, j), one in joins.items()), "cost"
    _grids(problem, task, joins)
    return problem


def cut_edges(task: Task, prices: Sequence[float] | None = None) -> pulp.LpProblem:
    """Connected grids within bounds with the fewest edges between them, or the cheapest (``prices`` by edge).

    A grid is named by its lowest unit, so that no two solutions are the same but for names (asymmetric
    representatives, Campêlo, Campos and Corrêa 2008); a flow to that unit keeps it connected (Shirabe 2005).
    """
    problem = pulp.LpProblem("cut_edges", pulp.LpMinimize)
    joins = {(i, j): problem.add_variable(f"unit_{i}_joins_{j}", cat=pulp.LpBinary)
             for j in task.units for i in task.units if i >= j}  # fmt: skip
    cut = [problem.add_variable(f"edge_{a}_{b}_cut", 0, 1) for a, b in task.edges]
    paid = [1.0] * len(cut) if prices is None else list(prices)
    problem += pulp.lpSum(price * one for price, one in zip(paid, cut, strict=True)), "cost"
    _grids(problem, task, joins)
    for (a, b), one in zip(task.edges, cut, strict=True):
        for j in task.units:
            for inside, outside in ((a, b), (b, a)):
                if (inside, j) in joins:
                    kept = joins.get((outside, j), 0)
                    problem += one >= joins[inside, j] - kept, f"edge_{a}_{b}_cut_if_{inside}_alone_joins_{j}"
    return problem


def set_partitioning(members: Sequence[Sequence[int]], cost: Sequence[float], n_grids: int) -> pulp.LpProblem:
    """Choose ``n_grids`` of the candidate grids so that every unit lies in exactly one, at least cost.

    ``members[g]`` are the units of candidate g and ``cost[g]`` what it costs (Garfinkel and Nemhauser 1970).
    """
    problem = pulp.LpProblem("set_partitioning", pulp.LpMinimize)
    chosen = [problem.add_variable(f"grid_{g}", cat=pulp.LpBinary) for g in range(len(cost))]
    problem += pulp.lpSum(price * one for price, one in zip(cost, chosen, strict=True)), "cost"
    for unit in sorted({unit for group in members for unit in group}):
        holders = [one for group, one in zip(members, chosen, strict=True) if unit in group]
        problem += pulp.lpSum(holders) == 1, f"unit_{unit}_in_exactly_one"
    problem += pulp.lpSum(chosen) == n_grids, "number_of_grids"
    return problem


def solved(problem: pulp.LpProblem, solver: str = "highs") -> Outcome:
    """Solve with ``"highs"`` or ``"cbc"``; status, bound and values as the solver itself has them.

    Values are those of the problem's variables in their order. CBC tells no bound but that of an optimum.
    Raises `SolverError` for another solver, and where CBC is not installed.
    """
    if solver == "highs":
        problem.solve(pulp.HiGHS(msg=False, threads=1))
        return told_by_highs(problem)
    if solver == "cbc":
        command = pulp.COIN_CMD(msg=False, threads=1)
        if not command.available():
            raise SolverError('CBC is not installed: pip install "pulp[cbc]", or choose "highs".')
        problem.solve(command)
        return _told_by_cbc(problem)
    raise SolverError(f'There is no solver "{solver}" here; choose "highs" or "cbc".')


def centres(problem: pulp.LpProblem, task: Task) -> list[int]:
    """The centre (or lowest unit) that each unit joins in a solved `hess` or `cut_edges`."""
    chosen = {one.name: one.value() for one in problem.variables()}
    return [next(j for j in task.units if (chosen.get(f"unit_{i}_joins_{j}") or 0) > 0.5) for i in task.units]


def _grids(problem: pulp.LpProblem, task: Task, joins: dict[tuple[int, int], Any]) -> None:
    """What both formulations share: every unit once, n grids, bounds, connectedness."""
    for i in task.units:
        problem += pulp.lpSum(joins[i, j] for j in task.units if (i, j) in joins) == 1, f"unit_{i}_in_exactly_one"
    problem += pulp.lpSum(joins[j, j] for j in task.units) == task.n_grids, "number_of_grids"
    for j in task.units:
        held = [i for i in task.units if (i, j) in joins]
        size = pulp.lpSum(float(task.weights[i]) * joins[i, j] for i in held)
        problem += size >= task.low * joins[j, j], f"grid_{j}_at_least_low"
        problem += size <= task.high * joins[j, j], f"grid_{j}_at_most_high"
        for i in held:
            if i != j:
                problem += joins[i, j] <= joins[j, j], f"unit_{i}_joins_{j}_only_if_it_is_one"
        _flow(problem, task, joins, j)


def _flow(problem: pulp.LpProblem, task: Task, joins: dict[tuple[int, int], Any], centre: int) -> None:
    """Each unit of the grid sends one parcel to the centre, through units of the grid alone."""
    both = [*task.edges, *((b, a) for a, b in task.edges)]
    sent = {(a, b): problem.add_variable(f"flow_{a}_{b}_to_{centre}", 0)
            for a, b in both if (a, centre) in joins and (b, centre) in joins and a != centre}  # fmt: skip
    most = len(task.weights) - task.n_grids
    for i in task.units:
        if (i, centre) not in joins or i == centre:
            continue
        leaving = pulp.lpSum(flow for (a, _), flow in sent.items() if a == i)
        coming = pulp.lpSum(flow for (_, b), flow in sent.items() if b == i)
        problem += leaving - coming == joins[i, centre], f"unit_{i}_sends_one_to_{centre}"
        problem += coming <= most * joins[i, centre], f"unit_{i}_passes_on_to_{centre}_only_inside"


def told_by_highs(problem: pulp.LpProblem) -> Outcome:
    """What HiGHS itself says of a program that PuLP has solved with ``pulp.HiGHS``."""
    import highspy

    status = problem.solverModel.getModelStatus()
    info = problem.solverModel.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Outcome("infeasible", None, None, None)
    bound = float(info.mip_dual_bound)
    known = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Outcome(
        "optimal" if status == highspy.HighsModelStatus.kOptimal else "limit",
        _values(problem) if known else None,
        float(info.objective_function_value) if known else None,
        bound if np.isfinite(bound) else None,
    )


def _told_by_cbc(problem: pulp.LpProblem) -> Outcome:
    if problem.sol_status in (pulp.LpSolutionInfeasible, pulp.LpSolutionUnbounded):
        return Outcome("infeasible", None, None, None)
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Outcome("limit", None, None, None)
    cost = float(pulp.value(problem.objective))
    optimal = problem.sol_status == pulp.LpSolutionOptimal
    return Outcome("optimal" if optimal else "limit", _values(problem), cost, cost if optimal else None)


def _values(problem: pulp.LpProblem) -> Floats:
    return np.array([one.value() or 0.0 for one in problem.variables()], np.float64)
