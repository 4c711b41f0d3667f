import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from gridopt.coordinates import centre_of, crs_name, metric_crs, on_one_side, parse_crs, require_metric
from gridopt.errors import RuleError, TableError


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (119.9, 31.8, 4549),  # Changzhou, central meridian 120 E
        (117.3, 34.2, 4548),  # Xuzhou, 117 E
        (112.7, 32.1, 4547),  # Zaoyang: 112.7 lies nearer to 114 than to 111
        (110.9, 32.1, 4546),
        (121.497, 25.03, 4549),  # Wanhua, just west of the half-way line at 121.5
        (121.5, 25.03, 4550),  # half-way takes the eastern zone
        (73.5, 39.0, 4534),
        (135.9, 48.0, 4554),
        (9.5, 47.1, 32632),  # Liechtenstein: UTM zone 32 north
        (151.2, -33.9, 32756),
        (180.0, 10.0, 32660),
    ],
)
def test_the_zone_is_the_one_a_surveyor_would_take(longitude, latitude, code):
    assert metric_crs(longitude, latitude).to_epsg() == code


def test_the_central_meridian_is_never_more_than_a_degree_and_a_half_away_in_china():
    for tenths in range(735, 1360, 7):
        zone = metric_crs(tenths / 10, 35)
        meridian = zone.coordinate_operation.params[1].value
        assert abs(meridian - tenths / 10) <= 1.5 + 1e-9


def test_a_place_without_a_zone_is_refused_with_what_to_write():
    with pytest.raises(TableError, match=r'\[city\] crs = "EPSG'):
        metric_crs(-10, 88)


def test_a_metric_projection_is_accepted_as_it_is():
    assert require_metric(pyproj.CRS("EPSG:3826"), "[city]").to_epsg() == 3826


@pytest.mark.parametrize(
    ("code", "reason"), [("EPSG:4326", "degrees"), ("EPSG:2232", "foot"), ("EPSG:3857", "overstates areas")]
)
def test_a_crs_that_does_not_count_true_metres_is_refused_with_its_reason(code, reason):
    with pytest.raises(RuleError, match=reason) as caught:
        require_metric(pyproj.CRS(code), "[city]")
    assert "[city]" in caught.value.text("zh")


def test_an_unknown_crs_is_answered_with_how_to_write_one():
    with pytest.raises(RuleError, match='crs = "EPSG:4549"'):
        parse_crs("Beijing", "[layers.roads]")


def test_a_crs_is_named_by_its_authority():
    assert crs_name(pyproj.CRS("EPSG:4549")) == "EPSG:4549"
    assert crs_name(pyproj.CRS.from_wkt(pyproj.CRS("EPSG:3826").to_wkt())) == "EPSG:3826"


def test_a_city_with_latitude_first_is_told_to_exchange_its_axes():
    with pytest.raises(TableError, match=r"seem exchanged.*Swap X and Y") as caught:
        metric_crs(43.8, 87.6)
    assert "经纬度疑似颠倒" in caught.value.text("zh")


@pytest.mark.parametrize(("west", "east", "middle"), [(179.8, 180, 179.9), (-180, -179.8, -179.9)])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32760", "EPSG:32701"])
def test_a_city_may_end_at_180_degrees(west, east, middle, crs):
    town = gpd.GeoSeries([shapely.box(west, -16.6, east, -16.4)], crs="EPSG:4326").to_crs(crs)
    assert centre_of(town.to_numpy(), crs)[0] == pytest.approx(middle, abs=1e-4)


@pytest.mark.parametrize("side", [1, -1])
def test_longitudes_of_180_degrees_take_the_side_of_the_city(side):
    points = np.array([[179.9 * side, -16.0], [180, -16], [-180, -16], [-180 + 1e-9, -16.1]])
    assert on_one_side(points)[:, 0].tolist() == [179.9 * side, 180 * side, 180 * side, 180 * side]


@pytest.mark.parametrize("code", ["EPSG:4978", "EPSG:5773"])
def test_a_city_is_not_drawn_in_a_system_that_is_no_map(code):
    with pytest.raises(RuleError, match="is no map's"):
        require_metric(pyproj.CRS(code), "[city]")
