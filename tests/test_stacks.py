"""Footprints on common ground, and what the cells of units make of them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import box

from gridopt.city import City
from gridopt.units import make_units
from gridopt.units.stacks import stacked
from tests.test_units import check_tiling, frame

HALL, TOWER, HOUSE = box(0, 0, 60, 40), box(5, 5, 25, 25), box(100, 0, 120, 20)


def labels_of(shapes: list[shapely.Geometry], sizes: list[float], limit: float = 40.0) -> list[int]:
    return stacked(np.array(shapes, object), np.array(sizes), np.full(len(sizes), limit))[1].tolist()


def test_a_hall_goes_with_the_tower_on_it_and_a_house_stays_alone() -> None:
    assert labels_of([HALL, TOWER, HOUSE], [5.0, 90.0, 30.0]) == [0, 0, 2]


def test_towers_that_are_units_by_themselves_do_not_go_together_over_their_hall() -> None:
    """The hall goes with the one that stands on more of its ground; both have all of theirs on it."""
    towers = [TOWER, box(30, 5, 55, 30)]
    one, *rest = labels_of([HALL, *towers], [5.0, 90.0, 90.0])
    assert rest[0] != rest[1]
    assert one in rest


def test_houses_whose_walls_overlap_a_little_are_drawn_apart_and_the_smaller_gives_way() -> None:
    large, small = box(0, 0, 30, 20), box(28, 0, 48, 20)
    shapes, labels = stacked(np.array([small, large], object), np.array([30.0, 30.0]), np.full(2, 40.0))
    assert labels.tolist() == [0, 1]
    assert shapes[1].equals(large)
    assert shapes[0].equals(box(30, 0, 48, 20))


def test_a_footprint_drawn_twice_and_points_are_left_as_they_are() -> None:
    given = np.array([HOUSE, HOUSE, shapely.Point(110, 10)], object)
    shapes, labels = stacked(given, np.array([100.0, 100.0, 1.0]), np.full(3, 40.0))
    assert shapely.equals(shapes, given).all()
    assert len(np.unique(labels)) == 3


def test_no_footprint_is_cut_by_the_units_of_a_dense_row_of_houses() -> None:
    """Houses of different widths wall to wall, two rows 1 m apart: borders run along the walls."""
    west = np.cumsum([0, 14, 11, 17, 9, 13, 16, 12, 10])
    rows = [(0.0, 0), (21.0, 6)]
    houses = [
        box(x + shift, y, x + shift + w, y + 20) for y, shift in rows for x, w in zip(west, np.diff(west), strict=False)
    ]
    land = frame({"A": box(-20, -20, 140, 60)}).assign(households=[640.0], residents=[1600.0])
    buildings = frame({f"h{i:02d}": house for i, house in enumerate(houses)})
    units = make_units(City.from_tables(land, buildings=buildings))
    check_tiling(units, land)
    assert len(units) > 8
    held = shapely.area(shapely.intersection(units.geometry.to_numpy()[:, None], np.array(houses, object)[None, :]))
    assert (held.max(axis=0) > 0.95 * shapely.area(houses)).all()


def test_a_unit_of_a_large_building_does_not_swallow_the_small_ones_around_it() -> None:
    around = [box(x, y, x + 12, y + 12) for x, y in ((0, 0), (0, 90), (110, 0), (110, 90), (55, 100))]
    buildings = frame({f"b{i}": shape for i, shape in enumerate([box(30, 30, 90, 70), *around])})
    counts = [340.0, 9, 8, 7, 8, 9]
    land = frame({"A": box(-10, -10, 130, 120)})
    units = make_units(City.from_tables(land, buildings=buildings.assign(households=counts)))
    assert sorted(units["households"]) == sorted(counts)
