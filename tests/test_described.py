import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.errors import TableError
from gridopt.grids.scope import scopes
from gridopt.plan.matching import match_polygons
from gridopt.read.described import describe
from gridopt.read.descriptions import read_description
from tests import towns
from tests.towns import CRS, SOUTH, WEST, square

A, B = "320411001101", "320412001101"


def town():
    """Two communities of one name in two townships, 1 km each."""
    return gpd.GeoDataFrame(
        {"community": "金狮社区", "township_id": ["320411001", "320412001"], "county_id": "", "area_kind": "urban"},
        geometry=[shapely.box(WEST + 1000 * i, SOUTH, WEST + 1000 * (i + 1), SOUTH + 1000) for i in range(2)],
        index=pd.Index([A, B], name="community_id"),
        crs=CRS,
    )


def houses(*names, side=A):
    """Buildings "estate number" or "name", 20 m apart in the community of one side."""
    first = 0 if side == A else 1000
    rows = [name.split(" ") if " " in name else ["", "", name] for name in names]
    table = pd.DataFrame([[*row, ""][:3] for row in rows], columns=["estate", "number", "name"])
    shapes = [
        shapely.box(WEST + first + 20 * i, SOUTH, WEST + first + 20 * i + 10, SOUTH + 10) for i in range(len(rows))
    ]
    ids = [name.replace(" ", "") + ("" if side == A else "'") for name in names]
    return gpd.GeoDataFrame(table.set_axis(ids), geometry=shapes, crs=CRS)


def laid(buildings, *scopes, community="", **areas):
    rows = pd.DataFrame({"scope": scopes, "community": community}, index=[f"g{i}" for i in range(1, len(scopes) + 1)])
    return describe(rows, buildings, town(), areas=areas)


def estate(*numbers):
    return houses(*(f"金狮小区 {n}幢" for n in numbers))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("金狮小区1-3、5幢", [1, 2, 3, 5]),
        ("金狮小区1幢至3幢和5号楼", [1, 2, 3, 5]),
        ("金狮小区\N{FULLWIDTH DIGIT ONE}-3#\N{FULLWIDTH COMMA}5#", [1, 2, 3, 5]),
        ("含金狮小区单号", [1, 3, 5]),
        ("金狮小区2-6幢双号", [2, 4, 6]),
        ("金狮小区2-4、6幢\N{FULLWIDTH LEFT PARENTHESIS}双\N{FULLWIDTH RIGHT PARENTHESIS}", [2, 4, 6]),
        ("金狮小区全部", [1, 2, 3, 4, 5, 6]),
        ("金狮小区(除2、4幢外)", [1, 3, 5, 6]),
        ("東至人民路; 金獅小區6棟", []),
        ("东至人民路;金狮小區6棟", [6]),
    ],
)
def test_descriptions_are_laid_on_the_buildings_they_name(text, held):
    found = laid(estate(1, 2, 3, 4, 5, 6), text).buildings
    assert found.index[found["grid"] == "g1"].tolist() == [f"金狮小区{n}幢" for n in held]


def test_house_numbers_of_one_side_of_a_street():
    streets = houses(*(f"人民路{n}号" for n in (11, 12, 13, 14, 36, 38)))
    found = laid(streets, "人民路12-36号双号", "人民路11-13号(单)").buildings["grid"]
    assert found[[f"人民路{n}号" for n in (11, 12, 13, 14, 36, 38)]].tolist() == ["g2", "g1", "g2", "g1", "g1", ""]


def test_a_number_that_does_not_rise_is_one_number():
    assert [(item.first, item.last) for item in read_description("人民路12-1号、A-3号")] == [
        ("12之1", "12之1"),
        ("A3", "A3"),
    ]


def test_the_very_number_comes_before_a_range_and_a_range_before_a_whole():
    found = laid(estate(1, 2, "2A", 3), "金狮小区", "金狮小区2-3幢", "金狮小区2A幢").buildings
    assert found["grid"].to_dict() == {
        "金狮小区1幢": "g1",
        "金狮小区2幢": "g2",
        "金狮小区2A幢": "g3",
        "金狮小区3幢": "g2",
    }
    assert found.loc["金狮小区2A幢", ["also", "how"]].tolist() == ["g1;g2", "number"]


def test_buildings_in_two_rows_or_none_are_told():
    found = laid(estate(1, 2, 3), "金狮小区1-2幢", "金狮小区2幢")
    assert found.twice.tolist() == ["金狮小区2幢"]
    assert found.none.tolist() == ["金狮小区3幢"]
    assert found.buildings.loc["金狮小区2幢", "also"] == "g1;g2"


def test_what_cannot_be_laid_on_buildings_is_doubtful_with_its_reason():
    found = laid(estate(1, 2), "金师小区1幢", "金狮小区9幢", "金狮小区(部分)", "", "金狮小区1幢").doubts
    assert found["row"].tolist() == ["g1", "g2", "g3", "g4"]
    assert "most alike: 金狮小区" in found["reason"].iloc[0]
    assert found["words"].tolist() == ["金师小区1幢", "金狮小区9幢", "金狮小区(部分)", ""]


def test_an_estate_of_one_name_in_two_townships_is_never_mixed():
    both = pd.concat([estate(1, 2), houses("金狮小区 1幢", side=B)])
    assert laid(both, "金狮小区1幢").doubts["reason"].tolist() == [
        "the place lies in several townships: name the community"
    ]
    assert laid(both, "金狮小区1幢", community=B).buildings["grid"].to_dict()["金狮小区1幢'"] == "g1"
    assert laid(both, "金狮小区1幢", community=A).buildings["grid"].to_dict()["金狮小区1幢'"] == ""
    unsure = laid(both, "金狮小区1幢", community="金狮社区").doubts["reason"].tolist()
    assert unsure == ["the community is unknown or stands for several"]


def test_a_place_without_buildings_is_known_by_its_polygon():
    groups = gpd.GeoDataFrame({"name": ["东村"]}, geometry=[square(5, 5)], crs=CRS)
    assert laid(estate(1), "东村、金狮小区1幢", groups=groups).areas["g1"][0].equals(square(5, 5))


def test_the_order_of_rows_changes_nothing():
    rows = pd.DataFrame({"scope": ["金狮小区1-2幢", "金狮小区2-3幢"], "community": ""}, index=["g1", "g2"])
    one, other = (describe(rows.iloc[::k], estate(1, 2, 3).iloc[::k], town()).buildings for k in (1, -1))
    pd.testing.assert_frame_equal(one, other)


def test_the_scopes_of_a_plan_are_read_back_to_the_same_buildings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    city = go.read_city(go.datasets.write_demo_town(folder))
    plan = go.draw(city, effort="quick")
    numbered = (plan.buildings["number"] != "") & (plan.buildings["grid_code"] != "")
    areas = {name: city.layer(name) for name in ("estates", "groups", "dedicated")}
    for lang in ("zh", "en"):
        told = scopes(plan.buildings, plan.units, city, lang=lang)
        rows = pd.DataFrame({"scope": told, "community": plan.grids["community_id"].reindex(told.index)})
        found = describe(rows, plan.buildings, city.communities, areas=areas).buildings
        named = found[found["grid"] != ""]
        assert (named["grid"] == plan.buildings["grid_code"].reindex(named.index)).all()
        assert numbered[named.index].sum() == numbered.sum()


def project(folder, scope_rows):
    town().reset_index().to_file(folder / "town.gpkg", layer="communities")
    estate(1, 2, 3, 4).rename_axis("id").reset_index().to_file(folder / "town.gpkg", layer="buildings")
    pd.DataFrame(scope_rows, columns=["编码", "范围", "社区"]).to_csv(folder / "grids.csv", index=False)
    text = """
[layers.communities]
path = "town.gpkg"
layer = "communities"
id = "community_id"
name = "community"
[layers.buildings]
path = "town.gpkg"
layer = "buildings"
id = "id"
name = "name"
number = "number"
estate = "estate"
[layers.current_grids]
path = "grids.csv"
grid_code = "编码"
scope = "范围"
community = "社区"
"""
    (folder / "town.toml").write_text(text, encoding="utf-8")
    return folder / "town.toml"


def test_a_project_reads_descriptions_as_current_grids(tmp_path):
    rows = [(f"{A}001", "金狮小区1、2幢", A), (f"{A}002", "金狮小区4幢;银河花园", A)]
    city = go.read_city(project(tmp_path, rows))
    grids = city.current_grids
    assert grids.index.tolist() == [f"{A}001", f"{A}002"]
    assert grids.area.round().tolist() == [200, 100]
    described = grids.attrs["described"]
    assert described.none.tolist() == ["金狮小区3幢"]
    assert described.doubts["words"].tolist() == ["银河花园"]
    faults = city.repairs[city.repairs["layer"] == "current_grids"]["fault"].tolist()
    assert any("name no building for sure" in fault for fault in faults)


def test_descriptions_that_name_nothing_at_all_are_refused(tmp_path):
    with pytest.raises(TableError, match="names a building of the city"):
        go.read_city(project(tmp_path, [("1", "别处1幢", A)]))


def test_land_between_described_buildings_goes_to_the_nearest_grid_of_its_own_community():
    drawn = towns.town("a b b")
    far = shapely.box(WEST + 280, SOUTH, WEST + 299, SOUTH + 10)
    grids = gpd.GeoDataFrame({"described": True}, geometry=[square(0, 0), far], index=["1", "2"], crs=CRS)
    match = match_polygons(drawn, towns.units_of(drawn), grids)
    assert match.drawn.to_dict() == {"a01": "1", "b01": "2", "b02": "2"}
    assert match.blank == ("b01",)
