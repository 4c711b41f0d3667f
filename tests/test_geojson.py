"""grids.geojson by RFC 7946: degrees, right-hand rings, ids, and borders that stay shared."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridopt.contracts import GRIDS
from gridopt.publish.geojson import grid_features, rounded
from tests.folders import full_plan


def collection(plan: Any = None) -> dict[str, Any]:
    grids = (full_plan() if plan is None else plan).grids.reset_index()
    return json.loads(grid_features(grids), parse_constant=pytest.fail)  # type: ignore[no-any-return]


def test_members_ids_and_properties_are_those_of_the_contract() -> None:
    features = collection()
    assert set(features) == {"type", "features"}
    assert [one["id"] for one in features["features"]] == [
        "320411001101001",
        "320411001101002",
        "320411001101003",
        "320411001102001",
    ]
    for one in features["features"]:
        assert list(one["properties"]) == [name for name in GRIDS if name != "geometry"]
        assert one["id"] == one["properties"]["grid_code"]
        assert isinstance(one["properties"]["seq"], int)
    assert "测试镇" not in json.dumps(features, ensure_ascii=False)


def test_rings_are_right_handed_and_have_at_most_seven_decimals() -> None:
    plan = full_plan()
    hole = shapely.box(*shapely.buffer(shapely.centroid(plan.grids.geometry.iloc[0]), 20).bounds)
    shapes = plan.grids.geometry.to_numpy().copy()
    shapes[0] = shapely.difference(shapes[0], hole)
    grids = plan.grids.set_geometry(gpd.GeoSeries(shapes, plan.grids.index, crs=plan.grids.crs)).reset_index()
    text = grid_features(grids).decode()
    for one in json.loads(text, parse_float=str)["features"]:
        for ring in one["geometry"]["coordinates"]:
            for value in (value for point in ring for value in point):
                assert len(value.partition(".")[2]) <= 7
    first = shapely.geometry.shape(json.loads(text)["features"][0]["geometry"])
    assert first.exterior.is_ccw
    assert len(first.interiors) == 1
    assert not first.interiors[0].is_ccw


def test_a_number_that_is_none_is_null() -> None:
    plan = full_plan()
    grids = plan.grids.assign(neck_m=np.nan, deviation=np.inf).reset_index()
    first = json.loads(grid_features(grids), parse_constant=pytest.fail)["features"][0]["properties"]
    assert first["neck_m"] is None
    assert first["deviation"] is None


def test_shapes_lie_within_five_centimetres_of_the_plan() -> None:
    plan = full_plan()
    shapes = [shapely.geometry.shape(one["geometry"]) for one in collection(plan)["features"]]
    back = gpd.GeoSeries(shapes, crs="EPSG:4326").to_crs(plan.grids.crs).to_numpy()
    assert shapely.hausdorff_distance(back, plan.grids.geometry.to_numpy()).max() < 0.02


def voronoi_grids(seed: int, n: int) -> gpd.GeoSeries:
    """A noded coverage of ``n`` cells with skew borders, in metres."""
    points = shapely.multipoints(
        np.random.default_rng(seed).uniform((490_000, 3_520_000), (493_000, 3_523_000), (n, 2))
    )
    frame = shapely.box(490_000, 3_520_000, 493_000, 3_523_000)
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    return gpd.GeoSeries(shapely.coverage_clean(shapely.intersection(cells, frame)), crs="EPSG:4549")


@pytest.mark.parametrize("seed", range(5))
def test_shared_borders_stay_shared_vertex_by_vertex(seed: int) -> None:
    exact = voronoi_grids(seed, 120)
    assert shapely.coverage_is_valid(exact.to_numpy())
    shapes = rounded(exact.to_crs("EPSG:4326"))
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)


def test_a_ring_folded_by_rounding_is_mended_and_its_neighbour_with_it() -> None:
    """A slit of 2 mm in the left square's east side is narrower than the last decimal of a degree."""
    x, y = 490_000.0, 3_520_000.0
    slit = [(x + 100, y + 50.001), (x + 20, y + 50.0015), (x + 60, y + 50.0021), (x + 100, y + 50.003)]
    left = shapely.Polygon([(x, y), (x + 100, y), *slit, (x + 100, y + 100), (x, y + 100)])
    right = shapely.difference(shapely.box(x, y, x + 200, y + 100), left)
    coverage = gpd.GeoSeries(shapely.coverage_clean([left, right]), crs="EPSG:4549")
    folded = shapely.transform(coverage.to_crs("EPSG:4326").to_numpy(), lambda points: np.round(points, 7))
    assert not shapely.is_valid(folded).all()
    shapes = rounded(coverage.to_crs("EPSG:4326"))
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapely.union_all(shapes)) == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)
    points = shapely.get_coordinates(shapes)
    assert np.array_equal(points, np.round(points, 7))


def test_the_same_grids_in_another_order_of_vertices_give_the_same_bytes() -> None:
    plan = full_plan()
    turned = plan.grids.set_geometry(plan.grids.geometry.reverse())
    assert grid_features(turned.reset_index()) == grid_features(plan.grids.reset_index())


def test_grids_that_end_at_180_degrees_stay_on_their_side() -> None:
    side = "+proj=tmerc +lat_0=-16 +lon_0=180 +ellps=WGS84 +units=m"
    for box in (shapely.box(-400, 0, 0, 300), shapely.box(0, 0, 400, 300)):
        rows = full_plan().grids.reset_index().iloc[:1]
        grids = gpd.GeoDataFrame(rows.drop(columns="geometry"), geometry=[box], crs=side)
        (written,) = json.loads(grid_features(grids))["features"]
        west, _, east, _ = shapely.geometry.shape(written["geometry"]).bounds
        assert 0.003 < east - west < 0.004
