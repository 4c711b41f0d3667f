import base64
import hashlib
import json
import re
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.cli import main
from gridopt.errors import GridoptError, RuleError, TableError
from gridopt.publish.inspection import inspection_dict, inspection_html, inspection_text, write_inspection
from gridopt.publish.project_file import new_project, project_text
from gridopt.read.city import read_city
from gridopt.read.inspection import inspect_city
from gridopt.read.project import read_project
from gridopt.read.scan import Found, scan_folder

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_layers = pytest.mark.skipif(not SHARED.is_dir(), reason="the real layers are not here")
CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
BAD_NAME = '<script>alert("1")</script>'


def box(x, y, width=100.0, height=100.0):
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + height)


def layer(columns, shapes):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


@pytest.fixture
def folder(tmp_path):
    """Layers with Chinese and English names: two communities, buildings, roads, a population table."""
    place = tmp_path / "天宁区 图层"
    place.mkdir()
    codes = ["320402001001", "320402001002"]
    layer({"社区编码": codes, "名称": ["西社区", BAD_NAME]}, [box(0, 0, 200, 200), box(200, 0, 200, 200)]).to_file(
        place / "社区界.gpkg"
    )
    ids, floors = ["h1", "h2", "h3"], [6, 6, 1]
    layer(
        {"osm": ids, "levels": floors, "flats": [None] * 3}, [box(9, 9, 20, 20), box(60, 9, 20, 20), box(220, 9)]
    ).to_file(place / "buildings.geojson")
    ways = [shapely.LineString([(WEST, SOUTH + y), (WEST + 400, SOUTH + y)]) for y in (50, 100, 150)]
    layer({"highway": ["trunk", "primary", "footway"], "name": ["外环", "建设路", None]}, ways).to_file(
        place / "roads.gpkg"
    )
    pd.DataFrame({"编码": codes, "户数": ["1,000", "500"], "人口数": [2600, 1300]}).to_csv(
        place / "人口.csv", index=False, encoding="gb18030"
    )
    (place / "说明.txt").write_text("no layer")
    return place


def test_a_project_file_written_for_a_folder_reads_at_once(folder):
    path = new_project(folder, lang="zh")
    city = read_city(path)
    assert path == folder / "project.toml"
    assert city.name == "天宁区 图层"
    assert city.communities["community"].tolist() == ["西社区", BAD_NAME]
    assert sorted(city.layers) == ["buildings", "population", "roads"]
    assert city.layer("buildings")["floors"].tolist() == [6, 6, 1]
    assert city.layer("population")["households"].sum() == 1500
    assert city.layer("roads")["barrier"].tolist().count("wall") == 1


@pytest.mark.parametrize("name", ["census_blocks", "wg_2020"])
def test_polygons_with_counts_that_are_finer_than_communities_are_proposed_as_blocks(folder, name):
    (folder / "人口.csv").unlink()
    shapes = [box(x, y) for x in range(0, 400, 100) for y in (0, 100)]
    counts = {"blk": list("abcdefgh"), "人口": range(10, 18), "户数": range(8)}
    layer(counts, shapes).to_file(folder / f"{name}.gpkg")
    project = new_project(folder)
    table = tomllib.loads(project.read_text(encoding="utf-8"))["layers"]["population"]
    assert table == {"path": f"{name}.gpkg", "level": "blocks", "households": "户数", "residents": "人口"}
    city = read_city(project)
    assert (city.layer("population")["level"] == "blocks").all()
    assert city.layer("population")["residents"].sum() == sum(range(10, 18))


def test_polygons_without_counts_are_no_population(folder):
    (folder / "人口.csv").unlink()
    layer({"blk": list("ab")}, [box(0, 0), box(100, 0)]).to_file(folder / "blocks.gpkg")
    assert "population" not in {found.role for found in scan_folder(folder)}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_its_rules_are_the_defaults_and_every_comment_is_one(folder, lang):
    written = read_project(new_project(folder, lang=lang))
    (folder / "bare.toml").write_text('[layers.communities]\npath = "x.gpkg"\nid = "i"\n')
    assert written.rules == read_project(folder / "bare.toml").rules


def test_an_existing_project_file_is_never_overwritten(folder):
    (folder / "project.toml").write_text("mine")
    with pytest.raises(TableError, match="not overwritten"):
        new_project(folder)
    assert (folder / "project.toml").read_text() == "mine"
    assert not [file.name for file in folder.iterdir() if file.name.startswith(".")]


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(TableError, match="not a folder"):
        new_project(tmp_path / "nowhere")


def test_an_empty_folder_gives_a_file_that_says_what_is_missing(tmp_path):
    text = new_project(tmp_path).read_text()
    assert '# path = "..."\n# id = "..."' in text
    assert "[layers.communities]" in text


def test_a_column_is_an_id_only_if_no_two_rows_share_it_and_a_count_only_if_it_holds_numbers(folder):
    found = {one.role: one for one in scan_folder(folder)}
    assert found["buildings"].columns == {"id": "osm", "floors": "levels"}
    houses = layer({"id": ["h", "h"], "bid": ["1", "2"], "floors": ["six", "two"]}, [box(0, 0), box(100, 0)])
    houses.to_file(folder / "buildings.geojson")
    found = {one.role: one for one in scan_folder(folder)}
    assert found["buildings"].columns == {"id": "bid"}


def test_what_cannot_be_read_or_placed_is_listed(folder):
    (folder / "broken.gpkg").write_text("junk")
    layer({"name": ["a"]}, [shapely.Point(WEST + 9, SOUTH + 9)]).to_file(folder / "facilities.gpkg")
    (folder / "out").mkdir()
    (folder / "out" / "plan.json").write_text("{}")
    layer({"name": ["a"]}, [box(0, 0)]).to_file(folder / "out" / "estates.gpkg")
    text = project_text("x", scan_folder(folder))
    assert "broken.gpkg is not GeoPackage" in text
    assert "# [layers.facilities]" in text
    assert "no column for tier" in text
    assert "[layers.estates]" in text
    assert "estates.gpkg" not in text


def test_chinese_pages_name_the_kinds_of_geometry_in_chinese(city):
    text = project_text("示范镇", [Found("people.tif", None, 0, "raster")], lang="zh")
    assert "#   people.tif：栅格\n" in text
    table = inspection_text(city, lang="zh").split("\n\n")[1]
    assert " 面 " in table
    assert "polygon" not in table


def test_names_that_would_break_the_file_are_escaped():
    name = 'a"\\b\n\x7f'
    assert tomllib.loads(project_text(name, []))["city"]["name"] == name


@needs_layers
def test_wanhua_is_recognised_from_its_folder(tmp_path):
    (tmp_path / "taipei_wanhua.gpkg").symlink_to(SHARED / "gis/taipei_wanhua/taipei_wanhua.gpkg")
    (tmp_path / "population.tif").symlink_to(SHARED / "gis/taipei_wanhua/population_50m_derived.tif")
    city = read_city(new_project(tmp_path))
    assert len(city.communities) == 36
    assert city.layer("units")["residents"].sum() == 192_368
    assert len(city.layer("buildings")) == 5_047


@pytest.fixture
def city(folder):
    return read_city(new_project(folder))


def test_an_inspection_shows_layers_totals_townships_and_barriers(city):
    facts = inspect_city(city)
    rows = facts.layers.set_index("layer")
    assert rows.loc["buildings", ["path", "rows_found", "rows", "geometry"]].tolist() == [
        "buildings.geojson",
        3,
        3,
        "polygon",
    ]
    assert "floors=levels" in rows.loc["buildings", "columns"]
    assert facts.totals[["measure", "total"]].to_numpy().tolist() == [["households", 1500], ["residents", 3900]]
    town = facts.townships.iloc[0]
    assert (town["township_id"], town["communities"], town["households"]) == ("320402001", 2, 1500)
    assert town["area_km2"] == pytest.approx(0.08)
    assert facts.barriers[["class", "barrier", "lines"]].to_numpy().tolist() == [
        ["footway", "none", 1],
        ["primary", "seam", 1],
        ["trunk", "wall", 1],
    ]
    np.testing.assert_allclose(facts.barriers["km"], 0.4)


def test_people_of_a_township_come_from_its_units_where_no_total_is_stated(folder):
    units = [box(0, 0, 200), box(0, 100, 200), box(200, 0, 200, 200)]
    layer({"unit_id": list("abc"), "households": [300.0, 200.0, np.nan]}, units).to_file(folder / "units.gpkg")
    (folder / "人口.csv").unlink()
    facts = inspect_city(read_city(new_project(folder)))
    assert facts.townships["households"].tolist() == [500]
    assert facts.totals[["layer", "total", "missing"]].to_numpy().tolist() == [["units", 500, 1]]


@pytest.mark.parametrize(("lang", "words"), [("en", ["Layers", "Repairs"]), ("zh", ["图层", "修复", "不可跨越"])])
def test_the_text_has_every_section_in_its_language(city, lang, words):
    text = inspection_text(city, lang=lang)
    assert [word for word in words if word not in text] == []
    assert "gb18030" in text


def test_the_plain_values_are_json_without_nan(city):
    facts = json.loads(json.dumps(inspection_dict(city), allow_nan=False))
    assert facts["communities"] == 2
    assert {"layers", "totals", "townships", "barriers", "repairs"} <= facts.keys()
    assert facts["repairs"][0]["area_before"] is None


def test_the_page_runs_its_own_script_only_and_loads_nothing(city):
    page = inspection_html(city)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(scripts) == 1
    assert re.findall(r"script-src ([^;\"]*)", page) == [f"'sha256-{digest}'" for digest in digests]
    assert not re.search(r"(?:src|href)=", page)
    assert "default-src 'none'" in page
    assert page.count("<path") >= 3


def test_the_page_is_written_whole_or_not_at_all(city, tmp_path):
    file = tmp_path / "见 面.html"
    write_inspection(city, file)
    assert file.read_text(encoding="utf-8") == inspection_html(city)
    with pytest.raises((GridoptError, OSError)):
        write_inspection(city, tmp_path / "none" / "x.html")
    with pytest.raises(GridoptError):
        write_inspection(city, tmp_path)


def test_the_map_of_an_inspection_shows_the_area_kinds_with_a_legend(city):
    kinds = ["urban", "老厂区"][: len(city.communities)]
    page = inspection_html(city.replace(communities=city.communities.assign(area_kind=kinds)), lang="zh")
    drawn = dict(re.findall(r'fill="(#\w+)" stroke="#777"><title>[^<]*\((.*?)\)</title>', page))
    legend = dict(re.findall(r'class="kind" style="background:(#\w+)"></span>(\S+) 1</span>', page))
    assert drawn == legend
    assert sorted(legend.values()) == sorted(["城区", "老厂区"])


def test_a_missing_id_is_answered_with_the_columns_and_the_likely_one(folder):
    file = new_project(folder)
    given = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'(\[layers.communities\][^\[]*?)\nid = "\w+"', r"\1", given, count=1), encoding="utf-8")
    with pytest.raises(RuleError, match=r'needs id = "\.\.\."; .*the layer has: .*; perhaps id = "\w+"') as caught:
        read_city(file)
    assert "可能是 id =" in caught.value.text("zh")


def test_a_misspelt_column_is_answered_with_the_likely_one(folder):
    file = new_project(folder)
    given = file.read_text(encoding="utf-8")
    column = re.search(r'\[layers.communities\][^\[]*?\nid = "(\w+)"', given)[1]
    file.write_text(given.replace(f'id = "{column}"', f'id = "{column}x"', 1), encoding="utf-8")
    with pytest.raises(TableError, match=f'perhaps id = "{column}"'):
        read_city(file)


@pytest.mark.parametrize(
    ("shift", "words"), [(-20, "overlap by more than a sliver"), (None, "1 communities have no unit")]
)
def test_an_inspection_refuses_units_that_no_grids_could_be_drawn_of(folder, capsys, shift, words):
    shapes = [box(0, 0, 200, 200), *([] if shift is None else [box(200 + shift, 0, 200 - shift, 200)])]
    layer({"unit": ["a", "b"][: len(shapes)], "hh": [400, 500][: len(shapes)]}, shapes).to_file(folder / "u.gpkg")
    file = folder / "units.toml"
    file.write_text(
        '[layers.communities]\npath = "社区界.gpkg"\nid = "社区编码"\n'
        '[layers.units]\npath = "u.gpkg"\nid = "unit"\nhouseholds = "hh"\n',
        encoding="utf-8",
    )
    assert main(["inspect", str(file), "--lang", "en"]) == 2
    assert words in capsys.readouterr().err
