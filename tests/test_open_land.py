"""Empty land that could as well join a grid standing alone: bounds hold against every plan, wherever it lies."""

from collections.abc import Iterator

import numpy as np
import pytest

from gridopt.graph import UnitGraph
from gridopt.objective import Scales, coefficients, raw_terms
from gridopt.partition import Partition
from gridopt.rules import Rules
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.open_land import open_land, weightless
from gridopt.solvers.pieces import take_apart
from gridopt.solvers.solve import solve
from tests.test_pieces import line
from tests.test_solve import _labellings
from tests.towns import graph_of, town

TOWER, PARK, POND = 0, 1, 3


def graph_with(seed: int) -> UnitGraph:
    """Three rows of three units: a tower above the limit in a corner, a park and a pond beside it."""
    rng = np.random.default_rng(seed)
    households = rng.integers(140, 180, 9).astype(float)
    households[[PARK, POND]], households[TOWER] = 0.0, 900.0
    plain = graph_of(town("a a a\na a a\na a a"))
    border = rng.uniform(20, 200, len(plain.edges))
    mass = np.where(households > 0, households, 25.0)
    return UnitGraph.from_arrays(
        households, plain.edges, xy=plain.xy, border=border, cost=border, measures=("households",), mass=mass
    )


def every_plan(graph: UnitGraph, k: int) -> Iterator[np.ndarray]:
    """Plans of k grids: the tower's holds nobody else, all others are within bounds, all connected."""
    for labels in map(np.array, _labellings(9, k)):
        sizes = np.bincount(labels, graph.weights[:, 0], k)
        others = np.delete(sizes, labels[TOWER])
        if sizes[labels[TOWER]] > 900 or others.min() < 300 or others.max() > 500:
            continue
        if (Partition(graph, labels.astype(np.int32)).n_pieces() == 1).all():
            yield labels


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_is_below_the_bound_wherever_the_land_lies(seed) -> None:
    graph, rules = graph_with(seed), Rules()
    solution = solve(graph, rules, bindings=Bindings.none(9), effort=Effort.named("quick"))
    part = solution.parts.iloc[0]
    scales = Scales(part["proximity_scale"], part["governance_scale"], part["size_scale"])
    exempt = np.zeros(solution.partition.n_grids, bool)
    plans = list(every_plan(graph, solution.partition.n_grids))
    assert any(labels[TOWER] in (labels[PARK], labels[POND]) for labels in plans)
    costs = []
    for labels in plans:
        exempt[:] = False
        exempt[labels[TOWER]] = True
        raw = raw_terms(graph, labels.astype(np.int32), rules, exempt=exempt)
        costs.append(float(raw @ coefficients(rules, scales)))
    assert 0.5 * solution.objective < solution.bound <= min(costs) + 1e-9
    assert solution.objective >= min(costs) - 1e-9


def test_land_is_open_as_far_as_it_reaches_without_people() -> None:
    community = line([300, 0, 0, 900, 0, 200, 0, 300])
    land = open_land(community, take_apart(community))
    assert np.flatnonzero(land).tolist() == [1, 2, 4]


def test_land_that_a_measure_counts_is_not_weightless() -> None:
    graph = graph_with(0)
    land = np.isin(np.arange(9), [PARK])
    bare = weightless(graph, land)
    assert bare.mass[PARK] == 0
    assert (bare.cost[(graph.edges == PARK).any(axis=1)] == 0).all()
    assert weightless(graph, np.isin(np.arange(9), [PARK, TOWER])) is None
