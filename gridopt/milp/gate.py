"""The gate to HiGHS: a program and its limits in; values, objective, bound and true status out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from gridopt.errors import SolverError

Floats = NDArray[np.float64]

ITERATIONS_A_LOOK = 10
"""Simplex iterations that one look of HiGHS at its limits stands for in an integer program.

HiGHS holds only linear programs to a number of iterations, and tells those of an integer program at its end alone;
but it looks at its limits after every linear program that it solves on the way, always at the same places.
"""


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise cost . x with row_low <= A x <= row_high and low <= x <= high, 0 and 1 unless given.

    ``integral`` asks for whole x, of all columns or of those marked.
    """

    cost: Floats
    matrix: csc_array
    row_low: Floats
    row_high: Floats
    integral: bool | NDArray[np.bool_] = True
    low: Floats | None = None
    high: Floats | None = None

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which columns must be whole."""
        return np.broadcast_to(np.asarray(self.integral, bool), self.cost.shape)


@dataclass(frozen=True)
class Limits:
    """How much work a solve may do: counted, so that every machine stops at the same place.

    ``nodes`` of branch and bound, and simplex ``iterations`` (about so many in an integer program, its root with
    all its rounds of cuts among them). ``seconds`` is a cap on top for those who give up that sameness.
    """

    nodes: int = 1_000
    iterations: int = 100_000
    seconds: float | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """``status`` is "optimal", "infeasible", or "limit"; values and objective are None without a solution.

    ``bound`` is a proved lower bound (None if none was reached); of a program that is not integral ``reduced`` are
    the reduced costs and ``prices`` the duals of its rows.
    """

    status: str
    values: Floats | None
    objective: float | None
    bound: float | None
    reduced: Floats | None = None
    prices: Floats | None = None


def solve(program: Program, limits: Limits = Limits(), *, start: Floats | None = None) -> Outcome:
    """Solve on one thread with a fixed seed, from the values of a known solution if there is one.

    Raises `SolverError` where HiGHS itself fails.
    """
    highs = _quiet(limits)
    _accepted(highs.passModel(_model(program)))
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    if program.whole.any():
        _stop_after(highs, limits.iterations // ITERATIONS_A_LOOK)
    return _run(highs, integral=bool(program.whole.any()))


class Growing:
    """A linear program whose columns join one after the other; each solve goes on from where the last one ended.

    Minimise cost . x with row_low <= A x <= row_high and x at least 0.
    """

    def __init__(self, row_low: Floats, row_high: Floats, limits: Limits = Limits()) -> None:
        self._highs = _quiet(limits)
        none, columns = np.empty(0), np.empty(0, np.int32)
        starts = np.zeros(len(row_low), np.int32)
        _accepted(self._highs.addRows(len(row_low), row_low, row_high, 0, starts, columns, none))

    def join(self, cost: Floats, columns: csc_array) -> None:
        """Further columns (rows, s) at their cost (s,)."""
        starts, places = columns.indptr[:-1].astype(np.int32), columns.indices.astype(np.int32)
        most = np.full(len(cost), np.inf)
        _accepted(
            self._highs.addCols(len(cost), cost, np.zeros(len(cost)), most, columns.nnz, starts, places, columns.data)
        )

    def solve(self) -> Outcome:
        """What all columns that have joined come to."""
        return _run(self._highs, integral=False)


def _accepted(status: Any) -> None:
    if status == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refused the program; please report the plan's project file.")


def _run(highs: Any, *, integral: bool) -> Outcome:
    """Whatever HiGHS knows of its program when it stops."""
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
    if not integral:
        duals = [np.asarray(one, np.float64) if optimal else None for one in (solution.col_dual, solution.row_dual)]
        return Outcome("optimal" if optimal else "limit", values, objective, objective if optimal else None, *duals)
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
    if limits.seconds is not None:
        options["time_limit"] = max(limits.seconds, 0.01)
    for name, value in options.items():
        highs.setOptionValue(name, value)
    return highs


def _stop_after(highs: Any, looks: int) -> None:
    """End an integer program once HiGHS has looked so often at its limits."""
    looked = count()

    def look(event: Any) -> None:
        if next(looked) >= looks:
            event.interrupt()

    highs.cbMipInterrupt.subscribe(look)


def _model(program: Program) -> Any:
    matrix = program.matrix
    n_rows, n_columns = matrix.shape
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n_columns, n_rows
    model.col_cost_ = program.cost
    model.col_lower_ = np.zeros(n_columns) if program.low is None else program.low
    model.col_upper_ = np.ones(n_columns) if program.high is None else program.high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = matrix.data.astype(np.float64)
    if program.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[one] for one in program.whole.tolist()]
    return model
