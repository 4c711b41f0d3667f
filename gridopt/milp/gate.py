"""The gate to HiGHS: a program and its limits in; values, objective, bound and true status out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from gridopt.errors import SolverError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise cost . x with row_low <= A x <= row_high and 0 <= x <= 1; ``integral`` asks for whole x."""

    cost: Floats
    matrix: csc_array
    row_low: Floats
    row_high: Floats
    integral: bool = True


@dataclass(frozen=True)
class Limits:
    """How much work a solve may do: counted, never timed, so that every machine stops at the same place."""

    nodes: int = 1_000
    iterations: int = 100_000


@dataclass(frozen=True, eq=False)
class Outcome:
    """``status`` is "optimal", "infeasible", or "limit"; values and objective are None without a solution.

    ``bound`` is a proved lower bound (None if none was reached), ``reduced`` the reduced costs of a
    program that is not integral.
    """

    status: str
    values: Floats | None
    objective: float | None
    bound: float | None
    reduced: Floats | None = None


def solve(program: Program, limits: Limits = Limits()) -> Outcome:
    """Solve on one thread with a fixed seed. Raises `SolverError` where HiGHS itself fails."""
    highs = _quiet(limits)
    if highs.passModel(_model(program)) == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refused the program; please report the plan's project file.")
    highs.run()
    status = highs.getModelStatus()
    info = highs.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Outcome("infeasible", None, None, None)
    optimal = status == highspy.HighsModelStatus.kOptimal
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    solution = highs.getSolution()
    values = np.asarray(solution.col_value, np.float64) if solved else None
    objective = float(info.objective_function_value) if solved else None
    if not program.integral:
        return Outcome("optimal" if optimal else "limit", values, objective, objective if optimal else None,
                       np.asarray(solution.col_dual, np.float64) if optimal else None)  # fmt: skip
    bound = float(info.mip_dual_bound)
    return Outcome("optimal" if optimal else "limit", values, objective, bound if np.isfinite(bound) else None)


def _quiet(limits: Limits) -> Any:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "random_seed": 0,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-9,
        "mip_max_nodes": limits.nodes,
        "simplex_iteration_limit": limits.iterations,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    return highs


def _model(program: Program) -> Any:
    matrix = program.matrix
    n_rows, n_columns = matrix.shape
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n_columns, n_rows
    model.col_cost_ = program.cost
    model.col_lower_, model.col_upper_ = np.zeros(n_columns), np.ones(n_columns)
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = matrix.data.astype(np.float64)
    if program.integral:
        model.integrality_ = [highspy.HighsVarType.kInteger] * n_columns
    return model
