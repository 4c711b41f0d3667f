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
from gridopt.milp import Growing
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
    covering = _Covering(admissible, upper)
    covering.join(np.vstack([plan, pool, _moved(admissible, plan)]))
    best = Prices(np.zeros(problem.n_units), 0.0)
    solved = covering.solve()
    even = _even(problem, labels, costs)
    prices = even if solved is None else solved[1].towards(even, START)
    stay, allowed = SMOOTHING, min(steps, max(FIRST, steps // 3))
    for _ in range(ROUNDS):
        found = _priced(admissible, prices, (-CLOSE * upper, SAVING), allowed)
        steps -= found.steps
        if found.is_complete:
            best = _better(admissible, best, prices, found.least)
        has_more = covering.join(found.members)
        solved = covering.solve()
        if solved is None:
            break
        value, duals = solved
        is_last = not has_more and np.array_equal(prices.units, duals.units)
        is_hopeless = not np.isfinite(best.bound)
        if steps <= 0 or is_over() or is_last or is_hopeless or value - best.bound <= CLOSED * upper:
            break
        stay = SMOOTHING if found.is_complete else (1 + stay) / 2
        prices = duals.towards(best, stay if has_more or not found.is_complete else 0.0)
        allowed = max(steps // 2, 1)
    return Columns(covering.members, best, max(steps, 0))


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


class _Covering:
    """The grids known, and the linear program that covers every unit by them, in part."""

    def __init__(self, admissible: Admissible, upper: float) -> None:
        self._admissible, self._upper, self._known = admissible, upper, dict[bytes, Bools]()
        sides = np.append(np.ones(admissible.problem.n_units), float(admissible.problem.n_grids))
        self._program = Growing(np.append(sides, -np.inf), np.append(sides, admissible.missed))

    @property
    def members(self) -> Bools:
        """The sets (s, n), in the order of their units."""
        return np.array([self._known[name] for name in sorted(self._known)])

    def join(self, members: Bools) -> bool:
        """Take in sets (s, n); whether any was not known yet."""
        names = [row.tobytes() for row in np.packbits(members, axis=1)]
        fresh = {name: row for name, row in zip(names, members, strict=True) if name not in self._known}
        if not fresh:
            return False
        self._known |= fresh
        rows, missed = np.array(list(fresh.values())), self._admissible.missed
        misses = self._admissible.misses(rows) if missed > 0 else np.zeros(len(rows))
        columns = csc_array(np.vstack([rows.T, np.ones(len(rows)), misses]).astype(np.float64))
        self._program.join(self._admissible.costs(rows) / self._upper * PLAN_COST, columns)
        return True

    def solve(self) -> tuple[float, Prices] | None:
        """The least cost of a cover, and what units are worth in it; None where HiGHS comes to no end."""
        outcome = self._program.solve()
        if outcome.prices is None or outcome.objective is None:
            return None
        n, duals = self._admissible.problem.n_units, outcome.prices * self._upper / PLAN_COST
        fine = max(-float(duals[n + 1]), 0.0)
        return outcome.objective * self._upper / PLAN_COST, Prices(duals[:n], float(duals[n]), fine)


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
