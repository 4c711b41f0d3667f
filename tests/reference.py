"""Slow, clear twins of the kernels, straight from the definitions; truth by full enumeration for tiny cases.

``problem_on`` poses a problem on a drawn-up graph, ``random_problem`` one on a small irregular town.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from gridopt.solvers.conditions import NEVER, Conditions, Walks
from gridopt.solvers.problem import Problem

Labels = Sequence[int]


def problem_on(
    graph: nx.Graph,
    sizes: ArrayLike,
    n_grids: int,
    *,
    xy: ArrayLike | None = None,
    low: float = 0.0,
    high: float = np.inf,
    coefficients: tuple[float, float, float] = (1.0, 0.0, 0.0),
    fixed: dict[int, int] | None = None,
    closed: Sequence[int] = (),
    exempt: Sequence[int] = (),
) -> Problem:
    """A problem on a graph with nodes 0 .. n - 1; sizes (n,) or (n, m), the bounds on the first measure.

    Nodes without ``xy`` stand on a line. Edge attribute ``cost`` counts as 1 where it is missing. ``fixed``
    gives the grid of a unit; ``closed`` grids take no inhabited unit, ``exempt`` ones have no bounds.
    """
    n = len(graph)
    weights = np.asarray(sizes, float).reshape(n, -1)
    listed = [(i, j, graph[i][j].get("cost", 1.0)) for i in range(n) for j in sorted(graph[i])]
    lows, highs = np.zeros((n_grids, weights.shape[1])), np.full((n_grids, weights.shape[1]), np.inf)
    lows[:, 0], highs[:, 0] = low, high
    lows[list(exempt)], highs[list(exempt)] = 0.0, np.inf
    held = np.full(n, -1)
    for unit, grid in (fixed or {}).items():
        held[unit] = grid
    return Problem(
        indptr=np.concatenate([[0], np.cumsum(np.bincount([i for i, _, _ in listed], minlength=n))]),
        neighbours=np.array([j for _, j, _ in listed]),
        cost=np.array([cost for _, _, cost in listed], float),
        weights=weights,
        mass=weights[:, 0],
        xy=np.column_stack([np.arange(n), np.zeros(n)]) if xy is None else np.asarray(xy, float),
        low=lows,
        high=highs,
        comfort=np.tile([weights[:, 0].sum() / n_grids * f for f in (0.95, 1.05)], (n_grids, 1)),
        target=np.full(n_grids, max(weights[:, 0].sum() / n_grids, 1.0)),
        fixed=held,
        closed=np.isin(np.arange(n_grids), list(closed)),
        coefficients=np.array(coefficients),
    )


def random_town(seed: int, n_units: int) -> tuple[nx.Graph, np.ndarray]:
    """A connected part of an irregular lattice with a few diagonals, and the places of its units."""
    rng = np.random.default_rng(seed)
    width = math.ceil(math.sqrt(n_units))
    lattice = nx.grid_2d_graph(width + 1, width + 1)
    for x, y in list(lattice):
        if rng.random() < 0.3 and (x + 1, y + 1) in lattice:
            lattice.add_edge((x, y), (x + 1, y + 1))
    kept = [(int(rng.integers(width)), int(rng.integers(width)))]
    while len(kept) < n_units:
        around = sorted({other for node in kept for other in lattice[node]} - set(kept))
        kept.append(around[int(rng.integers(len(around)))])
    graph = nx.convert_node_labels_to_integers(lattice.subgraph(kept), ordering="sorted")
    for i, j in graph.edges:
        graph[i][j]["cost"] = float(rng.integers(1, 9))
    return graph, np.array(sorted(kept)) * 100.0 + rng.uniform(-30, 30, (n_units, 2))


def random_problem(seed: int, n_units: int, n_grids: int, *, spread: float = 0.3) -> Problem:
    """All three terms and two measures on a random town; sizes within ``spread`` of the mean, some units empty."""
    graph, xy = random_town(seed, n_units)
    rng = np.random.default_rng([seed, 1])
    sizes = rng.integers(0, 10, n_units) * 10.0
    sizes[int(rng.integers(n_units))] += 10.0
    mean = sizes.sum() / n_grids
    both = np.column_stack([sizes, np.round(sizes * rng.uniform(1, 3, n_units))])
    weighed = (1e-5, 0.1, 5.0)
    return problem_on(
        graph, both, n_grids, xy=xy, low=(1 - spread) * mean, high=(1 + spread) * mean, coefficients=weighed
    )


def strict_problem(seed: int, n_units: int, n_grids: int) -> Problem:
    """A random problem with every further rule: pairs, categories, a walk, nothing enclosed, some given centres."""
    plain = random_problem(seed, n_units, n_grids)
    rng = np.random.default_rng([seed, 2])
    ends = np.array([rng.choice(n_units, 2, replace=False) for _ in range(3)])
    place = np.sort(rng.integers(0, n_units, n_units + 4))
    people = np.where(rng.random(len(place)) < 0.2, 0.0, rng.integers(1, 9, len(place)))
    xy = plain.xy[place] + rng.integers(-30, 30, (len(place), 2))
    ways = np.hypot(*(xy[:, None] - xy[None]).T) * rng.uniform(1, 2) if seed % 2 else np.empty((0, 0))
    conditions = Conditions(
        pairs=np.column_stack([ends, [1, -1, 1]]).astype(np.int32),
        categories=np.eye(3)[rng.integers(0, 3, n_units)] * rng.integers(0, 9, n_units)[:, None],
        walks=Walks(120.0, place.astype(np.int32), xy, people, ways, price=0.1),
        beside=np.array([(i, j) for i in range(n_units) for j in neighbours(plain, i) if i < j], np.int32).reshape(
            -1, 2
        ),
        outer=rng.random(n_units) < 0.3,
    )
    anchors = np.full((n_grids, 2), np.nan)
    anchors[0] = plain.xy[0]
    fixed = np.full(n_units, -1)
    return dataclasses.replace(
        plain, conditions=conditions, anchors=anchors if seed % 3 else plain.anchors, fixed=fixed
    )


def neighbours(problem: Problem, unit: int) -> dict[int, float]:
    """Neighbours of a unit and what each shared border costs."""
    row = slice(problem.indptr[unit], problem.indptr[unit + 1])
    return dict(zip(problem.neighbours[row].tolist(), problem.cost[row].tolist(), strict=True))


def members(labels: Labels, grid: int) -> list[int]:
    return [unit for unit, label in enumerate(labels) if label == grid]


def inertia(problem: Problem, units: Sequence[int]) -> float:
    """Sum of mass times squared distance to the centroid of mass."""
    mass = sum(problem.mass[u] for u in units)
    if mass == 0:
        return 0.0
    x = sum(problem.mass[u] * problem.xy[u, 0] for u in units) / mass
    y = sum(problem.mass[u] * problem.xy[u, 1] for u in units) / mass
    return float(sum(problem.mass[u] * ((problem.xy[u, 0] - x) ** 2 + (problem.xy[u, 1] - y) ** 2) for u in units))


def to_centre(problem: Problem, units: Sequence[int], grid: int) -> float:
    """Sum of mass times squared distance to the centre of a grid: the one given to it, else its centroid."""
    x, y = problem.anchors[grid]
    if math.isnan(x):
        return inertia(problem, units)
    return float(sum(problem.mass[u] * ((problem.xy[u, 0] - x) ** 2 + (problem.xy[u, 1] - y) ** 2) for u in units))


def mixture(problem: Problem, units: Sequence[int]) -> float:
    """What units bring to all categories but the leading one."""
    sums = [
        sum(problem.conditions.categories[u, c] for u in units) for c in range(problem.conditions.categories.shape[1])
    ]
    return float(sum(sums) - max(sums, default=0.0))


def longest_walk(problem: Problem, units: Sequence[int], grid: int) -> float:
    """From the place nearest the centre of a grid to its furthest place with people."""
    walks = problem.conditions.walks
    assert walks is not None
    places = [p for p in range(len(walks.unit)) if walks.unit[p] in units]
    total = sum(walks.people[p] for p in places)
    if total == 0:
        return 0.0
    centre = [sum(walks.people[p] * walks.xy[p, axis] for p in places) / total for axis in (0, 1)]
    if not math.isnan(problem.anchors[grid, 0]):
        centre = problem.anchors[grid].tolist()
    post = min(places, key=lambda p: (round(math.dist(walks.xy[p], centre), 6), p))
    way = walks.ways[post] if len(walks.ways) else [math.dist(walks.xy[post], one) for one in walks.xy]
    return max(way[p] for p in places if walks.people[p] > 0)


def is_enclosed(problem: Problem, labels: Labels, grid: int) -> bool:
    """Whether a grid has no unit at the edge and touches one other grid only."""
    if any(problem.conditions.outer[u] for u in members(labels, grid)):
        return False
    pairs = [(labels[a], labels[b]) for a, b in problem.conditions.beside.tolist()]
    around = {b for a, b in [*pairs, *(pair[::-1] for pair in pairs)] if a == grid} - {grid}
    return len(around) == 1


def breaches(problem: Problem, labels: Labels) -> float:
    """Broken pairs, missed walks and enclosed grids, each at its price."""
    conditions, total = problem.conditions, 0.0
    for a, b, sign in conditions.pairs.tolist():
        total += NEVER * ((labels[a] == labels[b]) != (sign > 0))
    for grid in range(problem.n_grids):
        if conditions.walks is not None:
            walk = longest_walk(problem, members(labels, grid), grid)
            total += conditions.walks.price * max(0.0, walk / conditions.walks.limit - 1)
        if conditions.beside is not None:
            total += NEVER * is_enclosed(problem, labels, grid)
    return total


def terms(problem: Problem, labels: Labels) -> tuple[float, float, float]:
    """Proximity, governance, size."""
    proximity = size = cut = 0.0
    for grid in range(problem.n_grids):
        inside = members(labels, grid)
        proximity += to_centre(problem, inside, grid)
        cut += mixture(problem, inside)
        households = sum(problem.weights[u, 0] for u in inside)
        least, most = problem.comfort[grid]
        size += (max(0.0, least - households, households - most) / problem.target[grid]) ** 2
    for unit in range(problem.n_units):
        for other, cost in neighbours(problem, unit).items():
            if other > unit and labels[other] != labels[unit]:
                cut += cost
    return proximity, cut, size


def violation(problem: Problem, labels: Labels) -> float:
    """Relative shortfalls and excesses, each times what it costs."""
    total = 0.0
    for grid in range(problem.n_grids):
        for j in range(problem.weights.shape[1]):
            amount = sum(problem.weights[u, j] for u in members(labels, grid))
            low, high = problem.low[grid, j], problem.high[grid, j]
            if amount < low:
                total += problem.shortfall_cost * (low - amount) / low
            if amount > high:
                total += problem.excess_cost * (amount - high) / (high or 1.0)
    return float(total) + breaches(problem, labels)


def objective(problem: Problem, labels: Labels) -> float:
    return sum(c * t for c, t in zip(problem.coefficients.tolist(), terms(problem, labels), strict=True))


def pieces(problem: Problem, units: Sequence[int]) -> list[set[int]]:
    """Connected pieces of a set of units."""
    left, found = set(units), []
    while left:
        piece, border = set(), [min(left)]
        while border:
            unit = border.pop()
            if unit in left:
                left.remove(unit)
                piece.add(unit)
                border += neighbours(problem, unit)
        found.append(piece)
    return found


def is_connected(problem: Problem, labels: Labels) -> bool:
    return all(len(pieces(problem, members(labels, grid))) == 1 for grid in range(problem.n_grids))


def stays_whole(problem: Problem, labels: Labels, unit: int) -> bool:
    """Whether all neighbours of a unit in its grid lie in one piece of the grid without it."""
    rest = [u for u in members(labels, labels[unit]) if u != unit]
    near = {u for u in neighbours(problem, unit) if labels[u] == labels[unit]}
    return not near or any(near <= piece for piece in pieces(problem, rest))


def partitions(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Every partition into connected grids; grids of the same bounds are told apart by their first unit."""

    def extended(labels: list[int], used: int) -> Iterator[tuple[int, ...]]:
        if len(labels) == problem.n_units:
            if used == problem.n_grids and is_connected(problem, labels):
                yield tuple(labels)
            return
        if problem.n_units - len(labels) < problem.n_grids - used:
            return
        for grid in range(min(used + 1, problem.n_grids)):
            yield from extended([*labels, grid], max(used, grid + 1))

    yield from extended([], 0)


def best(problem: Problem) -> tuple[float, float]:
    """(violation, objective) of the best partition into connected grids that are all bounded alike."""
    return min((round(violation(problem, one), 9), objective(problem, one)) for one in partitions(problem))


def bisection(problem: Problem, units: Sequence[int], n_parts: int) -> list[list[int]]:
    """Recursive inertial bisection of connected units, as the kernel describes it."""
    if n_parts == 1:
        return [list(units)]
    along = _projections(problem, units)
    ordered = sorted(units, key=along.__getitem__)
    sizes = {u: float(problem.weights[u, 0]) for u in units}
    if sum(sizes.values()) == 0:
        sizes = dict.fromkeys(units, 1.0)
    total, first = sum(sizes.values()), n_parts // 2
    aim = total * first / n_parts
    reached = [sum(sizes[u] for u in ordered[: i + 1]) for i in range(len(ordered))]
    cut = min(range(first, len(ordered) - (n_parts - first) + 1), key=lambda i: abs(reached[i - 1] - aim))
    low, high = _joined(problem, ordered[:cut], ordered[cut:])
    share = sum(sizes[u] for u in low) / total
    worth = max(1, n_parts - len(high), min(n_parts - 1, len(low), math.floor(n_parts * share + 0.5)))
    return bisection(problem, [u for u in ordered if u in low], worth) + bisection(
        problem, [u for u in ordered if u in high], n_parts - worth
    )


def _projections(problem: Problem, units: Sequence[int]) -> dict[int, float]:
    mass = {u: float(problem.mass[u]) for u in units}
    if sum(mass.values()) <= 0:
        mass = dict.fromkeys(units, 1.0)
    total = sum(mass.values())
    xy = (problem.xy - problem.xy.mean(axis=0)).tolist()
    x = sum(mass[u] * xy[u][0] / total for u in units)
    y = sum(mass[u] * xy[u][1] / total for u in units)
    xx = sum(mass[u] * (xy[u][0] - x) ** 2 for u in units)
    both = sum(mass[u] * (xy[u][0] - x) * (xy[u][1] - y) for u in units)
    yy = sum(mass[u] * (xy[u][1] - y) ** 2 for u in units)
    angle = 0.5 * math.atan2(2 * both, xx - yy)
    return {u: xy[u][0] * math.cos(angle) + xy[u][1] * math.sin(angle) for u in units}


def _joined(problem: Problem, low: list[int], high: list[int]) -> tuple[set[int], set[int]]:
    """Both sides, first the low one then the high one reduced to their largest piece."""
    order = {u: i for i, u in enumerate([*low, *high])}

    def largest(side: Sequence[int]) -> set[int]:
        found = pieces(problem, side)
        return max(
            found,
            key=lambda p: (sum(problem.weights[u, 0] for u in p), len(p), -min(order[u] for u in p)),
            default=set(),
        )

    everything = {*low, *high}
    kept = largest(low)
    kept_high = largest(sorted(everything - kept))
    return everything - kept_high, kept_high


def hess(problem: Problem, labels: Labels) -> float:
    """Mass times squared distance to the best centre unit of each grid."""
    total = 0.0
    for grid in range(max(labels) + 1):
        inside = members(labels, grid)
        total += min(
            sum(float(problem.mass[u] * ((problem.xy[u] - problem.xy[centre]) ** 2).sum()) for u in inside)
            for centre in inside
        )
    return total


def cheapest_share(
    xy: np.ndarray, mass: np.ndarray, weights: np.ndarray, bounds: np.ndarray, prices: np.ndarray, centre: int
) -> float:
    """The fractional knapsack of one centre as a linear program: its own unit whole, the bounds kept; inf if none."""
    from scipy.optimize import linprog

    cost = mass * ((xy - xy[centre]) ** 2).sum(axis=1) - prices
    least = np.zeros(len(cost))
    least[centre] = 1.0
    answer = linprog(
        cost,
        A_ub=[weights, -weights],
        b_ub=[bounds[1], -bounds[0]],
        bounds=np.column_stack([least, np.ones(len(cost))]),
    )
    return float(answer.fun) if answer.success else math.inf
