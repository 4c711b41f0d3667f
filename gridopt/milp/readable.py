"""Formulations to be read: the same programs through PuLP, to print as an LP file or to solve with any solver."""

from __future__ import annotations

from collections.abc import Sequence

import pulp


def set_partitioning(members: Sequence[Sequence[int]], cost: Sequence[float], n_grids: int) -> pulp.LpProblem:
    """Choose ``n_grids`` of the candidate grids so that every unit lies in exactly one, at least cost.

    ``members[g]`` are the units of candidate g and ``cost[g]`` what it costs. ``problem.writeLP(file)``
    prints it (Garfinkel and Nemhauser 1970).
    """
    problem = pulp.LpProblem("set_partitioning", pulp.LpMinimize)
    chosen = [problem.add_variable(f"grid_{g}", cat=pulp.LpBinary) for g in range(len(cost))]
    problem += pulp.lpSum(price * one for price, one in zip(cost, chosen, strict=True)), "cost"
    for unit in sorted({unit for group in members for unit in group}):
        holders = [one for group, one in zip(members, chosen, strict=True) if unit in group]
        problem += pulp.lpSum(holders) == 1, f"unit_{unit}_in_exactly_one"
    problem += pulp.lpSum(chosen) == n_grids, "number_of_grids"
    return problem
