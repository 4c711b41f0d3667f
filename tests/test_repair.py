"""What is mended while reading, on record; the real faulty files among them."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import box

from gridopt.errors import TableError
from gridopt.publish.inspection import faults_file, inspection_dict, inspection_html, write_inspection
from gridopt.read.city import read_city
from gridopt.read.footprints import shared_ground
from tests.browser import needs_chromium, visit, with_script

SHARED = Path(__file__).parents[2] / "shared" / "data"
DIRTY, GIS = SHARED / "dirty", SHARED / "gis"
WANHUA = GIS / "taipei_wanhua" / "taipei_wanhua.gpkg"
needs_layers = pytest.mark.skipif(not DIRTY.is_dir(), reason="the real layers are not here")
CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
TWO = [box(0, 0, 100, 100), box(100, 0, 200, 100)]


def moved(shape):
    return shapely.transform(shape, lambda points: points + np.array([WEST, SOUTH]))


def layer(columns, shapes):
    return gpd.GeoDataFrame(columns, geometry=[shape and moved(shape) for shape in shapes], crs=CRS)


def project(folder, **layers):
    """A project file; each layer is a GeoDataFrame to write, or (path, lines of its table)."""
    lines = ['[city]\nname = "甲"']
    for name, given in layers.items():
        path, further = given if isinstance(given, tuple) else (folder / f"{name}.gpkg", 'id = "id"')
        if not isinstance(given, tuple):
            given.to_file(path)
        lines.append(f"[layers.{name}]\npath = '{path}'\n{further}")
    file = folder / "project.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def city_of(folder, **layers):
    return read_city(project(folder, **layers))


def row(city, layer_name, words):
    table = city.repairs
    return table[(table["layer"] == layer_name) & table["fault"].str.contains(words)].iloc[0]


@pytest.fixture
def land():
    return layer({"id": ["A", "B"]}, TWO)


@pytest.fixture
def faulty(tmp_path, land):
    """Two communities that overlap by 10 m; a bow-tie, a twin, a tower on its podium, one astride, one outside."""
    bow = shapely.Polygon([(10, 10), (20, 20), (20, 10), (10, 20)])
    houses = [bow, box(30, 10, 40, 20), box(30, 10, 40, 20), box(50, 10, 70, 30), box(55, 15, 60, 20)]
    houses += [box(80, 60, 120, 70), box(300, 0, 310, 10), box(92, 80, 98, 90)]
    floors = [1, 2, 2, 3, 20, 1, 1, 6]
    buildings = layer({"id": [f"h{n}" for n in range(1, 9)], "floors": floors}, houses)
    claimed = land.set_geometry([land.geometry.iloc[0], moved(box(90, 0, 200, 100))])
    return city_of(tmp_path, communities=claimed, buildings=buildings)


def test_every_fault_is_on_record_with_its_area_before_and_after(faulty) -> None:
    assert row(faulty, "buildings", "invalid")[["ids", "n"]].tolist() == ["h1", 1]
    twins = row(faulty, "buildings", "duplicate footprints")
    assert twins[["ids", "area_before", "area_after"]].tolist() == ["h3", 200, 100]
    shared = row(faulty, "buildings", "overlap by more")
    assert shared[["ids", "area_before", "area_after"]].tolist() == ["h4", 400, 375]
    assert row(faulty, "buildings", "across")["ids"] == "h6"
    disputed = row(faulty, "communities", "wider than 2 m")
    assert disputed[["ids", "area_before"]].tolist() == ["d001", 1000]
    assert faulty.disputes["building_ids"].tolist() == ["h8"]


def test_ground_under_two_buildings_is_counted_once_for_the_taller(faulty) -> None:
    floor_area = faulty.layer("buildings")["floor_area"]
    assert floor_area[["h4", "h5"]].tolist() == [375 * 3, 25 * 20]


def test_every_fault_has_its_place(faulty) -> None:
    places = faulty.repair_places
    named = [set(places.loc[places["repair"] == number, "id"]) for number in range(len(faulty.repairs))]
    shown = {words: named[i] for i, words in enumerate(faulty.repairs["fault"])}
    assert {"h3"} in shown.values(), "a row that was kept out is shown too"
    assert {"d001 A / B"} in shown.values()


def test_inspect_lists_what_lies_outside_every_community(faulty) -> None:
    facts = json.loads(json.dumps(inspection_dict(faulty), allow_nan=False))
    outside = next(i for i, one in enumerate(facts["repairs"]) if one["fault"] == "outside every community")
    assert facts["repairs"][outside]["ids"] == "h7"
    place = next(one for one in facts["places"] if one["repair"] == outside)
    assert (place["layer"], place["id"]) == ("buildings", "h7")
    assert 70 < place["lon"] < 140
    assert facts["disputes"][0]["claimants"] == "A;B"
    assert facts["disputes"][0]["residents"] is None


def test_the_record_beside_the_page_opens_in_a_gis(faulty, tmp_path) -> None:
    page = write_inspection(faulty, tmp_path / "record.html", lang="zh")
    file = faults_file(page)
    assert file.name == "record-faults.gpkg"
    assert {name for name, _ in pyogrio.list_layers(file)} == {"faults", "disputes"}
    faults = gpd.read_file(file, layer="faults")
    assert faults["fault"].notna().all()
    assert faults.crs.equals(faulty.crs)
    first = file.read_bytes()
    write_inspection(faulty, page, lang="zh")
    assert file.read_bytes() == first


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_row_of_the_record_leads_to_its_places_on_the_map(faulty, lang) -> None:
    page = inspection_html(faulty, lang=lang)
    for number in faulty.repair_places["repair"].unique():
        assert f'<tr data-row="{number}">' in page
        assert f'<button type="button" data-row="{number}">' in page
        assert f'<path class="fault dot" data-row="{number}" data-place="0"' in page


@needs_chromium
def test_a_click_on_a_row_zooms_the_map_to_the_fault(faulty, tmp_path) -> None:
    page = write_inspection(faulty, tmp_path / "record.html")
    assert visit(page, tmp_path).console == ()
    number = faulty.repairs.index[faulty.repairs["ids"] == "h1"][0]
    clicked = with_script(page, f"document.querySelector('button[data-row=\"{number}\"]').click()")
    dom = visit(clicked, tmp_path).dom
    box_shown = [float(one) for one in dom.split('viewBox="')[1].split('"')[0].split()]
    assert box_shown[0] < 10
    assert 20 < box_shown[0] + box_shown[2] < 100
    assert 'class="fault on"' in dom


def test_rings_that_are_not_closed_are_kept_out_and_named(tmp_path, land) -> None:
    def feature(name, ring):
        points = [[WEST + x, SOUTH + y] for x, y in ring]
        shape = {"type": "Polygon", "coordinates": [points]}
        return {"type": "Feature", "properties": {"id": name}, "geometry": shape}

    features = [feature("open", [(1, 1), (9, 1), (9, 9), (1, 9)]), feature("two", [(1, 1), (9, 1)])]
    features.append(feature("whole", [(1, 1), (9, 1), (9, 9), (1, 1)]))
    features.append({"type": "Feature", "properties": {"id": "none"}, "geometry": None})
    file = tmp_path / "buildings.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    given = (file, f'id = "id"\ncrs = "{CRS}"')
    city = city_of(tmp_path, communities=land, buildings=given)
    assert city.layer("buildings").index.tolist() == ["whole"]
    assert row(city, "buildings", "not closed")["ids"] == "open;two"
    assert row(city, "buildings", "no geometry")["ids"] == "none"


def test_units_that_do_not_align_are_never_cut_and_the_ratio_is_told(tmp_path, land) -> None:
    units = layer({"id": ["u1", "u2"], "households": [1, 2]}, [box(0, 0, 130, 100), box(130, 0, 200, 100)])
    city = city_of(tmp_path, communities=land, units=units)
    told = row(city, "units", "across")
    assert told[["ids", "n"]].tolist() == ["u1", 1]
    assert "76.9%" in told["fault"]
    assert city.layer("units").area.tolist() == [13_000, 7_000]


def test_units_that_lie_elsewhere_than_they_say_are_named(tmp_path, land) -> None:
    units = layer({"id": ["u1", "u2"], "households": [1, 2], "belongs": ["B", "B"]}, TWO)
    given = tmp_path / "units.gpkg"
    units.to_file(given)
    city = city_of(tmp_path, communities=land, units=(given, 'id = "id"\ncommunity = "belongs"'))
    assert row(city, "units", "mostly in another")["ids"] == "u1"


def test_land_under_three_buildings_is_lost_by_two_of_them() -> None:
    shapes = np.array([box(0, 0, 10, 10), box(5, 0, 15, 10), box(5, 5, 15, 15)], object)
    shared = shared_ground(shapes, np.array([1.0, 2.0, 3.0]))
    total = shapely.area(shapes).sum() - shared.lost.sum()
    assert total == pytest.approx(shapely.union_all(shapes).area)
    assert shared.lost.tolist() == pytest.approx([50, 50, 0])


# real faulty files


@needs_layers
def test_every_invalid_footprint_of_taipei_is_mended(tmp_path) -> None:
    base = GIS / "taipei_rest" / "taipei_base_areas_10districts.gpkg"
    file = DIRTY / "taipei_invalid_buildings.geojson"
    city = city_of(tmp_path, communities=(base, 'id = "CODEBASE"'), buildings=(file, ""))
    told = row(city, "buildings", "invalid")
    assert told["n"] == 366
    assert told["area_before"] == pytest.approx(told["area_after"], rel=0.01)
    assert city.layer("buildings").geometry.is_valid.all()
    assert (city.repair_places["layer"] == "buildings").sum() >= 366


@needs_layers
def test_each_of_the_duplicate_pairs_of_taipei_keeps_one(tmp_path) -> None:
    base = GIS / "taipei_rest" / "taipei_base_areas_10districts.gpkg"
    file = DIRTY / "taipei_duplicate_buildings.geojson"
    city = city_of(tmp_path, communities=(base, 'id = "CODEBASE"'), buildings=(file, ""))
    told = city.repairs[(city.repairs["layer"] == "buildings") & city.repairs["fault"].str.contains("duplicate")]
    assert told["n"].sum() == 4
    assert len(city.layer("buildings")) == 4
    assert (told["area_before"] == 2 * told["area_after"]).all()


@needs_layers
def test_heights_of_zero_are_dropped(tmp_path) -> None:
    file = DIRTY / "wanhua_base_3d_z_epsg4979.geojson"
    city = city_of(tmp_path, communities=(file, 'id = "CODEBASE"'))
    told = row(city, "communities", "Z")
    assert told["n"] == len(city.communities) == 767
    assert told["area_before"] == told["area_after"] > 7e6
    assert not shapely.has_z(city.communities.geometry.to_numpy()).any()


@needs_layers
def test_precincts_with_a_false_gap_are_read_with_the_gap_and_the_disputes_named(tmp_path) -> None:
    file = DIRTY / "CO_bad_gap_region.zip"
    city = city_of(tmp_path, communities=(file, 'id = "PRECID"\nname = "NAME"'))
    assert row(city, "communities", "claimed by none")["area_before"] == pytest.approx(3.2e6, rel=0.01)
    assert city.disputes["area_m2"].sum() == pytest.approx(78_824, rel=0.001)
    assert shapely.coverage_is_valid(city.communities.geometry.to_numpy())


@needs_layers
def test_wanhua_counts_shared_ground_once_and_keeps_its_villages(tmp_path) -> None:
    villages = (WANHUA, 'layer = "villages"\nid = "VILLCODE"')
    city = city_of(tmp_path, communities=villages, buildings=(WANHUA, 'layer = "buildings"'))
    told = row(city, "buildings", "overlap by more")
    twins = row(city, "buildings", "same as another")
    pairs = int(told["fault"].split(": ")[1].split(" pairs")[0])
    assert 1_400 < pairs < 1_527 < pairs + 2 * twins["n"], "twins are counted apart"
    assert len(city.disputes) == 0
    houses = city.layer("buildings")
    assert houses["floor_area"].min() >= 0


@needs_layers
def test_a_village_layer_that_does_not_align_is_told_by_its_ratio(tmp_path) -> None:
    coarse = (WANHUA, 'layer = "villages_atlas_coarse"\nid = "VILLCODE"')
    units = (WANHUA, 'layer = "base_areas"\nid = "CODEBASE"\nhouseholds = "households"')
    city = city_of(tmp_path, communities=coarse, units=units)
    told = row(city, "units", "across")
    assert 200 < told["n"] < 300
    assert told["area_before"] == told["area_after"]
    assert len(city.layer("units")) == 767


@needs_layers
def test_the_exclaves_of_liechtenstein_are_declared_pieces(tmp_path) -> None:
    file = (GIS / "liechtenstein" / "liechtenstein.gpkg", 'layer = "units"\nid = "osm"\nname = "name"')
    city = city_of(tmp_path, communities=file)
    told = row(city, "communities", "several parts")
    assert told["n"] == 7
    pieces = shapely.get_num_geometries(city.communities.geometry.to_numpy())
    assert (pieces > 1).sum() == 7
    assert f"{pieces[pieces > 1].sum()} in all" in told["fault"]
    exclaves = city.repair_places[city.repair_places["layer"] == "communities"]
    assert len(exclaves) == (pieces[pieces > 1] - 1).sum()
    assert len(city.disputes) == 0


@needs_layers
def test_a_country_drawn_over_its_municipalities_is_refused(tmp_path) -> None:
    file = (GIS / "liechtenstein" / "liechtenstein.gpkg", 'layer = "admin"\nid = "osm"\nname = "name"')
    with pytest.raises(TableError, match="lie wholly in others") as caught:
        city_of(tmp_path, communities=file)
    assert "完全落在" in caught.value.text("zh")
