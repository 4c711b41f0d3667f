"""A plan proved on the Hess objective: bound, fixing, HiGHS on what is left, cuts where grids fall apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import SolverError
from gridopt.milp import Limits, solve
from gridopt.milp.hess import Pairs, program
from gridopt.milp.rows import Cut
from gridopt.solvers.hess import centre_units
from gridopt.solvers.lagrange import ENOUGH, Model, Relaxed, fixed, hess_model, labelled, relax
from gridopt.solvers.problem import Floats, Ints, Problem
from gridopt.solvers.separators import separator_cuts

MOST_PAIRS = 20_000
"""Pairs of unit and centre that HiGHS is given; more are left to the bound."""

PLAN_COST = 1_000.0
"""What the known plan costs in the program that HiGHS sees."""

LINEAR_ROUNDS = 3
"""Times that the linear program is solved to rule out pairs, at most."""

MOST_CUT_ROUNDS = 60
"""Times that cuts are added and the program is solved again."""


@dataclass(frozen=True, eq=False)
class Proved:
    """A plan, its Hess cost, and a bound that no plan of the problem goes below."""

    labels: Ints
    cost: float
    bound: float

    @property
    def optimal(self) -> bool:
        return self.bound >= self.cost * (1 - 1e-9)


def hess_cost(problem: Problem, labels: Ints) -> float:
    """Mass times squared distance to the best centre unit of each grid."""
    centres, _ = centre_units(problem.mass, problem.xy, labels)
    away = ((problem.xy - problem.xy[centres[labels]]) ** 2).sum(axis=1)
    return float(problem.mass @ away)


def prove_hess(problem: Problem, labels: Ints, *, limits: Limits, pairs: int = MOST_PAIRS) -> Proved:
    """Improve and bound a plan within its bounds on the Hess objective.

    labels (n,) must be whole grids within the bounds, which are the same for every grid. ``limits`` are those
    of one solve; what HiGHS leaves open stays in the bound.
    """
    upper = hess_cost(problem, labels)
    relaxed = relax(hess_model(problem), upper)
    _assert_kept(relaxed.model, problem, labels)
    best = Proved(labels, upper, relaxed.bound)
    if best.optimal or relaxed.model.allowed.sum() > pairs:
        return best
    relaxed = _sharpened(relaxed, upper)
    _assert_kept(relaxed.model, problem, labels)
    best = Proved(labels, upper, relaxed.bound)
    return best if best.optimal else _by_cuts(problem, relaxed, best, limits)


def _sharpened(relaxed: Relaxed, upper: float) -> Relaxed:
    """The best prices there are, from the linear program, and what they rule out, in turn.

    Subgradient steps end some tenths of a percent below; with the duals of a linear program of a few thousand
    pairs a half of these are dropped, which saves the integer program far more.
    """
    for _ in range(LINEAR_ROUNDS):
        model, before = relaxed.model, int(relaxed.model.allowed.sum())
        if len(model.centres) < model.n_grids:
            return Relaxed(model, upper, relaxed.prices, relaxed.opened)
        columns, scale = pairs_of(relaxed, upper)
        outcome = solve(program(columns, integral=False))
        if outcome.prices is None:
            return relaxed
        prices = outcome.prices[: len(model.mass)] * scale
        bound, model, opened = fixed(model, prices, upper)
        relaxed = Relaxed(model, max(relaxed.bound, min(bound, upper)), prices, opened)
        if relaxed.bound >= upper or model.allowed.sum() > ENOUGH * before:
            break
    return relaxed


def _by_cuts(problem: Problem, relaxed: Relaxed, best: Proved, limits: Limits) -> Proved:
    """Solve, cut, and solve again until a whole drawing comes out or the limits bite."""
    columns, scale = pairs_of(relaxed, best.cost)
    cuts: list[Cut] = []
    deadline = np.inf if limits.seconds is None else time.monotonic() + limits.seconds
    for _ in range(MOST_CUT_ROUNDS):
        left = None if limits.seconds is None else deadline - time.monotonic()
        outcome = solve(
            program(columns, cuts), Limits(limits.nodes, limits.iterations, left), start=_start(problem, columns, best)
        )
        if outcome.status == "infeasible":
            raise SolverError("The Hess program lost the plan it started from; please report the plan's project file.")
        if outcome.bound is not None:
            best = Proved(best.labels, best.cost, max(best.bound, min(outcome.bound * scale, best.cost)))
        if outcome.values is None:
            return best
        centre_of = _centre_of(columns, outcome.values)
        found = labelled(centre_of)
        new = separator_cuts(problem, columns, found, centre_of[np.unique(found, return_index=True)[1]])
        if not new:
            cost = hess_cost(problem, found)
            return best if cost >= best.cost else Proved(found, cost, min(best.bound, cost))
        if outcome.status == "limit" or (left is not None and left <= 0):
            return best
        cuts += new
    return best


def pairs_of(relaxed: Relaxed, upper: float) -> tuple[Pairs, float]:
    """What is left of the model as columns of the program, by centre, then unit; and what its costs are in.

    The known plan (of cost ``upper``) costs `PLAN_COST` and a unit weighs 1 in the mean: solvers judge by
    absolute tolerances, and metres squared times people would drown them.
    """
    model = relaxed.model
    centres, units = np.nonzero(model.allowed.T)
    away = ((model.xy[units] - model.xy[centres]) ** 2).sum(axis=1)
    scale = upper / PLAN_COST if upper > 0 else 1.0
    mean = model.weights.mean(axis=0)
    mean = np.where(mean > 0, mean, 1.0)
    cost = model.mass[units] * away / scale
    return Pairs(units, centres, cost, model.weights / mean, model.low / mean, model.high / mean, model.n_grids,
                 relaxed.opened), scale  # fmt: skip


def _start(problem: Problem, pairs: Pairs, best: Proved) -> Floats:
    """The known plan as values of the columns."""
    centres, _ = centre_units(problem.mass, problem.xy, best.labels)
    return np.asarray(centres[best.labels][pairs.units] == pairs.centres, np.float64)


def _centre_of(pairs: Pairs, values: Floats) -> NDArray[np.int64]:
    centre = np.empty(len(pairs.weights), np.int64)
    chosen = values > 0.5
    centre[pairs.units[chosen]] = pairs.centres[chosen]
    return centre


def _assert_kept(model: Model, problem: Problem, labels: Ints) -> None:
    """The known plan must survive every fixing; otherwise a bound was wrong."""
    centres, _ = centre_units(problem.mass, problem.xy, labels)
    lost = np.flatnonzero(~model.allowed[np.arange(problem.n_units), centres[labels]])
    if len(lost) and len(model.centres) >= model.n_grids:
        raise SolverError(f"Fixing dropped {len(lost)} units of the known plan; please report the plan's project file.")
