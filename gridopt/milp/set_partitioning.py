"""Choosing grids from a pool so that every unit lies in exactly one: the set-partitioning program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, vstack

from gridopt.milp.gate import Limits, Outcome, Program, solve

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Choice:
    """``status`` as in `Outcome`; ``chosen`` the positions of the chosen grids, None without a solution."""

    status: str
    chosen: NDArray[np.int64] | None
    objective: float | None
    bound: float | None


def choose(
    members: csc_array, cost: Floats, n_grids: int, *, incumbent: float = np.inf, limits: Limits | None = None
) -> Choice:
    """The cheapest ``n_grids`` columns of ``members`` (units, grids) that cover each unit exactly once.

    The linear relaxation gives a bound; with the objective of a known plan (``incumbent``) every column
    whose reduced cost exceeds the difference is fixed at 0 before branching (reduced-cost fixing,
    Garfinkel and Nemhauser 1970), which keeps the optimum.
    """
    limits = limits or Limits()
    rows = _rows(members)
    sides = np.concatenate([np.ones(members.shape[0]), [float(n_grids)]])
    relaxed = solve(Program(cost, rows, sides, sides, integral=False), limits)
    if relaxed.status != "optimal" or relaxed.reduced is None or relaxed.objective is None:
        return Choice(relaxed.status, None, None, None)
    room = incumbent - relaxed.objective
    kept = np.flatnonzero(relaxed.reduced <= room + 1e-7 * max(1.0, abs(incumbent))) if np.isfinite(room) else None
    columns = np.arange(len(cost)) if kept is None else kept
    if not len(columns):
        return Choice("infeasible", None, None, None)
    outcome: Outcome = solve(Program(cost[columns], rows[:, columns], sides, sides), limits)
    if outcome.values is None or outcome.objective is None:
        return Choice(outcome.status, None, None, outcome.bound)
    return Choice(outcome.status, columns[outcome.values > 0.5], outcome.objective, outcome.bound)


def _rows(members: csc_array) -> csc_array:
    return csc_array(vstack([members, np.ones((1, members.shape[1]))], format="csc"))
