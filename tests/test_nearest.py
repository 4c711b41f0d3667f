"""Many polygons cut at once: the same faces as one after the other."""

import numpy as np
import shapely

from gridopt.units.nearest import divided, divided_all


def test_polygons_cut_together_fall_into_the_same_faces_as_each_by_itself() -> None:
    ring = shapely.box(300, 0, 400, 100).difference(shapely.box(340, 40, 360, 60))
    areas = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), ring], object)
    cross = [shapely.LineString([(50, -10), (50, 110)]), shapely.LineString([(-10, 50), (110, 50)])]
    lines = [
        np.array(cross, object),
        np.empty(0, object),
        np.array([shapely.LineString([(290, 50), (410, 50)])], object),
    ]
    faces, place = divided_all(areas, lines)
    assert place.tolist() == [0, 0, 0, 0, 1, 2, 2]
    for number, area in enumerate(areas):
        alone = {shape.normalize().wkb for shape in divided(area, lines[number])}
        assert {shape.normalize().wkb for shape in faces[place == number]} == alone
