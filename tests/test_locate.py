from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.errors import TableError
from gridopt.locate import locate

CRS = "EPSG:4549"
ORIGIN = np.array([500_000.0, 3_520_000.0])
WANHUA = Path(__file__).parents[2] / "shared" / "data" / "gis" / "taipei_wanhua"


def place(*xy):
    return shapely.Point(*(ORIGIN + xy))


def points(*xys):
    return gpd.GeoSeries([place(*xy) for xy in xys], crs=CRS)


@pytest.fixture
def two_grids():
    """Two squares of 100 m that share the line x = 100; the one of the higher code comes first."""
    west, east = (shapely.box(*place(x, 0).coords[0], *place(x + 100, 100).coords[0]) for x in (0, 100))
    return gpd.GeoDataFrame({"grid_code": ["002", "001"]}, geometry=[west, east], crs=CRS)


def test_a_point_inside_has_its_grid_and_no_distance(two_grids):
    found = locate(two_grids, points((50, 50), (150, 50)))
    assert found["grid_code"].tolist() == ["002", "001"]
    assert found["nearest_code"].tolist() == ["002", "001"]
    assert found["distance_m"].tolist() == [0, 0]


def test_a_point_outside_has_no_grid_but_the_nearest_and_its_metres(two_grids):
    found = locate(two_grids, points((-30, 50), (203, 104)))
    assert found["grid_code"].isna().all()
    assert found["nearest_code"].tolist() == ["002", "001"]
    assert np.allclose(found["distance_m"], [30, 5])


def test_a_point_on_a_border_takes_the_lowest_code(two_grids):
    assert locate(two_grids, points((100, 50)))["grid_code"].tolist() == ["001"]


def test_a_point_as_near_to_two_grids_takes_the_lowest_code(two_grids):
    found = locate(two_grids, points((100, 120)))
    assert found["nearest_code"].tolist() == ["001"]
    assert found["distance_m"].tolist() == [20]


def test_missing_and_empty_points_are_null_rows_on_the_points_own_index(two_grids):
    given = gpd.GeoDataFrame(
        {"who": list("abc")}, geometry=[None, shapely.Point(), place(50, 50)], index=["x", "y", "y"], crs=CRS
    )
    found = locate(two_grids, given)
    assert found.index.tolist() == ["x", "y", "y"]
    assert found["grid_code"].isna().tolist() == [True, True, False]
    assert found["nearest_code"].isna().tolist() == [True, True, False]
    assert found["distance_m"].isna().tolist() == [True, True, False]


def test_a_point_that_cannot_be_reprojected_is_a_null_row(two_grids):
    found = locate(two_grids, gpd.GeoSeries([shapely.Point(np.inf, np.inf), place(1, 1)], crs=CRS))
    assert found["nearest_code"].isna().tolist() == [True, False]


def test_points_in_another_crs_are_reprojected(two_grids):
    given = points((50, 50), (150, 50), (-30, 50))
    found = locate(two_grids, given.to_crs(4326))
    assert found["nearest_code"].tolist() == ["002", "001", "002"]
    assert np.allclose(found["distance_m"], [0, 0, 30], atol=1e-3)


def test_distances_are_metres_where_grids_are_in_degrees_or_in_web_mercator(two_grids):
    given = points((-30, 50), (50, 50))
    for crs in (4326, 3857):
        found = locate(two_grids.to_crs(crs), given)
        assert found["grid_code"].isna().tolist() == [True, False]
        assert np.allclose(found["distance_m"], [30, 0], rtol=1e-3)


def test_grid_code_may_be_the_index_and_codes_become_text(two_grids):
    indexed = two_grids.assign(grid_code=[12, 7]).set_index("grid_code")
    assert locate(indexed, points((50, 50), (100, 50)))["grid_code"].tolist() == ["12", "12"]


def test_no_grids_and_no_points_are_tables_without_answers(two_grids):
    assert locate(two_grids.iloc[:0], points((0, 0)))["nearest_code"].isna().all()
    nobody = locate(two_grids, points())
    assert len(nobody) == 0
    assert nobody.columns.tolist() == ["grid_code", "nearest_code", "distance_m"]


def test_the_order_of_grids_does_not_matter(two_grids):
    given = points((50, 50), (100, 50), (100, 120), (-5, -5))
    pd.testing.assert_frame_equal(locate(two_grids, given), locate(two_grids.iloc[::-1], given))


def test_the_answer_is_that_of_a_naive_loop():
    rng = np.random.default_rng(5)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(ORIGIN + rng.uniform(0, 1000, (60, 2)))))
    cells = cells[rng.random(len(cells)) < 0.7]
    codes = [f"{i:03d}" for i in rng.permutation(len(cells))]
    grids = gpd.GeoDataFrame({"grid_code": codes}, geometry=cells, crs=CRS)
    corners = shapely.get_coordinates(cells)[:40]
    xy = np.vstack([ORIGIN + rng.uniform(-300, 1300, (400, 2)), corners])
    found = locate(grids, gpd.GeoSeries.from_xy(*xy.T, crs=CRS))
    for point, row in zip(shapely.points(xy), found.itertuples(), strict=True):
        distances = sorted((shapely.distance(cell, point), code) for cell, code in zip(cells, codes, strict=True))
        metres, code = distances[0]
        assert row.nearest_code == code
        assert row.distance_m == pytest.approx(metres)
        assert pd.isna(row.grid_code) if metres > 0 else row.grid_code == code


def test_grids_without_a_crs_a_code_or_a_geometry_are_refused(two_grids):
    given = points((0, 0))
    with pytest.raises(TableError, match="no CRS"):
        locate(two_grids.set_crs(None, allow_override=True), given)
    with pytest.raises(TableError, match="points have no CRS"):
        locate(two_grids, gpd.GeoSeries([place(0, 0)]))
    with pytest.raises(TableError, match="grid_code"):
        locate(two_grids.drop(columns="grid_code"), given)
    with pytest.raises(TableError, match="1 rows lack a code"):
        locate(two_grids.assign(grid_code=["001", None]), given)
    with pytest.raises(TableError, match="must be a GeoDataFrame"):
        locate(two_grids, [(0, 0)])


def test_shapes_that_are_no_points_are_refused_with_what_to_do(two_grids):
    with pytest.raises(TableError, match="representative_point") as caught:
        locate(two_grids, gpd.GeoSeries([place(0, 0), place(0, 0).buffer(1)], crs=CRS))
    assert "Polygon" in caught.value.text("zh")


@pytest.mark.skipif(not WANHUA.exists(), reason="real layers are not here")
def test_every_base_area_of_wanhua_holds_its_own_inner_point():
    areas = gpd.read_file(next(WANHUA.glob("*.gpkg")), layer="base_areas")
    areas = areas.assign(grid_code=areas["CODEBASE"].astype(str))
    found = locate(areas, areas.representative_point())
    assert found["grid_code"].tolist() == areas["grid_code"].tolist()
    assert (found["distance_m"] == 0).all()
