"""A bound that takes all terms of the objective together: prices for units, and grids worth their price.

No plan costs less than the prices of all units and, for each grid, the least that any admissible grid costs above
its own units' prices. Prices come from a linear program that covers every unit with the grids known so far, smoothed
towards the best prices yet (Wentges 1997); the cheapest grid at these prices is searched for exactly
(`_kernels.pricing`) and joins the program, until none is worth its price (Dantzig and Wolfe 1960; for districts
Mehrotra, Johnson and Nemhauser 1998). A grid that lies further above its price than the known plan above the bound
is in no better plan; where few are left, the best plan of them all is chosen (Baldacci, Christofides and Mingozzi
2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from gridopt._kernels.pricing import COMPLETE, Caught, Growth, catch
from gridopt.milp import Program, solve
from gridopt.solvers.market import Admissible
from gridopt.solvers.problem import Floats, Ints, Problem

Bools = NDArray[np.bool_]

SAVING = 0.3
"""Grids join the program that save more than this share of what the best saves."""

START, SMOOTHING = 0.85, 0.6
"""How far the first prices are those of the plan, and later ones stay with the best yet."""

FIRST = 100_000
"""Steps of the first search, or a third of all if these are more; where they do not suffice, later ones are as long."""

ROUNDS = 200
"""Times that grids join, at most."""

CLOSE, CLOSED = 1e-9, 1e-4
"""Shares of the plan's cost: what a bound may stay below the truth by, and the program be above it to be done with."""

MOST_CAUGHT = 20_000
"""Grids that one search for prices may find."""

PLAN_COST = 1_000.0
"""What the known plan costs in the program that HiGHS sees."""


@dataclass(frozen=True, eq=False)
class Prices:
    """What the units (n,) and a grid are priced at, what missing the rule costs, and the bound that this proves."""

    units: Floats
    grid: float
    fine: float = 0.0
    bound: float = -np.inf

    def towards(self, best: Prices, share: float) -> Prices:
        """Prices moved by a share of the way towards others, their bound still to be found."""
        units, grid, fine = (share * getattr(best, name) + (1 - share) * getattr(self, name)
                             for name in ("units", "grid", "fine"))  # fmt: skip
        return Prices(units, grid, fine)


@dataclass(frozen=True, eq=False)
class Columns:
    """The grids known, (s, n), the best prices, and the steps that are left for more."""

    members: Bools
    best: Prices
    steps: int


def generated(
    admissible: Admissible,
    labels: Ints,
    most_steps: int,
    pool: Bools | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Columns:
    """Grids and prices for a known plan, labels (n,); the bound is -inf where the steps do not suffice for any.

    ``pool`` (s, n) are grids of other good plans, where some are known: prices are nearer the truth from the outset.
    No further search is begun once ``is_over``.
    """
    problem = admissible.problem
    plan = labels == np.arange(problem.n_grids)[:, None]
    costs = admissible.costs(plan)
    upper, steps = float(costs.sum()), most_steps
    if upper <= 0:
        return Columns(plan, Prices(np.zeros(problem.n_units), 0.0, bound=0.0), steps)
    pool = np.empty((0, problem.n_units), bool) if pool is None else pool[admissible.admits(pool)]
    members = _distinct(np.vstack([plan, pool, _moved(admissible, plan)]))
    best = Prices(np.zeros(problem.n_units), 0.0)
    solved = _program(admissible, members, upper)
    even = _even(problem, labels, costs)
    prices = even if solved is None else solved[1].towards(even, START)
    stay, allowed = SMOOTHING, min(steps, max(FIRST, steps // 3))
    for _ in range(ROUNDS):
        found = _priced(admissible, prices, (-CLOSE * upper, SAVING), allowed)
        steps -= found.steps
        if found.is_complete:
            best = _better(admissible, best, prices, found.least)
        known, members = len(members), _distinct(np.vstack([members, found.members]))
        solved = _program(admissible, members, upper)
        if solved is None:
            break
        value, duals = solved
        is_last = len(members) == known and np.array_equal(prices.units, duals.units)
        is_hopeless = not np.isfinite(best.bound)
        if steps <= 0 or is_over() or is_last or is_hopeless or value - best.bound <= CLOSED * upper:
            break
        stay = SMOOTHING if found.is_complete else (1 + stay) / 2
        prices = duals.towards(best, stay if len(members) > known or not found.is_complete else 0.0)
        allowed = max(steps // 2, 1)
    return Columns(members, best, max(steps, 0))


def _better(admissible: Admissible, best: Prices, prices: Prices, least: float) -> Prices:
    """The prices with their bound, if it is above that of the best; ``least`` is what no grid is below its price by."""
    grid, missed = prices.grid + least, prices.fine * admissible.missed
    bound = float(prices.units.sum()) + admissible.problem.n_grids * grid - missed
    return replace(prices, grid=grid, bound=bound) if bound > best.bound else best


def within(admissible: Admissible, prices: Prices, room: float, most_steps: int, most: int) -> Bools | None:
    """Every admissible grid (s, n) that costs at most ``room`` above its price; None if more than ``most``."""
    found = _priced(admissible, prices, (room, 0.0), most_steps, most)
    return found.members if found.is_complete else None


@dataclass(frozen=True, eq=False)
class _Found:
    """Grids that are worth their price, by how much the best is (or less than nothing), and the steps it took."""

    members: Bools
    least: float
    steps: int
    is_complete: bool


def _priced(
    admissible: Admissible, prices: Prices, aim: tuple[float, float], most_steps: int, most: int = MOST_CAUGHT
) -> _Found:
    """The grids that `catch` finds at some prices; ``aim`` is its aim and share."""
    n, m = admissible.problem.weights.shape
    growth, caught = Growth.of(n, m), Caught.of(most, n)
    found, least, steps, is_complete = [np.empty((0, n), bool)], np.inf, 0, True
    for market, tariff in admissible.tariffs(prices.units, prices.grid, prices.fine):
        catch(market, tariff, *aim, most_steps - steps, growth, caught)
        members = np.empty((int(caught.counts[0]), n), bool)
        members[:, admissible.order] = caught.members[: len(members)]
        found.append(members)
        least, steps = min(least, float(caught.least[0])), steps + int(caught.counts[1])
        is_complete = is_complete and int(caught.counts[2]) == COMPLETE
    return _Found(np.vstack(found), least, steps, is_complete)


def _distinct(members: Bools) -> Bools:
    """The sets (s, n) each once, in the order of their units."""
    packed = np.ascontiguousarray(np.packbits(members, axis=1))
    words = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    return members[np.unique(words, return_index=True)[1]]


def _program(admissible: Admissible, members: Bools, upper: float) -> tuple[float, Prices] | None:
    """The least cost of covering every unit by the grids known, in part, and what units are worth in it.

    None where HiGHS comes to no end within its limits.
    """
    n, costs = members.shape[1], admissible.costs(members)
    misses = admissible.misses(members) if admissible.missed > 0 else np.zeros(len(members))
    rows = csc_array(np.vstack([members.T, np.ones(len(members)), misses]).astype(np.float64))
    sides = np.concatenate([np.ones(n), [float(admissible.problem.n_grids)]])
    low, high = np.concatenate([sides, [-np.inf]]), np.concatenate([sides, [admissible.missed]])
    unbounded = np.full(len(members), np.inf)
    outcome = solve(Program(costs / upper * PLAN_COST, rows, low, high, integral=False, high=unbounded))
    if outcome.prices is None or outcome.objective is None:
        return None
    duals = outcome.prices * upper / PLAN_COST
    return outcome.objective * upper / PLAN_COST, Prices(duals[:n], float(duals[n]), max(-float(duals[n + 1]), 0.0))


def _even(problem: Problem, labels: Ints, costs: Floats) -> Prices:
    """What each grid of the plan costs, shared out by size."""
    sizes = problem.weights[:, 0]
    whole = np.bincount(labels, sizes)
    return Prices((costs / np.where(whole > 0, whole, 1.0))[labels] * sizes, 0.0)


def _moved(admissible: Admissible, plan: Bools) -> Bools:
    """The admissible grids that are one of the plan's with one unit more or less: they tell what a unit is worth."""
    problem = admissible.problem
    n = problem.n_units
    linked = csr_array((np.ones(len(problem.neighbours)), problem.neighbours, problem.indptr), shape=(n, n))
    touched = np.where(plan, (~plan).astype(np.float64) @ linked > 0, plan.astype(np.float64) @ linked > 0)
    grids, units = np.nonzero(touched)
    moved = plan[grids]
    moved[np.arange(len(units)), units] ^= True
    moved = moved[moved.any(axis=1)]
    return moved[admissible.admits(moved)]
