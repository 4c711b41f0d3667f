"""What the runs of a search came to, made better: recombined, then drawn again region by region and pair by pair."""

from __future__ import annotations

from gridopt.solvers.asked import WITHIN
from gridopt.solvers.effort import PRESETS, Effort
from gridopt.solvers.hess import polished
from gridopt.solvers.improve import Found
from gridopt.solvers.neighbours import improved, reach
from gridopt.solvers.problem import Ints, Problem
from gridopt.solvers.recombine import recombined
from gridopt.solvers.regions import regions_redrawn


def refined(problem: Problem, found: Found, how: tuple[Effort, int], price: float = 0.0) -> Ints:
    """Labels (n,) at least as good as those found; what is out of bounds is left to other rooms.

    ``how`` is the effort and the seed, ``price`` what a grid's offset costs (`hess`). The same arguments give the
    same answer.
    """
    effort, seed = how
    is_feasible = found.violation <= WITHIN
    labels = recombined(problem, found, price) if is_feasible else found.labels
    labels = polished(problem, labels, price) if price else labels
    if not (is_feasible and is_worth_it(effort)):
        return labels
    labels = labels if price else regions_redrawn(problem, labels, effort=effort, seed=seed)
    return improved(problem, labels, price, paired=reach(effort), is_over=lambda: effort.is_over)


def is_worth_it(effort: Effort) -> bool:
    """Whether a search of this effort goes on to redraw its grids: not a quick one, nor one that many share."""
    return effort.prove or (effort.iterations >= PRESETS["standard"][0] and effort.share == 1)
