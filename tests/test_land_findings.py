"""Strips of empty land that hold a grid together."""

import numpy as np

from gridopt.graph import UnitGraph
from gridopt.solvers.land_findings import thin_strips


def across(first: float, second: float, households=(200, 0, 200)) -> UnitGraph:
    """Three units in a row and the metres of border between them."""
    return UnitGraph.from_arrays(
        np.array(households, float), [(0, 1), (1, 2)], xy=[(0, 0), (1, 0), (2, 0)], border=[first, second]
    )


ONE_GRID = np.zeros(3, np.int32)


def test_two_halves_joined_by_a_strip_are_listed_with_its_width() -> None:
    assert thin_strips(across(80, 12), ONE_GRID, 30) == {0: 12}
    assert thin_strips(across(20, 25), ONE_GRID, 30) == {0: 20}


def test_a_park_between_two_halves_is_no_strip() -> None:
    assert thin_strips(across(80, 60), ONE_GRID, 30) == {}


def test_people_along_the_way_make_it_a_way() -> None:
    assert thin_strips(across(12, 12, households=(200, 5, 200)), ONE_GRID, 30) == {}


def test_empty_land_at_the_edge_of_a_grid_holds_nothing_together() -> None:
    assert thin_strips(across(12, 12, households=(200, 100, 0)), ONE_GRID, 30) == {}


def test_a_grid_in_pieces_is_another_matter() -> None:
    assert thin_strips(across(12, 12), np.array([0, 1, 0], np.int32), 30) == {}


def test_borders_that_are_not_known_say_nothing() -> None:
    graph = UnitGraph.from_arrays([200.0, 0, 200], [(0, 1), (1, 2)], xy=np.zeros((3, 2)))
    assert thin_strips(graph, ONE_GRID, 30) == {}
