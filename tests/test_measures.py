"""The ruler of grids, on shapes and labels measured by eye."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from gridopt import measures

SQUARE = shapely.box(0, 0, 100, 100)
STRIP = shapely.box(0, 0, 300, 40)
DISC = shapely.Point(0, 0).buffer(50, quad_segs=32)
DUMBBELL = shapely.union_all([SQUARE, shapely.box(100, 45, 150, 55), shapely.box(150, 0, 250, 100)])
SPURRED = shapely.union_all([SQUARE, shapely.box(100, 45, 110, 55), shapely.box(110, 40, 130, 60)])
ELL = shapely.union_all([shapely.box(0, 0, 100, 30), shapely.box(0, 0, 30, 100)])
RING = shapely.box(0, 0, 100, 100) - shapely.box(20, 20, 80, 80)
TWO_PARTS = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)])


def test_only_borders_between_two_grids_count_and_for_both():
    edges, metres = [(0, 1), (1, 2), (2, 3), (0, 3)], [10.0, 20.0, 40.0, 80.0]
    assert_allclose(measures.border_metres([0, 0, 1, 1], edges, metres=metres), [100, 100])
    assert_allclose(measures.border_metres([0, 1, 2, 2], edges, metres=metres), [90, 30, 100])


def test_a_share_of_border_is_by_length_and_0_without_border():
    edges, metres, is_open = [(0, 1), (1, 2), (0, 1)], [10.0, 30.0, 30.0], [True, False, False]
    assert_allclose(measures.border_share([0, 1, 1, 2], edges, metres=metres, chosen=is_open), [0.25, 0.25, 0])
    assert_allclose(measures.border_share([0, 0, 0], edges, metres=metres, chosen=is_open), [0])


def test_without_borders_every_grid_has_0_metres():
    assert_allclose(measures.border_metres([0, 1], [], metres=[]), [0, 0])


def test_the_centre_is_the_unit_nearest_the_weighted_centroid():
    xy = [(0, 0), (100, 0), (200, 0), (900, 900)]
    assert measures.centre_units([0, 0, 0, 1], [1, 1, 1, 5], xy=xy).tolist() == [1, 3]
    assert measures.centre_units([0, 0, 0, 1], [0, 1, 9, 5], xy=xy).tolist() == [2, 3]


def test_of_two_equally_near_units_the_first_is_the_centre():
    # Far from the origin, where the last bits of the two distances differ.
    xy = np.add([(0, 0), (100, 0)], (490_000.1, 3_520_000.7))
    assert measures.centre_units([0, 0], [1, 1], xy=xy).tolist() == [0]


def test_a_grid_without_people_has_a_centre_and_no_walk():
    mean, longest = measures.walks([0, 0, 0], [0, 0, 0], xy=[(0, 0), (100, 0), (200, 0)])
    assert (mean.tolist(), longest.tolist()) == ([0], [0])
    assert measures.centre_units([0, 0, 0], [0, 0, 0], xy=[(0, 0), (100, 0), (200, 0)]).tolist() == [1]


def test_walks_go_from_the_centre_to_units_with_people_only():
    xy = [(0, 0), (100, 0), (200, 0), (1000, 0)]
    mean, longest = measures.walks([0, 0, 0, 0], [1, 2, 1, 0], xy=xy)
    assert_allclose(mean, [50])
    assert_allclose(longest, [100])


def test_polsby_popper_is_1_for_a_disc_and_known_for_a_square():
    assert_allclose(measures.polsby_popper([DISC, SQUARE]), [1, np.pi / 4], atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "width"),
    [(SQUARE, 100), (STRIP, 40), (DISC, 100), (DUMBBELL, 10), (SPURRED, 100), (ELL, 30), (RING, 20)],
    ids=["square", "strip", "disc", "dumbbell", "spurred", "ell", "ring"],
)
def test_the_neck_is_the_width_that_holds_a_grid_together(shape, width):
    resolution = 2 * np.sqrt(shape.area / np.pi) / 2**measures.NECK_STEPS
    assert measures.neck_widths([shape])[0] == pytest.approx(width, abs=2.5 * resolution)


def test_a_grid_of_two_parts_has_no_neck():
    assert measures.neck_widths([TWO_PARTS]).tolist() == [0]


def test_a_label_point_lies_well_inside_even_a_bent_grid():
    for shape in (SQUARE, ELL, RING, TWO_PARTS):
        x, y = measures.label_points([shape])[0]
        assert shape.contains(shapely.Point(x, y))
        assert shape.boundary.distance(shapely.Point(x, y)) > 2
    assert_allclose(measures.label_points([SQUARE]), [[50, 50]], atol=2)


def test_measures_take_no_grids_at_all():
    assert len(measures.neck_widths([])) == len(measures.label_points([])) == len(measures.polsby_popper([])) == 0
    assert len(measures.walks([], [], xy=np.empty((0, 2)))[0]) == 0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_walks_do_not_hang_on_the_order_of_units(labels, random):
    label = np.unique(labels, return_inverse=True)[1]
    # Off any lattice: of two units equally near the centre the first counts, whatever else is shuffled.
    points = np.array([(random.uniform(0, 1000) + i**0.5, random.uniform(0, 1000) + i**0.7) for i in range(len(label))])
    weights = np.array([random.choice([0.0, 1.0, 7.5]) for _ in label])
    order = np.array(random.sample(range(len(label)), len(label)))
    mean, longest = measures.walks(label, weights, xy=points)
    again, longest_again = measures.walks(label[order], weights[order], xy=points[order])
    assert_allclose(mean, again, atol=1e-6)
    assert_allclose(longest, longest_again, atol=1e-6)
    assert (mean <= longest + 1e-6).all()
