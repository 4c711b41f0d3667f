"""The bound of borders by distances: below the optimum of full enumeration, and at it where the program ends."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridopt as go
from gridopt.solvers.spectral import cut_bound
from gridopt.solvers.spreading import spread_bound
from tests.reference import partitions, problem_on, random_problem, terms, violation


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n_units=st.integers(4, 8), n_grids=st.integers(2, 3), proving=st.booleans())
def test_no_plan_has_cheaper_borders_than_the_bound(seed, n_units, n_grids, proving) -> None:
    problem = random_problem(seed, n_units, n_grids, spread=0.5)
    plans = [one for one in partitions(problem) if violation(problem, one) == 0]
    if not plans:
        return
    best = min(terms(problem, one)[1] for one in plans)
    assert spread_bound(problem, 1.2 * best + 1, proving=proving) <= best * (1 + 1e-9)


def lattice(wide: int, high: int, n_grids: int, least: float, most: float):
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(wide, high), ordering="sorted")
    return problem_on(network, np.ones(wide * high), n_grids, low=least, high=most, coefficients=(0.0, 1.0, 0.0))


def test_the_middle_of_a_lattice_is_proved_to_be_the_cheapest_cut() -> None:
    assert spread_bound(lattice(8, 4, 2, 16, 16), 4.0, proving=True) == 4.0


def test_four_quarters_of_a_square_are_bounded_far_better_than_by_eigenvalues() -> None:
    """Six by six units in quarters of nine: two lines of six edges."""
    problem = lattice(6, 6, 4, 9, 9)
    assert spread_bound(problem, 12.0) >= 8.0
    assert spread_bound(problem, 12.0) > cut_bound(problem, 12.0)
    assert spread_bound(problem, 12.0, proving=True) >= spread_bound(problem, 12.0)


def test_nothing_is_bounded_where_one_grid_may_hold_all() -> None:
    assert spread_bound(lattice(3, 3, 2, 0, 9), 2.0) == pytest.approx(0.0)


def test_fewest_cut_edges_of_a_small_town_are_proved() -> None:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(12, 5), ordering="sorted")
    xy = [(100.0 * x, 100.0 * y) for x in range(12) for y in range(5)]
    graph = go.UnitGraph.from_arrays(np.ones(60), list(network.edges), xy=xy)
    solution = go.partition_graph(graph, k=3, tolerance=0.1, objective="cut_edges", effort="quick", prove=True)
    assert solution.status == "optimal"
    assert solution.bound == pytest.approx(solution.objective)
