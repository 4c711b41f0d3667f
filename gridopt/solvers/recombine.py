"""The best of many runs put together: their grids as a pool from which a MILP picks a partition."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array, csr_array

from gridopt.milp import Limits
from gridopt.milp.set_partitioning import choose
from gridopt.solvers.exact import numbered, set_costs
from gridopt.solvers.hess import offset_of, set_offsets
from gridopt.solvers.improve import Found
from gridopt.solvers.problem import Ints, Problem, breaches

MOST_GRIDS = 1_500
"""Grids of the pool that the program chooses from."""


def recombined(problem: Problem, found: Found, price: float = 0.0) -> Ints:
    """Labels at least as good as those found, from the grids that the search's good runs ended with.

    Every grid of the pool keeps the bounds, so every choice that covers each unit once is a plan; the best
    of them gains a few tenths of a percent on the best run. ``price`` is what a grid's offset costs (`hess`).
    """
    if found.runs < 2 or not problem.n_grids < len(found.pool) <= MOST_GRIDS or problem.n_grids < 2:
        return found.labels
    members = _members(found.pool, problem.n_units)
    cost = set_costs(problem, members)
    incumbent = found.objective
    if price:
        cost = cost + price * set_offsets(problem, members.toarray() > 0)
        incumbent += price * offset_of(problem, found.labels)
    choice = choose(csc_array(members.T), cost, problem.n_grids, incumbent=incumbent, limits=Limits(nodes=200))
    if choice.chosen is None or choice.objective is None or choice.objective >= incumbent - 1e-9:
        return found.labels
    labels = np.empty(problem.n_units, np.int32)
    for grid, chosen in enumerate(np.sort(choice.chosen)):
        labels[found.pool[chosen]] = grid
    labels = numbered(problem, labels)
    return found.labels if breaches(problem, labels) > 0 else labels


def _members(pool: tuple[Ints, ...], n_units: int) -> csr_array:
    """The grids as rows of 0 and 1, (grids, units)."""
    units = np.concatenate(pool)
    starts = np.concatenate([[0], np.cumsum([len(grid) for grid in pool])])
    return csr_array((np.ones(len(units)), units, starts), shape=(len(pool), n_units))
