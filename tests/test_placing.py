"""Labels on map sheets: never over another, never over the border of what they name, the same every time."""

import numpy as np
import shapely

from gridopt.publish.sheets.paper import Type
from gridopt.publish.sheets.placing import Form, Taken, Wish, along, inside_points, label_boxes, place

LETTERS = Type(8)


def measure(text, kind):
    """Letters of 2 by 3 millimetres."""
    lines = text.split("\n")
    return 2.0 * max(map(len, lines)), 3.0 * len(lines)


def sheet(*taken):
    found = Taken(shapely.box(0, 0, 100, 60))
    for one in taken:
        found.add(one)
    return found


def wish(*texts, places, inside=None, spare=None):
    return Wish([Form(text, LETTERS) for text in texts], np.array(places, float), inside, "", spare)


def test_the_first_free_place_is_taken():
    stands = shapely.box(10, 10, 20, 20)
    found = place(wish("abc", places=[(15, 15, 0), (24, 15, 0), (50, 15, 0)]), sheet(stands), measure)
    assert (found.x, found.y) == (24, 15)


def test_a_place_once_taken_is_free_no_more():
    taken = sheet()
    first, second = (place(wish("abc", places=[(50, 30, 0)]), taken, measure) for _ in range(2))
    assert first is not None
    assert second is None


def test_a_turned_label_takes_the_ground_under_it_and_not_its_bounding_box():
    taken = sheet()
    assert place(wish("a" * 15, places=[(50, 30, 45)]), taken, measure) is not None
    assert place(wish("a", places=[(41, 39, 0)]), taken, measure) is not None
    assert place(wish("a", places=[(58, 38, 0)]), taken, measure) is None


def test_what_does_not_fit_inside_is_written_shorter():
    house = shapely.box(10, 10, 17, 16)
    found = place(wish("第一网格", "一", places=inside_points(house), inside=house), sheet(), measure)
    assert found.form.text == "一"
    assert shapely.covers(house, label_boxes(np.array([[found.x, found.y, 0]]), *measure("一", LETTERS))[0])


def test_nothing_is_written_over_the_rim_of_the_map():
    assert place(wish("abc", places=[(1, 30, 0), (99, 30, 0), (50, 1, 0)]), sheet(), measure) is None


def test_of_free_places_the_one_that_covers_fewest_buildings_is_best():
    houses = np.array([shapely.box(8, 8, 12, 12), shapely.box(38, 8, 42, 12), shapely.box(39, 11, 43, 14)])
    found = place(wish("ab", places=[(40, 10, 0), (10, 10, 0)], spare=houses), sheet(), measure)
    assert found.x == 10


def test_the_roomiest_point_of_an_area_comes_first():
    bottle = shapely.union_all([shapely.box(0, 0, 30, 30), shapely.box(30, 13, 90, 17)])
    x, y, angle = inside_points(bottle)[0]
    assert 10 < x < 20
    assert 10 < y < 20
    assert angle == 0


def test_names_run_along_a_line_and_are_never_upside_down():
    line = shapely.LineString([(90, 10), (10, 50)])
    places = along(line, 12)
    assert len(places)
    assert ((places[:, 2] > -91) & (places[:, 2] <= 90)).all()
    assert np.allclose(shapely.distance(line, shapely.points(places[:, :2])), 0)
    assert np.allclose(places[:, 2], -np.degrees(np.arctan2(40, 80)), atol=0.01)


def test_no_name_is_bent_around_a_corner_or_longer_than_its_line():
    corner = shapely.LineString([(10, 10), (20, 10), (20, 20)])
    assert len(along(corner, 19)) == 0
    assert len(along(shapely.LineString([(0, 0), (5, 0)]), 6)) == 0
