"""Where a layer lies: declared offsets, control points, proposals for a missing CRS, layers that lie shifted."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from gridopt.cli.main import main
from gridopt.coordinates import crs_name, from_offset, to_offset
from gridopt.errors import RuleError, TableError
from gridopt.read.angles import parse_angles
from gridopt.read.candidates import Candidate, candidates, described
from gridopt.read.control_points import read_tie
from tests.test_read import CRS, SOUTH, WEST, box, communities, repair, town, units  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore:'crs' was not provided")

DEGREES = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def houses(n=40):
    """Points all over the two communities, in degrees."""
    x, y = WEST + 5 + np.arange(n) * 390 / n, SOUTH + 5 + (np.arange(n) * 7 % n) * 190 / n
    return DEGREES.transform(x, y)


def table_of(x, y, **columns):
    return pd.DataFrame({"id": [f"b{i}" for i in range(len(x))], "lon": x, "lat": y, **columns})


# GCJ-02 and BD-09


def test_a_known_place_is_shifted_as_the_platforms_shift_it():
    place = np.array([121.5272106]), np.array([31.1774276])
    np.testing.assert_allclose(np.ravel(to_offset("GCJ-02", *place)), [121.531541859, 31.175303984], atol=1e-8)
    outside = np.array([2.35]), np.array([48.86])
    np.testing.assert_array_equal(to_offset("GCJ-02", *outside), outside)


@pytest.mark.parametrize("name", ["GCJ-02", "BD-09"])
def test_a_shift_is_undone_to_less_than_a_millimetre(name):
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(74, 135, 40), np.linspace(4, 53, 40)))
    back_x, back_y = from_offset(name, *to_offset(name, x, y))
    assert max(np.abs(back_x - x).max(), np.abs(back_y - y).max()) < 5e-9, "degrees: half a millimetre"


@pytest.mark.parametrize(("declared", "name"), [("GCJ-02", "GCJ-02"), ("gcj02", "GCJ-02"), ("BD-09", "BD-09")])
def test_a_declared_offset_is_undone_and_recorded(town, declared, name):  # noqa: F811
    x, y = houses()
    table_of(*to_offset(name, x, y)).to_csv(town.folder / "b.csv", index=False)
    city = town.add("buildings", None, file="b.csv", crs=declared).read()
    found = city.layer("buildings").to_crs(4326).get_coordinates().loc["b0"]
    np.testing.assert_allclose(found, [x[0], y[0]], atol=1e-8)
    assert name in repair(city, "buildings", "coordinates in")["fault"]
    assert not city.repairs["fault"].str.contains("seems to be").any()


def test_an_offset_for_metres_is_refused(town):  # noqa: F811
    units().to_file(town.folder / "u.gpkg")
    town.add("units", None, file="u.gpkg", id="unit", crs="BD-09").refused("counts in degrees", "500400")


# coordinates in columns


def angle(degrees, marks="°′″"):
    minutes, seconds = divmod(round(degrees * 3600, 3), 60)
    whole, minutes = divmod(int(minutes), 60)
    return f"{whole}{marks[0]}{minutes}{marks[1]}{seconds:.3f}{marks[2]}"


@pytest.mark.parametrize(("marks", "east", "north"), [("°′″", "", "N"), ("度分秒", "东经", "北纬"), ("°'\"", "E ", "")])
def test_degrees_minutes_and_seconds_are_read_and_recorded(town, marks, east, north):  # noqa: F811
    x, y = houses(30)
    before, after = (north, "") if north == "北纬" else ("", north)
    written = {"东经": [f"{east}{angle(one, marks)}" for one in x]}
    written |= {"北纬": [f"{before}{angle(one, marks)}{after}" for one in y]}
    pd.DataFrame({"id": range(30), **written}).to_csv(town.folder / "b.csv", index=False)
    city = town.add("buildings", None, file="b.csv", id="id").read()
    there = city.layer("buildings").to_crs(4326).geometry.sort_index()
    order = np.argsort(np.arange(30).astype(str))
    np.testing.assert_allclose(np.column_stack([there.x, there.y]), np.column_stack([x, y])[order], atol=1e-8)
    assert repair(city, "buildings", "column 东经: coordinates in degrees, minutes and seconds")["n"] == 30


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("S31°30'", -31.5),
        ("73°15′W", -73.25),
        ("西经73.5°", -73.5),
        ("120°", 120.0),
        ("120", np.nan),
        ("x120°", np.nan),
    ],
)
def test_an_angle_has_the_sign_of_its_half_of_the_globe(written, degrees):
    np.testing.assert_equal(parse_angles(pd.Series([written]))[0], degrees)


def test_cells_that_are_no_coordinates_are_named(town):  # noqa: F811
    x, y = houses(30)
    table = table_of(x, y).astype({"lon": object})
    table.loc[4, "lon"] = "near the gate"
    table.to_csv(town.folder / "b.csv", index=False)
    city = town.add("buildings", None, file="b.csv", id="id").read()
    assert repair(city, "buildings", "neither a number nor an angle")["ids"] == "row 5"
    table.assign(lon="?").to_csv(town.folder / "b.csv", index=False)
    town.refused('column "lon" holds no coordinates', '"?"')


def test_a_table_without_coordinates_is_told_its_columns(town):  # noqa: F811
    pd.DataFrame({"id": [1, 2], "楼名": ["a", "b"]}).to_csv(town.folder / "b.csv", index=False)
    town.add("buildings", None, file="b.csv", id="id").refused("no coordinate columns", "the layer has: id, 楼名")


def test_a_nameless_crs_is_called_what_it_is():
    crs = pyproj.CRS("+proj=tmerc +lat_0=0 +lon_0=120 +x_0=500000 +ellps=GRS80 +units=us-ft +no_defs")
    assert crs_name(crs) == "Transverse Mercator (US survey foot)"


# layers that lie shifted


@pytest.fixture
def city_of_houses(town):  # noqa: F811
    """A town with two hundred footprints, in WGS84."""
    squares = [box(10 + 20 * (i % 19), 10 + 20 * (i // 19), 8, 8) for i in range(180)]
    table = gpd.GeoDataFrame({"id": [f"h{i}" for i in range(180)]}, geometry=squares, crs=CRS)
    return town.add("buildings", table), table


@pytest.mark.parametrize("name", ["GCJ-02", "BD-09"])
def test_points_that_lie_as_gcj_or_bd_do_are_flagged_with_the_line_to_write(city_of_houses, name):
    town_, table = city_of_houses
    centres = table.geometry.centroid
    x, y = to_offset(name, *DEGREES.transform(centres.x.to_numpy(), centres.y.to_numpy()))
    inside = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=4326).to_crs(CRS)
    # One visit stays in the town, or the layer would be refused as another place.
    x[0], y[0] = DEGREES.transform(WEST + 12, SOUTH + 12)
    table_of(x, y, date="2024-01-01").to_csv(town_.folder / "e.csv", index=False)
    row = repair(town_.add("events", None, file="e.csv").read(), "events", "seems to be")
    metres = float(np.median(inside.distance(centres, align=False)))
    assert f"moved {metres:.0f} m" in row["fault"]
    assert f"[layers.events] seems to be in {name}" in row["fault"]
    assert f'crs = "{name}" under [layers.events]' in row["action"]


@pytest.mark.parametrize("name", ["GCJ-02", "BD-09"])
def test_a_layer_that_lies_wholly_outside_as_gcj_or_bd_do_is_refused_with_the_line_to_write(city_of_houses, name):
    town_, table = city_of_houses
    centres = table.geometry.centroid
    x, y = to_offset(name, *DEGREES.transform(centres.x.to_numpy(), centres.y.to_numpy()))
    table_of(x, y, date="2024-01-01").to_csv(town_.folder / "e.csv", index=False)
    town_.add("events", None, file="e.csv")
    town_.refused(f"[layers.events] seems to be in {name}", f'crs = "{name}" under [layers.events]', "100% of it")


def test_a_layer_that_lies_elsewhere_with_or_without_an_offset_is_only_another_place(city_of_houses):
    town_, table = city_of_houses
    centres = table.geometry.centroid.translate(9000, 0)
    x, y = DEGREES.transform(centres.x.to_numpy(), centres.y.to_numpy())
    table_of(x, y, date="2024-01-01").to_csv(town_.folder / "e.csv", index=False)
    town_.add("events", None, file="e.csv").refused("it is another place")


def test_buildings_in_gcj_are_told_by_the_events_that_are_not(city_of_houses):
    town_, table = city_of_houses
    centres = table.geometry.centroid
    x, y = DEGREES.transform(centres.x.to_numpy(), centres.y.to_numpy())
    table_of(x, y, date="2024-01-01").to_csv(town_.folder / "e.csv", index=False)
    gcj = shapely.transform(
        table.to_crs(4326).geometry.to_numpy(), lambda p: np.column_stack(to_offset("GCJ-02", *p.T))
    )
    shifted = table.set_geometry(gpd.GeoSeries(gcj, crs=4326))
    shifted.loc[0, "geometry"] = table.to_crs(4326).geometry[0]
    city = town_.add("buildings", shifted).add("events", None, file="e.csv").read()
    assert "[layers.buildings] seems to be in GCJ-02" in repair(city, "events", "seems to be")["fault"]


def test_nothing_is_said_of_layers_that_lie_where_they_should(city_of_houses):
    town_, _ = city_of_houses
    x, y = houses(200)
    table_of(x, y, date="2024-01-01").to_csv(town_.folder / "e.csv", index=False)
    assert not town_.add("events", None, file="e.csv").read().repairs["fault"].str.contains("seems to be").any()


# control points


def control_points(folder, *, n=4, fault=0.0, turn=0.3, swapped=False):
    """Local places of corners of the town: turned, scaled and moved; the last may be off by ``fault`` metres."""
    corners = np.array([(0, 0), (400, 0), (400, 200), (0, 200)][:n])
    known = corners + np.array([WEST, SOUTH])
    local = as_local(known, turn)
    local[-1] += [fault, 0]
    names = ("local_y", "local_x") if swapped else ("local_x", "local_y")
    table = pd.DataFrame({"点名": [f"K{i}" for i in range(n)], names[0]: local[:, 0], names[1]: local[:, 1]})
    table.assign(x=known[:, 0], y=known[:, 1]).to_csv(folder / "k.csv", index=False)
    return folder / "k.csv"


def as_local(points, turn=0.3):
    places = ((points[:, 0] - WEST) + 1j * (points[:, 1] - SOUTH)) * np.exp(-1j * turn) / 1.0002 + 3000 + 5000j
    return np.column_stack([places.real, places.imag])


def test_a_local_system_is_tied_by_its_control_points(town):  # noqa: F811
    control_points(town.folder)
    local = communities().set_crs(None, allow_override=True)
    local = local.set_geometry(gpd.GeoSeries(shapely.transform(local.geometry.to_numpy(), as_local)))
    local.to_file(town.folder / "c.shp", encoding="UTF-8")
    city = town.add("communities", None, file="c.shp", id="code", name="label", control="k.csv", crs=CRS).read()
    np.testing.assert_allclose(city.communities.total_bounds, communities().total_bounds, atol=1e-3)
    row = repair(city, "communities", "control points")
    assert "scale 1.000200, turn 17.1887 degrees" in row["action"]
    assert row["ids"].startswith("K0 0.000 m;K1 0.000 m")


def test_control_points_that_do_not_fit_are_refused_with_every_residual(tmp_path):
    file = control_points(tmp_path, fault=10.0)
    with pytest.raises(TableError, match=r"K3 5\.08 m.*most allowed is 1 m.*furthest off") as caught:
        read_tie(file, "k.csv", pyproj.CRS(CRS))
    assert "控制点不吻合" in caught.value.text("zh")
    assert read_tie(file, "k.csv", pyproj.CRS(CRS), limit=6).residuals.max() == pytest.approx(5.08, abs=0.01)


def test_exchanged_axes_of_control_points_are_recognised(tmp_path):
    with pytest.raises(TableError, match="local_x and local_y exchanged they fit"):
        read_tie(control_points(tmp_path, swapped=True), "k.csv", pyproj.CRS(CRS))


def test_two_control_points_are_too_few_and_a_known_system_must_be_named(tmp_path):
    with pytest.raises(TableError, match="two fit anything"):
        read_tie(control_points(tmp_path, n=2), "k.csv", pyproj.CRS(CRS))
    with pytest.raises(RuleError, match="need their CRS"):
        read_tie(control_points(tmp_path), "k.csv", None)


# no CRS


def boxes(code, longitude, latitude, *, swapped=False, offset=0.0):
    """A square kilometre there, in some CRS, that says nothing of it."""
    x, y = pyproj.Transformer.from_crs("EPSG:4326", code, always_xy=True).transform(longitude, latitude)
    size = 0.01 if pyproj.CRS(code).is_geographic else 1000
    shape = shapely.box(x + offset, y, x + offset + size, y + size)
    return gpd.GeoSeries([shapely.transform(shape, lambda points: points[:, ::-1]) if swapped else shape])


@pytest.mark.parametrize(
    ("code", "place", "swapped"),
    [
        ("EPSG:4326", (119.9, 31.8), False),
        ("EPSG:4326", (119.9, 31.8), True),
        ("EPSG:4549", (119.9, 31.8), False),
        ("EPSG:4528", (119.9, 31.8), False),
        ("EPSG:4549", (119.9, 31.8), True),
        ("EPSG:3826", (121.5, 25.03), False),
        ("EPSG:32650", (117.2, 31.8), False),
    ],
)
def test_the_true_crs_is_among_the_first_where_other_layers_are_known(code, place, swapped):
    near = gpd.GeoSeries([shapely.Point(place).buffer(0.05)], crs=4326)
    found = candidates(boxes(code, *place, swapped=swapped), near)
    assert (code, swapped) in [(one.code, one.swapped) for one in found][:2]
    assert found[0].overlap > 0.9


def test_without_other_layers_places_in_china_are_proposed():
    found = candidates(boxes("EPSG:4528", 119.9, 31.8))
    assert [(one.code, one.capital) for one in found] == [("EPSG:4528", "南京")]
    assert "EPSG:4549" in [one.code for one in candidates(boxes("EPSG:4549", 118.9, 32.0))]


def test_a_place_west_of_greenwich_or_south_of_the_equator_is_told_so():
    lima = Candidate("EPSG:4326", "WGS84", (-77.1, -12.1, -77.0, -12.0), np.nan, "海口", 18_000.0)
    assert described(lima) == "WGS84: 77.05 W, 12.05 S"
    assert described(lima, "zh").startswith("WGS84：西经 77.05°、南纬 12.05°，距海口")


def test_a_layer_that_fits_nowhere_is_told_of_control_points(town):  # noqa: F811
    local = communities().set_crs(None, allow_override=True)
    local.set_geometry(local.translate(-WEST, -SOUTH)).to_file(town.folder / "c.shp", encoding="UTF-8")
    town.add("communities", None, file="c.shp", id="code").refused('control = "points.csv"')


def test_the_communities_are_compared_with_the_other_layers(town):  # noqa: F811
    communities().set_crs(None, allow_override=True).to_file(town.folder / "c.shp", encoding="UTF-8")
    town.add("units", units(), id="unit", households="hh")
    town.add("communities", None, file="c.shp", id="code").refused('crs = "EPSG:4549"', "100% of it among the other")


@pytest.mark.parametrize(("lang", "words"), [("en", "which CRS?"), ("zh", "坐标系待定")])
def test_a_page_shows_where_each_candidate_would_put_a_layer(town, capsys, lang, words):  # noqa: F811
    bare = pd.DataFrame(units().drop(columns="geometry")).assign(x=WEST + 50, y=SOUTH + 50)
    bare.to_csv(town.folder / "homes.csv", index=False)
    town.add("buildings", None, file="homes.csv", id="unit").refused("EPSG")
    page = town.folder / "page.html"
    assert main(["inspect", str(town.folder / "项目 一.toml"), "--html", str(page), "--lang", lang]) == 2
    assert page.name in capsys.readouterr().err
    shown = page.read_text(encoding="utf-8")
    assert words in shown
    assert shown.count("<svg") == shown.count("<code>") >= 1
    assert "<code>crs = &quot;EPSG:4549&quot;</code>" in shown


def test_a_shapefile_without_its_table_is_told_of_the_missing_file(town):  # noqa: F811
    communities().to_file(town.folder / "c.shp", encoding="UTF-8")
    (town.folder / "c.dbf").unlink()
    town.add("communities", None, file="c.shp", id="code").refused("no columns at all", ".dbf")


# other ways to tell a place


@pytest.mark.parametrize("srid", ["", "SRID=4549;"])
def test_well_known_text_in_a_column_is_geometry(town, srid):  # noqa: F811
    table = pd.DataFrame(communities().drop(columns="geometry"))
    table.assign(WKT=[srid + shape.wkt for shape in communities().geometry]).to_csv(town.folder / "c.csv", index=False)
    keys = {} if srid else {"crs": CRS}
    city = town.add("communities", None, file="c.csv", id="code", name="label", **keys).read()
    np.testing.assert_allclose(city.communities.total_bounds, communities().total_bounds, atol=1e-6)


@pytest.mark.parametrize("code", ["EPSG:2232", "EPSG:2256", "EPSG:2955"])
def test_feet_and_metres_of_other_lands_come_out_in_metres(town, code):  # noqa: F811
    shape = gpd.GeoSeries([shapely.box(-109, 45.5, -108.9, 45.6)], crs=4326)
    metres = shape.to_crs(32612).area.iloc[0]
    table = gpd.GeoDataFrame({"code": ["1"]}, geometry=shape.to_crs(code))
    city = town.add("communities", table, id="code").read()
    assert city.communities.area.iloc[0] == pytest.approx(metres, rel=1e-3)


def test_heights_above_a_datum_are_dropped_with_their_axis(town):  # noqa: F811
    deep = communities().set_geometry(shapely.force_3d(communities().geometry.to_numpy(), 12.5))
    city = town.add("communities", deep.set_crs("EPSG:4549+5737", allow_override=True), id="code").read()
    assert city.crs.to_epsg() == 4549
    np.testing.assert_allclose(city.communities.total_bounds, communities().total_bounds, atol=1e-3)
