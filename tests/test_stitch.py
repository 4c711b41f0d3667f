"""Stitching: a vertex on a neighbour's line is put into the neighbour's ring, and nothing else changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from gridopt.units.stitch import stitched


def shapes(*polygons: shapely.Geometry) -> np.ndarray:
    return np.array(polygons, object)


def test_a_vertex_of_two_neighbours_enters_the_ring_of_the_third() -> None:
    before = shapes(box(0, 0, 10, 20), box(10, 0, 20, 7), box(10, 7, 20, 20))
    after = stitched(before)
    assert not shapely.coverage_is_valid(before)
    assert shapely.coverage_is_valid(after)
    assert (10.0, 7.0) in list(after[0].exterior.coords)
    assert after[1] is before[1]
    assert after[2] is before[2]
    assert shapely.equals(before, after).all()


def test_vertices_enter_a_line_in_their_order_along_it_and_holes_have_lines_too() -> None:
    hole = Polygon(box(0, 0, 90, 90).exterior.coords, [box(30, 30, 60, 60).exterior.coords])
    filled = [box(30, 30, 60, 37), box(30, 37, 60, 44), box(30, 44, 60, 60)]
    after = stitched(shapes(hole, *filled))
    assert shapely.coverage_is_valid(after)
    assert after[0].is_valid
    assert shapely.get_num_coordinates(after).tolist() == [14, 5, 5, 5]


def test_a_vertex_that_rounding_has_put_beside_the_line_enters_it_as_it_stands() -> None:
    beside = Polygon([(10, 0), (20, 0), (20, 7), (10 + 1e-10, 7)])
    above = Polygon([(10 + 1e-10, 7), (20, 7), (20, 20), (10, 20)])
    after = stitched(shapes(box(0, 0, 10, 20), beside, above))
    assert shapely.coverage_is_valid(after)
    assert (10 + 1e-10, 7.0) in list(after[0].exterior.coords)


def test_a_vertex_a_millimetre_off_stays_out() -> None:
    before = shapes(box(0, 0, 10, 20), Polygon([(10, 0), (20, 0), (20, 7), (10.001, 7)]))
    assert stitched(before)[0] is before[0]


def test_polygons_of_several_parts_are_left_to_the_cleaner() -> None:
    before = shapes(MultiPolygon([box(0, 0, 10, 20), box(50, 0, 60, 20)]), box(10, 0, 20, 7), box(10, 7, 20, 20))
    assert stitched(before) is before


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.integers(1, 99), max_size=5), min_size=2, max_size=5), st.floats(-3, 3))
def test_strips_cut_anywhere_become_a_coverage(cuts: list[set[int]], turn: float) -> None:
    """Strips side by side, each cut across at heights of its own, far from the origin and turned."""
    strips = []
    for place, heights in enumerate(cuts):
        levels = [0.0, *(height / 100 for height in sorted(heights)), 1.0]
        strips += [box(place, low, place + 1, high) for low, high in pairwise(levels)]
    turned = shapely.affinity.rotate(shapely.MultiPolygon(strips), turn, origin=(0, 0), use_radians=True)
    before = shapely.transform(shapely.get_parts(turned), lambda xy: xy * 300 + (4.5e5, 2.5e6))
    after = stitched(before)
    assert shapely.coverage_is_valid(after)
    assert np.allclose(shapely.area(after), shapely.area(before), rtol=1e-6)
