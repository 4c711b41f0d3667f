"""Where to put facilities, formulated to be read: the programs of `gridopt.milp.location` through PuLP.

``reaches[i]`` are the sites that serve place i; ``metres`` (places, sites) is how far each is. Solve them with
`gridopt.milp.readable.solved`, and read the answer with `sites`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pulp
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def covering(reaches: Sequence[Sequence[int]], n_candidates: int) -> pulp.LpProblem:
    """The fewest sites so that every place is served (LSCP, Toregas and others 1971)."""
    problem = pulp.LpProblem("covering", pulp.LpMinimize)
    opened = _candidates(problem, n_candidates)
    problem += pulp.lpSum(opened), "number_of_sites"
    for place, own in enumerate(reaches):
        problem += pulp.lpSum(opened[site] for site in own) >= 1, f"place_{place}_is_served"
    return problem


def maximal_covering(
    reaches: Sequence[Sequence[int]], weights: Sequence[float], n_candidates: int, n_sites: int
) -> pulp.LpProblem:
    """At most ``n_sites`` sites that leave the least weight unserved (MCLP, Church and ReVelle 1974)."""
    problem = pulp.LpProblem("maximal_covering", pulp.LpMinimize)
    opened = _candidates(problem, n_candidates)
    left = [problem.add_variable(f"place_{place}_left", 0, 1) for place in range(len(reaches))]
    problem += pulp.lpSum(float(weight) * one for weight, one in zip(weights, left, strict=True)), "left_out"
    problem += pulp.lpSum(opened) <= n_sites, "number_of_sites"
    for place, own in enumerate(reaches):
        problem += pulp.lpSum(opened[site] for site in own) + left[place] >= 1, f"place_{place}_is_served_or_left"
    return problem


def median(metres: Floats, weights: Sequence[float], n_sites: int) -> pulp.LpProblem:
    """At most ``n_sites`` sites to which all weights together go least (p-median, ReVelle and Swain 1970)."""
    problem = pulp.LpProblem("median", pulp.LpMinimize)
    goes = _assigned(problem, metres.shape, n_sites)
    problem += (
        pulp.lpSum(float(weights[place] * metres[place, site]) * one for (place, site), one in goes.items()),
        "weight_times_metres",
    )
    return problem


def center(metres: Floats, n_sites: int) -> pulp.LpProblem:
    """At most ``n_sites`` sites with the least distance of the farthest place (p-center, Daskin 1995)."""
    problem = pulp.LpProblem("center", pulp.LpMinimize)
    goes = _assigned(problem, metres.shape, n_sites)
    farthest = problem.add_variable("farthest", 0)
    problem += farthest, "metres_of_the_farthest"
    for place in range(metres.shape[0]):
        away = pulp.lpSum(float(metres[place, site]) * goes[place, site] for site in range(metres.shape[1]))
        problem += away <= farthest, f"place_{place}_is_no_farther"
    return problem


def sites(problem: pulp.LpProblem, n_candidates: int) -> list[int]:
    """The candidates that a solved problem opens, ascending."""
    chosen = {one.name: one.value() for one in problem.variables()}
    return [site for site in range(n_candidates) if (chosen.get(f"site_{site}") or 0) > 0.5]


def _candidates(problem: pulp.LpProblem, n_candidates: int) -> list[pulp.LpVariable]:
    return [problem.add_variable(f"site_{site}", cat=pulp.LpBinary) for site in range(n_candidates)]


def _assigned(problem: pulp.LpProblem, shape: tuple[int, ...], n_sites: int) -> dict[tuple[int, int], pulp.LpVariable]:
    """Every place to exactly one open site, at most so many of them open."""
    opened = _candidates(problem, shape[1])
    goes = {(place, site): problem.add_variable(f"place_{place}_to_{site}", 0, 1)
            for place in range(shape[0]) for site in range(shape[1])}  # fmt: skip
    problem += pulp.lpSum(opened) <= n_sites, "number_of_sites"
    for place in range(shape[0]):
        own = [goes[place, site] for site in range(shape[1])]
        problem += pulp.lpSum(own) == 1, f"place_{place}_goes_to_exactly_one"
        for site, one in enumerate(own):
            problem += one <= opened[site], f"place_{place}_to_{site}_only_if_open"
    return goes
