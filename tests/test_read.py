import csv
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio import Affine

from gridopt.errors import TableError
from gridopt.read.barriers import with_barriers
from gridopt.read.city import read_city
from gridopt.read.columns import codes, parse_numbers, texts
from gridopt.read.encodings import decode, guess_encoding
from gridopt.read.findings import Findings
from gridopt.units import make_units

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_layers = pytest.mark.skipif(not SHARED.is_dir(), reason="the real layers are not here")

CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
EAST_CODE, WEST_CODE = "320402001002", "320402001001"


def box(x, y, width=100.0, height=100.0):
    """A rectangle by its south-west corner and size, in metres from the town's corner."""
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + height)


def communities():
    """Two communities side by side, 200 m wide and high."""
    return gpd.GeoDataFrame(
        {"code": [WEST_CODE, EAST_CODE], "label": ["西社区", "东社区"]},
        geometry=[box(0, 0, 200, 200), box(200, 0, 200, 200)],
        crs=CRS,
    )


def units():
    """Four units of 200 x 100 m, one of them a park that nobody counted."""
    return gpd.GeoDataFrame(
        {"unit": ["u1", "u2", "u3", "u4"], "hh": [300.0, 200.0, np.nan, 400.0], "pop": [900, 600, np.nan, 1200]},
        geometry=[box(0, 0, 200), box(0, 100, 200), box(200, 0, 200), box(200, 100, 200)],
        crs=CRS,
    )


class Town:
    """A folder with layers and a project file that grows with them."""

    def __init__(self, folder):
        self.folder = folder
        self.text = ""
        self.add("communities", communities(), id="code", name="label")

    def add(self, name, table, /, *, file=None, **keys):
        """Write a layer and name it in the project; a layer added again replaces the first."""
        path = file or f"{name}.gpkg"
        if table is not None:
            (self.folder / path).unlink(missing_ok=True)
            table.to_file(self.folder / path)
        before = [part for part in self.text.split("[layers.") if part and not part.startswith(f"{name}]")]
        lines = [f'path = "{path}"', *(f'{key} = "{value}"' for key, value in keys.items())]
        self.text = "".join(f"[layers.{part}" for part in [*before, f"{name}]\n" + "\n".join(lines) + "\n"])
        return self

    def read(self, rules="", *, lang="en"):
        file = self.folder / "项目 一.toml"
        file.write_text(self.text + rules, encoding="utf-8")
        return read_city(file, lang=lang)

    def refused(self, *words, rules="", error=TableError):
        """The message of the one error that reading raises, which must hold these words."""
        with pytest.raises(error) as caught:
            self.read(rules)
        message = str(caught.value)
        assert [word for word in words if word not in message] == [], message
        assert caught.value.text("zh") != message
        return message


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "图层 文件夹"
    folder.mkdir()
    return Town(folder)


def repair(city, layer, words):
    """The one repair of a layer whose fault holds these words."""
    table = city.repairs
    rows = table[(table["layer"] == layer) & table["fault"].str.contains(words, regex=False)]
    assert len(rows) == 1, table[["layer", "fault"]]
    return rows.iloc[0]


# communities and their codes


@pytest.mark.parametrize("written", ["'320402001001", '="320402001001"', "\u2019320402001001", "320402001001.0"])
def test_the_marks_of_a_spreadsheet_are_no_part_of_a_code(written):
    assert codes(pd.Series([written, "c'2"])).tolist() == ["320402001001", "c'2"]


def test_a_table_without_people_is_told_with_its_columns(town):
    table = pd.DataFrame({"code": ["320402001001", "320402001002"], "户数/户籍": [1, 2], "户数/常住": [3, 4]})
    table.to_csv(town.folder / "p.csv", index=False)
    town.add("population", None, file="p.csv", id="code").refused("neither households", "户数/户籍, 户数/常住")


def test_communities_get_their_parents_from_their_codes(town):
    city = town.read()
    assert city.communities.index.tolist() == [WEST_CODE, EAST_CODE]
    assert city.communities["community"].tolist() == ["西社区", "东社区"]
    assert city.communities["township_id"].tolist() == ["320402001"] * 2
    assert city.communities["county_id"].tolist() == ["320402"] * 2
    assert city.communities["area_kind"].tolist() == ["urban"] * 2
    assert city.crs.to_epsg() == 4549
    assert city.repairs["fault"].str.contains("no layer states how many people").tolist() == [True]


def test_a_township_column_of_codes_is_taken_as_ids_and_one_of_names_as_names(town):
    table = communities().assign(town=["32040299", "32040298"], county=["天宁区", "天宁区"])
    city = town.add("communities", table, id="code", township="town", county="county").read()
    assert city.communities["township_id"].tolist() == ["32040299", "32040298"]
    assert city.communities["county_id"].tolist() == ["320402"] * 2
    assert city.communities["county"].tolist() == ["天宁区"] * 2


@pytest.mark.parametrize("ids", [[320402001001, 320402001002], [320402001001.0, 320402001002.0],
                                 [" 320402001001", "320402001002 "], ["320402001001.0", "320402001002.0"]])  # fmt: skip
def test_an_id_is_the_same_text_however_it_was_stored(town, ids):
    city = town.add("communities", communities().assign(code=ids), id="code").read()
    assert city.communities.index.tolist() == [WEST_CODE, EAST_CODE]


def test_the_area_kind_follows_the_urban_rural_class(town):
    table = communities().assign(urban_rural_class=[112, 220])
    city = town.add("communities", table, id="code").read()
    assert city.communities["area_kind"].tolist() == ["fringe", "rural"]


def test_a_given_area_kind_goes_before_the_class(town):
    table = communities().assign(urban_rural_class=["111", "220"], area_kind=["old_town", None])
    city = town.add("communities", table, id="code").read()
    assert city.communities["area_kind"].tolist() == ["old_town", "rural"]


def test_an_unknown_area_kind_or_class_lists_the_known(town):
    town.add(
        "communities", communities().assign(area_kind=["urban", "city"], urban_rural_class=["111", "999"]), id="code"
    )
    town.refused("city", "urban, old_town, fringe", "(999)", "111, 112")


@pytest.mark.parametrize("bad", ["32040200100", "3204020010023", "32040200100x", "东社区"])
def test_a_malformed_community_code_is_named(town, bad):
    table = pd.concat([communities(), communities().iloc[[0]].set_geometry([box(0, 200)]).assign(code="320402001003")])
    table = table.assign(code=[WEST_CODE, bad, "320402001003"])
    town.add("communities", table, id="code").refused("malformed", bad, "12 digits")


def test_codes_of_eleven_digits_are_sound_but_not_for_stat15(town):
    town.add("communities", communities().assign(code=["63000070001", "63000070002"]), id="code")
    assert town.read().communities["township_id"].tolist() == ["63000070"] * 2
    town.refused("malformed", "63000070001", "stat15", rules='[rules.code]\ntemplate = "stat15"\n')


def test_ids_that_are_words_are_left_alone(town):
    city = town.add("communities", communities().assign(code=["r1155950", "r115"]), id="code").read()
    assert city.communities.index.tolist() == ["r115", "r1155950"]


def test_empty_and_repeated_ids_are_told_in_one_error(town):
    table = pd.concat([communities()] * 2, ignore_index=True).assign(code=["1", "1", None, " "])
    town.add("communities", table, id="code").refused("2 rows have no id", "rows 3, 4", "1 ids occur more than once: 1")


def test_ids_too_long_for_a_number_are_refused(town):
    table = communities().assign(code=[3.2040200100100001e16, 3.2040200100100002e16])
    town.add("communities", table, id="code").refused("16 digits", "store them as text")


def test_ids_that_a_spreadsheet_wrote_in_powers_of_ten_are_whole_or_refused(town):
    def rows(code):
        (town.folder / "p.csv").write_text(f"code,households\n{WEST_CODE},300\n{code},400\n")

    rows("3.20402001002E+11")
    assert town.add("population", None, file="p.csv", id="code").read().layer("population").index[1] == EAST_CODE
    rows("3.20402E+11")
    town.refused("3.20402E+11", "format the column as text")


def test_an_exact_copy_of_a_row_is_dropped_and_recorded(town):
    city = town.add("communities", pd.concat([communities(), communities().iloc[[1]]]), id="code").read()
    assert len(city.communities) == 2
    assert repair(city, "communities", "duplicate rows")["n"] == 1


def test_a_community_of_several_parts_is_kept_and_recorded(town):
    table = communities()
    table.loc[1, "geometry"] = shapely.union_all([box(200, 0, 200, 200), box(600, 0)])
    city = town.add("communities", table, id="code").read()
    assert city.communities.geom_type.tolist() == ["Polygon", "MultiPolygon"]
    assert repair(city, "communities", "several parts")["ids"] == EAST_CODE


def test_lines_and_points_beside_the_polygon_of_a_row_are_dropped_on_record(town):
    table = communities()
    astray = shapely.Point(WEST - 400_000, SOUTH)
    table.loc[1, "geometry"] = shapely.GeometryCollection([table.geometry[1], astray])
    city = town.add("communities", table, id="code").read()
    assert repair(city, "communities", "lines or points beside")["ids"] == EAST_CODE
    assert city.crs == "EPSG:4549"
    assert city.communities.geometry.area.tolist() == [40_000, 40_000]


def test_a_row_without_id_and_geometry_is_told_once(town):
    table = pd.concat([communities(), gpd.GeoDataFrame({"code": [None], "label": [None]}, geometry=[None], crs=CRS)])
    said = town.add("communities", table, id="code").refused("1 rows have no id", "rows 3")
    assert "no geometry" not in said


def test_a_community_drawn_as_a_line_is_refused(town):
    table = communities()
    table.loc[1, "geometry"] = table.geometry[1].exterior
    town.add("communities", table, id="code").refused("not polygons", EAST_CODE)


def test_a_community_without_geometry_is_an_error_and_a_building_is_kept_out(town):
    houses = gpd.GeoDataFrame({"id": ["h1", "h2"]}, geometry=[box(10, 10, 20, 20), None], crs=CRS)
    city = town.add("buildings", houses).read()
    assert city.layer("buildings").index.tolist() == ["h1"]
    assert repair(city, "buildings", "no geometry")["ids"] == "h2"
    table = communities()
    table.loc[1, "geometry"] = None
    town.add("communities", table, id="code").refused("no geometry", EAST_CODE)


# coordinate reference systems


def test_layers_of_other_crs_are_reprojected_and_noted(town):
    away = units().to_crs("EPSG:3857")
    city = town.add("units", away, id="unit", households="hh", residents="pop").read()
    assert city.layer("units").crs == city.crs
    np.testing.assert_allclose(city.layer("units").area, 20_000, rtol=1e-6)
    assert repair(city, "units", "EPSG:3857")["action"] == "reprojected to EPSG:4549"


def test_the_zone_is_chosen_from_the_communities_unless_named(town):
    town.add("communities", communities().to_crs(4326), id="code", name="label")
    assert town.read().crs.to_epsg() == 4549
    assert town.read('[city]\ncrs = "EPSG:32650"\n').crs.to_epsg() == 32650


def test_a_layer_without_crs_is_answered_with_the_line_to_add(town):
    bare = pd.DataFrame(units().drop(columns="geometry")).assign(x=WEST + 50, y=SOUTH + 50)
    bare.to_csv(town.folder / "homes.csv", index=False)
    town.add("buildings", None, file="homes.csv", id="unit").refused('crs = "EPSG:4549"', "500050")


def test_a_declared_crs_overrules_the_file(town):
    wrong = communities().set_crs("EPSG:4548", allow_override=True)
    city = town.add("communities", wrong, id="code", crs=CRS).read()
    assert city.communities.total_bounds.tolist() == communities().total_bounds.tolist()
    assert repair(city, "communities", "EPSG:4548")["action"].startswith("read as EPSG:4549")


def test_a_layer_in_metres_from_the_middle_of_the_earth_is_refused(town):
    town.add("units", units().set_crs("EPSG:4978", allow_override=True), id="unit")
    town.refused("counts metres from the middle of the Earth", "EPSG:4326")


def test_a_layer_in_a_system_of_its_own_is_refused(town):
    local = 'LOCAL_CS["site grid",UNIT["metre",1]]'
    town.add("units", units().set_crs(local, allow_override=True), id="unit")
    town.refused("does not say where on the Earth the layer lies", "control =")
    with pytest.raises(TableError) as refused:
        town.read()
    assert "site grid 是独立（工程）坐标系，未说明图层在地球上的位置" in refused.value.zh


@pytest.mark.parametrize("crs", ["+proj=tmerc +lon_0=180 +x_0=200 +ellps=WGS84 +units=m", "EPSG:4326"])
def test_a_city_on_both_sides_of_180_degrees_is_refused(town, crs):
    across = gpd.GeoDataFrame(
        {"code": [WEST_CODE]},
        geometry=[shapely.box(0, 0, 400, 100)],
        crs="+proj=tmerc +lon_0=180 +x_0=200 +ellps=WGS84 +units=m",
    )
    town.add("communities", across.to_crs(crs), id="code").refused("both sides of the meridian of 180 degrees")


def test_swapped_longitude_and_latitude_are_recognised(town):
    swapped = communities().to_crs(4326)
    swapped["geometry"] = shapely.transform(swapped.geometry.to_numpy(), lambda points: points[:, ::-1])
    town.add("communities", swapped, id="code").refused("swapped", "EPSG:4326")


def test_metres_under_a_geographic_crs_and_degrees_under_a_metric_one_are_refused(town):
    town.add("communities", communities().set_crs(4326, allow_override=True), id="code")
    town.refused("do not fit EPSG:4326", "another CRS")
    town.add("communities", communities().to_crs(4326).set_crs(4549, allow_override=True), id="code")
    town.refused("look like degrees")


def test_a_railway_beside_the_city_is_on_record_and_one_of_another_place_refused(town):
    # The second community has a notch in its north-eastern corner, where the railway lies.
    notched = communities()
    notched.loc[1, "geometry"] = notched.geometry[1].difference(box(350, 150, 50, 50))
    town.add("communities", notched, id="code")
    beside = gpd.GeoDataFrame({"id": ["r"]}, geometry=[box(360, 160, 30, 2)], crs=CRS)
    repairs = town.add("railways", beside, id="id").read().repairs
    assert repairs.loc[repairs["layer"] == "railways", ["n", "ids"]].to_numpy().tolist() == [[1, "r"]]
    town.add("railways", beside.translate(5_000, 0).to_frame("geometry")).refused("nothing in the layer lies")


def test_a_layer_of_another_place_is_refused(town):
    elsewhere = gpd.GeoDataFrame({"id": ["h"]}, geometry=[box(90_000, 0)], crs=CRS)
    town.add("buildings", elsewhere).refused("[layers.buildings]", "nothing in the layer lies in any community")


def test_units_outside_every_community_are_named(town):
    strayed = units()
    strayed.loc[1, "geometry"] = box(5000, 0)
    town.add("units", strayed, id="unit", households="hh").refused("1 units lie outside", "u2")


# repairs of geometry


def test_a_bow_tie_is_repaired_with_its_area_before_and_after(town):
    bow_tie = shapely.Polygon([(x + WEST, y + SOUTH) for x, y in ((10, 10), (30, 30), (30, 10), (10, 30))])
    houses = gpd.GeoDataFrame({"id": ["good", "tie"]}, geometry=[box(50, 50, 10, 10), bow_tie], crs=CRS)
    city = town.add("buildings", houses).read()
    mended = repair(city, "buildings", "invalid")
    assert (mended["ids"], mended["area_before"], mended["area_after"]) == ("tie", 0, 200)
    assert city.layer("buildings").is_valid.all()


def test_a_footprint_without_area_is_kept_out_and_named(town):
    flat = shapely.Polygon([(WEST + 10, SOUTH + 10), (WEST + 30, SOUTH + 10), (WEST + 20, SOUTH + 10)])
    houses = gpd.GeoDataFrame({"id": ["good", "flat"]}, geometry=[box(50, 50, 10, 10), flat], crs=CRS)
    city = town.add("buildings", houses).read()
    assert city.layer("buildings").index.tolist() == ["good"]
    assert repair(city, "buildings", "no area left")["ids"] == "flat"


def test_the_third_coordinate_is_dropped_and_recorded(town):
    table = communities()
    table["geometry"] = shapely.force_3d(table.geometry.to_numpy(), 7.0)
    city = town.add("communities", table, id="code").read()
    assert not city.communities.has_z.any()
    assert repair(city, "communities", "third coordinate")["n"] == 2


def test_one_of_two_equal_footprints_stays_whatever_their_order(town):
    houses = gpd.GeoDataFrame({"id": ["b", "a", "c"]}, geometry=[box(5, 5, 9, 9), box(5, 5, 9, 9), box(50, 5)], crs=CRS)
    for table in (houses, houses[::-1]):
        city = town.add("buildings", table).read()
        assert city.layer("buildings").index.tolist() == ["a", "c"]
        assert repair(city, "buildings", "duplicate footprints")["ids"] == "b"


# counts


def test_a_missing_count_of_a_unit_stays_missing_and_is_recorded(town):
    city = town.add("units", units(), id="unit", households="hh", residents="pop").read()
    table = city.layer("units")
    assert table["households"].isna().tolist() == [False, False, True, False]
    assert table["households"].sum() == 900
    assert "25.0% of the rows, 25.0% of the area" in repair(city, "units", "column households")["fault"]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (["300", "abc", "3", "4"], ["no number", "u2 (abc)"]),
        ([300, -1, -2, 4], ["negative", "u2, u3"]),
        ([300, np.inf, 1, 2], ["infinite", "u2"]),
        ([np.nan] * 4, ["no number in any of its 4 rows"]),
    ],
)
def test_counts_that_are_none_are_refused_with_their_rows(town, counts, words):
    town.add("units", units().assign(hh=counts), id="unit", households="hh").refused("[layers.units]", *words)


@pytest.mark.parametrize("empty", ["", None, np.nan])
def test_an_empty_column_that_nobody_declared_is_none_unless_it_counts_people(town, empty):
    houses = gpd.GeoDataFrame({"floors": [3, 3]}, geometry=[box(5, 5, 9, 9), box(50, 5)], crs=CRS)
    table = town.add("buildings", houses.assign(dwellings=empty)).read().layer("buildings")
    assert table["dwellings"].isna().all()
    assert table["floors"].tolist() == [3, 3]
    town.add("buildings", houses.assign(dwellings=empty), dwellings="dwellings").refused("no number in any of its 2")
    town.add("buildings", houses.assign(households=empty)).refused('"households" holds no number in any')


def test_all_faults_of_a_layer_stand_in_one_error(town):
    faulty = units().assign(unit=["u1", "u1", "u3", "u4"], hh=[1, -2, 3, 4], pop=["x", 1, 2, 3])
    town.add("units", faulty, id="unit", households="hh", residents="pop")
    town.refused("occur more than once: u1", "negative: u1", "u1 (x)")


def test_a_missing_control_total_is_refused(town):
    pd.DataFrame({"id": [WEST_CODE, EAST_CODE], "households": [300, None]}).to_csv(town.folder / "p.csv", index=False)
    town.add("population", None, file="p.csv").refused("control total may not be", EAST_CODE)
    pd.DataFrame({"id": [WEST_CODE], "households": [300]}).to_csv(town.folder / "p.csv", index=False)
    town.refused("1 communities have no control total", EAST_CODE)


def test_formulas_without_a_result_are_named_where_numbers_are_missing(town):
    book = openpyxl.Workbook()
    for row in (["编码", "户数"], [WEST_CODE, "=200+200"], [EAST_CODE, 600]):
        book.active.append(row)
    book.save(town.folder / "p.xlsx")
    town.add("population", None, file="p.xlsx", id="编码").refused("1 cells hold formulas", "never calculated: B2")


def test_names_given_as_the_ids_of_a_table_are_told_from_unknown_ids(town):
    table = pd.DataFrame({"社区": ["西社区", "东社区"], "户数": [400, 600]})
    table.to_csv(town.folder / "p.csv", index=False, encoding="utf-8-sig")
    said = town.add("population", None, file="p.csv", id="社区").refused('write name = "社区"')
    assert "control total" not in said
    counted = town.add("population", None, file="p.csv", name="社区").read().layer("population")
    assert sorted(counted["households"]) == [400, 600]


def test_rows_kept_out_of_a_layer_without_ids_are_called_by_their_numbers(town):
    houses = gpd.GeoDataFrame({"floors": [1, 2, 3]}, geometry=[box(50, 5, 9, 9), None, box(5, 5, 9, 9)], crs=CRS)
    city = town.add("buildings", houses).read()
    assert repair(city, "buildings", "no geometry")["ids"] == "row 2"


def test_communities_whose_units_all_lack_counts_are_told(town, caplog):
    lacking = units().assign(hh=[300, 200, np.nan, np.nan], pop=[900, 600, np.nan, np.nan])
    city = town.add("units", lacking, id="unit", households="hh", residents="pop").read()
    assert repair(city, "population", "no unit says")["ids"] == EAST_CODE
    assert "drawn as if nobody lived there" in caplog.text


def test_a_population_table_of_units_needs_the_units(town):
    pd.DataFrame({"id": ["u1", "u9"], "residents": [300, 1]}).to_csv(town.folder / "p.csv", index=False)
    town.add("population", None, file="p.csv", level="units").refused("needs [layers.units]")
    town.add("units", units(), id="unit").refused("1 rows name units that are not", "u9")


def test_an_id_that_a_list_would_take_for_two_is_refused(town):
    said = 'ids in column "unit" hold ";"'
    town.add("units", units().assign(unit=["u1;u2", "u3", "u4", "u5"]), id="unit").refused(said, "u1;u2")


def test_rows_are_told_in_the_order_of_their_numbers():
    findings = Findings("population")
    findings.repair("totals_row", ["row 10", "row 9"])
    assert [one.row(lang)["ids"] for lang in ("en", "zh") for one in findings.repairs] == [
        "row 9;row 10",
        "第9行;第10行",
    ]


def test_numbers_written_the_chinese_way_are_read_and_recorded(town):
    town.add("units", units().assign(hh=["1,234户", "56", "-", "1.2万"]), id="unit", households="hh")
    city = town.read()
    assert city.layer("units")["households"].fillna(-1).tolist() == [1234, 56, -1, 12000]
    assert repair(city, "units", "written as text")["ids"] == "u1;u4"


def test_a_row_of_totals_is_left_out(town):
    rows = [["天宁区户数统计", ""], ["编码", "户数"], [WEST_CODE, "1,000"], [EAST_CODE, "500户"], ["合计", "1,500"]]
    with (town.folder / "户数.csv").open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(rows)
    city = town.add("population", None, file="户数.csv", id="编码", households="户数").read()
    assert city.layer("population")["households"].to_dict() == {WEST_CODE: 1000, EAST_CODE: 500}
    for words in ("totals", "title rows", "gb18030"):
        assert repair(city, "population", words)["n"] >= 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234),
        ("\uff11\uff0c\uff12\uff13\uff14", 1234),
        ("1,2345,6789", 123456789),
        ("1 234", 1234),
        ("120 人", 120),
        ("12米", 12),
        ("3e2", 300),
        ("—", np.nan),
        ("", np.nan),
    ],
)
def test_numbers_in_text(text, number):
    numbers, unread, _ = parse_numbers(pd.Series([text], dtype=object))
    np.testing.assert_equal(numbers[0], number)
    assert not unread[0]


@pytest.mark.parametrize("text", ["1543,0", "3527,00", "1543,000", "1,234,5", "12,34"])
def test_a_comma_that_may_be_a_decimal_point_is_no_number(text):
    numbers, unread, _ = parse_numbers(pd.Series([text], dtype=object))
    assert unread[0]
    assert np.isnan(numbers[0])


def test_text_columns_have_no_missing_values():
    assert texts(pd.Series([1.0, None, 2.5])).tolist() == ["1", "", "2.5"]
    assert texts(pd.Series([True, False])).tolist() == ["true", ""]


# layers


def test_buildings_get_floors_from_their_height(town):
    houses = gpd.GeoDataFrame(
        {"id": list("abcd"), "floors": [3, None, None, None], "height": [99, 15.2, 1.0, None]},
        geometry=[*(box(20 * i, 5, 10, 10) for i in range(3)), shapely.Point(WEST + 90, SOUTH + 9)],
        crs=CRS,
    )
    city = town.add("buildings", houses).read()
    assert city.layer("buildings")["floor_area"].round(6).tolist() == [300, 500, 100, 300]
    row = city.repairs[city.repairs["fault"].str.startswith("neither floors nor height")].iloc[0]
    assert (row["ids"], row["action"]) == ("d", "taken as 3 floors, the median of the others")
    assert repair(city, "buildings", "given as points")["ids"] == "d"
    town.add("buildings", houses.assign(floors=[-1, 1, 1, 1])).refused("negative", "a")


def test_buildings_whose_floor_area_is_stated_keep_it(town):
    houses = gpd.GeoDataFrame(
        {"id": list("abc"), "层数": [3, None, 2], "建筑面积（平方米）": ["1,250", "480㎡", None]},
        geometry=[box(5, 5, 10, 10), shapely.Point(WEST + 50, SOUTH + 9), box(80, 5, 10, 10)],
        crs=CRS,
    )
    city = town.add("buildings", houses).read()
    assert city.layer("buildings")["floor_area"].tolist() == [1250, 480, 200]
    assert not city.repairs["fault"].str.contains("given as points|neither floors nor height").any()


def test_units_keep_their_hand_given_groups(town):
    table = units().assign(
        keep_whole=["东苑", None, "", "东苑"], dedicated=[1, 0, 0, 0], community=[WEST_CODE, "", None, EAST_CODE]
    )
    read = town.add("units", table, id="unit", households="hh").read().layer("units")
    assert read["keep_whole"].tolist() == ["东苑", "", "", "东苑"]
    assert read["dedicated"].tolist() == ["u1", "", "", ""]
    assert read["community_id"].tolist() == [WEST_CODE, "", "", EAST_CODE]
    town.add("units", table.assign(community="nowhere"), id="unit").refused(
        "not in the community layer", "u1 (nowhere)"
    )


def lines(layer, classes, **columns):
    table = gpd.GeoDataFrame(
        {"class": classes, "name": "", "width": np.nan, "bridge": "", "tunnel": ""},
        geometry=[shapely.LineString([(0, i), (9, i)]) for i in range(len(classes))],
    ).assign(**columns)
    return table, Findings(layer)


@pytest.mark.parametrize(
    ("layer", "class_", "barrier"),
    [
        ("roads", "motorway", "wall"), ("roads", "快速路", "wall"), ("roads", "primary", "seam"),
        ("roads", "主干路", "seam"), ("roads", "residential", "seam"), ("roads", "service", "none"),
        ("roads", "小区道路", "none"), ("roads", "隧道", "none"), ("roads", "", "seam"),
        ("railways", "rail", "wall"), ("railways", "地铁", "none"), ("railways", "", "wall"),
        ("rivers", "river", "seam"), ("rivers", "溪", "seam"), ("walls", "围墙", "seam"), ("walls", "大门", "none"),
    ],
)  # fmt: skip
def test_a_line_is_what_its_class_makes_it(layer, class_, barrier):
    table, findings = lines(layer, [class_])
    assert with_barriers(table, {}, findings)["barrier"].tolist() == [barrier]
    assert findings.repairs == []


def test_named_rivers_and_wide_water_are_walls():
    table, findings = lines(
        "rivers", ["river", "river", "stream", "stream"], name=["云河", "", "溪", ""], width=[np.nan, 9, 9, 21]
    )
    assert with_barriers(table, {}, findings)["barrier"].tolist() == ["wall", "seam", "seam", "wall"]


def test_water_drawn_as_a_polygon_is_as_wide_as_its_area_over_half_its_outline():
    table, findings = lines("rivers", ["water", "water"])
    table["geometry"] = [shapely.box(0, 0, 1000, 30), shapely.box(0, 0, 1000, 10)]
    read = with_barriers(table, {}, findings)
    assert read["barrier"].tolist() == ["wall", "seam"]
    np.testing.assert_allclose(read["width"], [30_000 / 1030, 10_000 / 1010])


def test_bridges_and_tunnels_are_no_barrier_and_rules_restate_the_rest():
    table, findings = lines("roads", ["trunk", "trunk", "主干路", "次干路"], bridge=["yes", "no", "", ""])
    restated = {"road.primary": "wall", "road.次干路": "none"}
    assert with_barriers(table, restated, findings)["barrier"].tolist() == ["none", "wall", "wall", "none"]


def test_a_class_in_no_list_is_recorded_unless_restated():
    table, findings = lines("roads", ["boulevard", "lane"])
    read = with_barriers(table, {"road.lane": "wall"}, findings)
    assert read["barrier"].tolist() == ["seam", "wall"]
    assert [(one.kind, one.n, one.values[0]) for one in findings.repairs] == [("unknown_class", 1, "boulevard")]


def test_facilities_need_a_tier(town):
    posts = gpd.GeoDataFrame({"id": ["p"], "rank": ["village"]}, geometry=[shapely.Point(WEST + 9, SOUTH + 9)], crs=CRS)
    town.add("facilities", posts).refused("no tier", 'tier = "..."')
    assert town.add("facilities", posts, tier="rank").read().layer("facilities")["tier"].tolist() == ["village"]


def test_events_may_be_points_or_counts_by_community(town):
    text = "编号,日期,社区,数量,经度,纬度\n"
    text += "1,2025-01-02,,,120.0005,31.64\n2,2025-01-03,320402001001,4,,\n3,2025-01-03,,2,,\n"
    (town.folder / "e.csv").write_text(text, encoding="utf-8-sig")
    town.add("communities", communities().set_geometry([box(0, 0, 200, 2e4), box(200, 0, 200, 2e4)]), id="code")
    town.add("events", None, file="e.csv", id="编号", date="日期", community="社区", number="数量")
    city = town.read()
    events = city.layer("events")
    assert events.index.tolist() == ["1", "2"]
    assert events["n"].tolist() == [1, 4]
    assert events["community_id"].tolist() == ["", WEST_CODE]
    assert events.geometry.notna().tolist() == [True, False]
    assert "taken as EPSG:4326" in repair(city, "events", "without a CRS")["action"]


def test_two_alike_workers_without_ids_are_two(town):
    book = openpyxl.Workbook()
    book.active.title = "花名册"
    for row in (["role", "base"], ["worker", WEST_CODE], ["worker", WEST_CODE], ["chief", None]):
        book.active.append(row)
    book.create_sheet("说明").append(["x"])
    book.save(town.folder / "人员.xlsx")
    roster = town.add("roster", None, file="人员.xlsx", layer="花名册").read().layer("roster")
    assert roster["role"].value_counts().to_dict() == {"worker": 2, "chief": 1}
    assert roster["capacity"].isna().all()
    town.add("roster", None, file="人员.xlsx", layer="名册").refused("花名册, 说明")


def test_current_grids_with_codes_are_named_by_them(town):
    grids = gpd.GeoDataFrame(
        {"grid_code": ["g2", "g1"]}, geometry=[box(0, 0, 200, 200), box(200, 0, 200, 200)], crs=CRS
    )
    city = town.add("current_grids", grids).read()
    assert city.current_grids.index.tolist() == ["g1", "g2"]


def test_rows_without_ids_are_numbered_whatever_their_order(town):
    houses = gpd.GeoDataFrame(
        {"name": list("abcde")}, geometry=[box(37 * i % 170, 11 * i, 9, 9) for i in range(5)], crs=CRS
    )
    first = town.add("buildings", houses).read().layer("buildings")
    second = town.add("buildings", houses.sample(frac=1, random_state=3)).read().layer("buildings")
    assert first.index.tolist() == ["b00001", "b00002", "b00003", "b00004", "b00005"]
    pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(second))


def test_inputs_know_content_and_not_the_order_of_rows_or_the_type_of_ids(town):
    first = town.add("units", units(), id="unit", households="hh").read().inputs
    number = communities().assign(code=[320402001001, 320402001002])[::-1]
    second = town.add("communities", number, id="code", name="label").add(
        "units", units()[::-1], id="unit", households="hh"
    )
    assert second.read().inputs == first
    assert first["units"]["sums"] == {"households": 900.0, "residents": 2700.0}
    changed = town.add("units", units().assign(hh=[300, 201, np.nan, 400]), id="unit", households="hh").read().inputs
    assert changed["units"]["sha256"] != first["units"]["sha256"]
    moved = units()
    moved.loc[0, "geometry"] = box(0, 0, 199.99)
    assert town.add("units", moved, id="unit", households="hh").read().inputs["units"]["sums"] == first["units"]["sums"]
    assert town.read().inputs["units"]["sha256"] != first["units"]["sha256"]


# files


@pytest.mark.parametrize("file", ["c.geojson", "c.fgb", "c.shp", "c.gpkg"])
def test_every_format_gives_the_same_communities(town, file):
    table = communities().to_crs(4326) if file.endswith("geojson") else communities()
    city = town.add("communities", table, file=file, id="code", name="label").read()
    assert city.communities["community"].tolist() == ["西社区", "东社区"]
    np.testing.assert_allclose(city.communities.total_bounds, communities().total_bounds, atol=1e-3)


@pytest.mark.parametrize("encoding", ["GB18030", "BIG5", "UTF-8"])
@pytest.mark.parametrize("with_page", [True, False])
def test_chinese_shapefiles_are_read_with_or_without_a_code_page(town, encoding, with_page):
    names = ["東門里", "西園國小"] if encoding == "BIG5" else ["东门社区", "西园小学"]
    communities().assign(label=names).to_file(town.folder / "c.shp", encoding=encoding)
    if not with_page:
        (town.folder / "c.cpg").unlink()
    city = town.add("communities", None, file="c.shp", id="code", name="label").read()
    assert city.communities["community"].tolist() == names


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of GDAL, whose message is cut too
@pytest.mark.parametrize("with_page", [True, False])
def test_names_of_columns_cut_within_a_character_are_read(town, with_page):
    # Ten bytes hold three characters of UTF-8 and a third of one more.
    renamed = communities().rename(columns={"code": "社区代码", "label": "社区代号"})
    renamed.to_file(town.folder / "c.shp", encoding="UTF-8")
    if not with_page:
        (town.folder / "c.cpg").unlink()
    city = town.add("communities", None, file="c.shp", id="社区代", name="社区代_1").read()
    assert city.communities["community"].tolist() == ["西社区", "东社区"]


def test_a_zip_archive_is_read_in_place(town):
    communities().to_file(town.folder / "c.shp", encoding="UTF-8")
    with zipfile.ZipFile(town.folder / "c.zip", "w") as archive:
        for ending in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            archive.write(town.folder / f"c{ending}", f"包/c{ending}")
    city = town.add("communities", None, file="c.zip", id="code", name="label").read()
    assert city.communities["community"].tolist() == ["西社区", "东社区"]


def test_an_archive_that_unpacks_to_too_much_is_refused(town, monkeypatch):
    monkeypatch.setattr("gridopt.read.archives.UNPACKED_LIMIT", 10)
    with zipfile.ZipFile(town.folder / "c.zip", "w") as archive:
        archive.writestr("c.geojson", "{}" * 50)
    town.add("communities", None, file="c.zip", id="code").refused("unpacks to")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("c.geojson", b'<OGRVRTDataSource><OGRVRTLayer name="c"/></OGRVRTDataSource>'),
        (
            "c.geojson",
            b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline", "x": {"type": "Feature"}}',
        ),
        ("c.gpkg", b"PK\x03\x04 not a database"),
        ("c.shp", b"\x00\x00\x00\x00"),
        ("c.fgb", b"{}"),
        ("c.csv", b"PK\x03\x04"),
        ("c.xlsx", b"a,b\n1,2\n"),
        ("c.zip", b"Rar!"),
        ("c.parquet", b"junk"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused(town, file, content):
    (town.folder / file).write_bytes(content)
    town.add("communities", None, file=file, id="code").refused(file, "although it ends in")


def test_an_unknown_ending_lists_the_known(town):
    (town.folder / "c.mdb").write_bytes(b"x")
    town.add("communities", None, file="c.mdb", id="code").refused(".gpkg", ".geojson")


def test_a_missing_file_is_named_as_written_with_those_that_are_there(town):
    town.add("communities", None, file="数据/c.gpkg", id="code").refused('"数据/c.gpkg"', "no such folder")
    town.add("communities", None, file="c.gpkg", id="code").refused('no file "c.gpkg"', "communities.gpkg")


def test_a_missing_layer_or_column_lists_those_that_are_there(town):
    units().to_file(town.folder / "communities.gpkg", layer="pieces")
    town.add("communities", None, id="code").refused("needs a layer", "communities, pieces")
    town.add("communities", None, id="code", layer="towns").refused('no layer "towns"', "communities, pieces")
    town.add("communities", None, id="VILLCODE", layer="communities").refused('id = "VILLCODE"', "code, label")


def test_an_empty_layer_is_refused(town):
    town.add("buildings", communities().iloc[:0]).refused("[layers.buildings]", "empty")
    (town.folder / "p.csv").write_text("id,households\n")
    Town(town.folder).add("population", None, file="p.csv").refused("[layers.population]", "empty")


def test_repairs_follow_the_language(town):
    city = town.add("communities", pd.concat([communities(), communities()]), id="code").read(lang="zh")
    assert repair(city, "communities", "完全重复的行")["action"] == "各保留一行"


@pytest.mark.parametrize("encoding", ["gb18030", "cp950", "utf-8"])
@pytest.mark.parametrize(
    "text", ["東區東聖里", "萬華區富福里", "南區興農里,戶數1,204", "區公所轄下各里里民活動中心名稱統計"]
)
def test_traditional_text_is_told_by_its_characters_in_either_encoding(text, encoding):
    assert decode(text.encode(encoding)) == (text, encoding)


def test_simplified_text_is_told_by_its_characters():
    for text in ("天宁区", "街道办事处下辖社区居民委员会名称及户数统计表"):
        assert decode(text.encode("gb18030")) == (text, "gb18030")


def test_plain_ascii_is_utf8_and_a_hint_is_believed_where_it_fits():
    assert guess_encoding(b"road") == "utf-8"
    assert guess_encoding("Straße Größe".encode("latin-1"), "latin-1") == "latin-1"


# population raster


def raster(folder, values, *, crs=CRS, nodata=-1.0, corner=(WEST, SOUTH + 200)):
    cells = np.asarray(values, "float32")
    shape = {"height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(
        folder / "p.tif",
        "w",
        "GTiff",
        crs=crs,
        nodata=nodata,
        transform=Affine(100, 0, corner[0], 0, -100, corner[1]),
        **shape,
    ) as file:
        file.write(cells, 1)


def test_cells_with_people_become_boxes(town):
    raster(town.folder, [[1, 0, -1, 4], [0, 0, 0, 2.5]])
    cells = town.add("population", None, file="p.tif").read().layer("population_cells")
    assert cells["residents"].tolist() == [1, 4, 2.5]
    assert cells.geometry.normalize().tolist() == [
        box(0, 100).normalize(),
        box(300, 100).normalize(),
        box(300, 0).normalize(),
    ]


def test_only_cells_within_the_communities_bounds_are_read(town):
    raster(town.folder, np.ones((40, 60)), corner=(WEST - 1000, SOUTH + 2000))
    cells = town.add("population", None, file="p.tif").read().layer("population_cells")
    assert cells.total_bounds.tolist() == communities().total_bounds.tolist()


def test_communities_that_leave_the_raster_or_hold_nobody_of_it_are_on_record(town):
    raster(town.folder, [[1, 1, 0], [1, 1, 0]])
    city = town.add("population", None, file="p.tif").read()
    told = city.repairs[city.repairs["layer"] == "population"].set_index("ids")["fault"]
    assert sorted(told.index) == [EAST_CODE] * 2
    assert "least share on it 50%" in " ".join(told)
    assert "no cell of the raster holds anybody" in " ".join(told)
    assert make_units(city).groupby("community_id")["residents"].sum().to_dict() == {WEST_CODE: 4, EAST_CODE: 0}


def test_a_raster_that_cannot_be_used_is_refused(town, monkeypatch):
    town.add("population", None, file="p.tif")
    raster(town.folder, np.zeros((2, 4)))
    town.refused("no cell within the communities' bounds holds any people")
    raster(town.folder, np.ones((2, 4)), corner=(WEST + 9e4, SOUTH))
    town.refused("does not touch the communities", "give the raster of this one")
    raster(town.folder, [[1, -5, 1, 1]])
    town.refused("1 cells hold negative values")
    raster(town.folder, np.ones((2, 4)))
    monkeypatch.setattr("gridopt.read.raster.MOST_CELLS", 7)
    town.refused("8 cells within the communities' bounds, above 7")
    (town.folder / "p.tif").write_bytes(b"<VRTDataset/>")
    town.refused("is not GeoTIFF")


def test_a_raster_needs_a_crs_and_its_band(town):
    raster(town.folder, np.ones((2, 4)), crs=None)
    town.add("population", None, file="p.tif").refused('crs = "EPSG:4549"', "100% of it")
    assert len(town.add("population", None, file="p.tif", crs=CRS).read().layer("population_cells")) == 8
    town.text += "band = 3\n"
    town.refused("1 band(s), not a band 3")


# real layers


def project(folder, *layers):
    """A project file over real layers: (name, path, layer, keys)."""
    parts = []
    for name, path, layer, keys in layers:
        lines = [f'path = "{SHARED / path}"', *([f'layer = "{layer}"'] if layer else [])]
        parts.append("\n".join([f"[layers.{name}]", *lines, *(f'{key} = "{value}"' for key, value in keys.items())]))
    (folder / "p.toml").write_text("\n".join(parts), encoding="utf-8")
    return folder / "p.toml"


VILLAGES = {"id": "VILLCODE", "name": "VILLNAME"}
CODES = {"id": "CODEBASE"}
BASE_AREAS = {"id": "CODEBASE", "households": "households", "residents": "population"}


@needs_layers
@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("taipei_wanhua", (36, 767, 78_542, 192_368)),
        ("tainan_core", (242, 6_102, 368_881, 1_011_252)),
        ("tainan_rural", (37, 432, 19_238, 49_823)),
    ],
)
def test_the_districts_of_taiwan_read_with_every_person(tmp_path, name, figures):
    path = f"gis/{name}/{name}.gpkg"
    file = project(tmp_path, ("communities", path, "villages", VILLAGES), ("units", path, "base_areas", BASE_AREAS))
    city = read_city(file)
    table = city.layer("units")
    assert (len(city.communities), len(table), table["households"].sum(), table["residents"].sum()) == figures
    assert city.crs.to_epsg() == 4549
    assert city.communities.index.str.fullmatch(r"\d{11}").all()


@needs_layers
def test_wanhua_keeps_all_buildings_and_says_what_was_repaired(tmp_path):
    path = "gis/taipei_wanhua/taipei_wanhua.gpkg"
    city = read_city(
        project(
            tmp_path,
            ("communities", path, "villages", VILLAGES),
            ("units", path, "base_areas", BASE_AREAS),
            ("buildings", path, "buildings", {"id": "bid"}),
            ("population", "gis/taipei_wanhua/population_50m_derived.tif", None, {}),
        )
    )
    buildings = city.layer("buildings")
    assert len(buildings) == 5_047
    assert buildings.is_valid.all()
    assert "46.4% of the area" in repair(city, "units", "column residents")["fault"]
    mended = repair(city, "buildings", "invalid")
    assert mended["n"] == 51
    assert mended["area_after"] == pytest.approx(mended["area_before"], rel=1e-3)
    assert city.layer("population_cells")["residents"].sum() == pytest.approx(192_368, abs=1)


@needs_layers
def test_liechtenstein_reads_with_its_exclaves_and_the_rhine_as_a_wall(tmp_path):
    path = "gis/liechtenstein/liechtenstein.gpkg"
    city = read_city(
        project(
            tmp_path,
            ("communities", path, "units", {"id": "osm", "name": "name"}),
            ("buildings", path, "buildings", {"id": "osm", "floors": "levels"}),
            ("roads", path, "roads", {"class": "highway"}),
            ("rivers", path, "waterways", {"class": "waterway"}),
            ("railways", path, "railways", {"class": "railway"}),
        )
    )
    assert city.crs.to_epsg() == 32632
    assert len(city.layer("roads")) == 4_660
    assert (city.communities.geom_type == "MultiPolygon").sum() == 7
    rivers = city.layer("rivers")
    assert set(rivers[rivers["name"] == "Rhein"]["barrier"]) == {"wall"}
    assert set(city.layer("railways").loc[lambda table: table["class"] == "rail", "barrier"]) == {"wall"}


@needs_layers
def test_the_dirty_files_read_with_a_correct_record(tmp_path):
    wanhua = ("communities", "dirty/wanhua_base_3d_z_epsg4979.geojson", None, {"id": "CODEBASE"})
    invalid = read_city(
        project(tmp_path, ("communities", "gis/taipei_rest/taipei_base_areas_10districts.gpkg", None, CODES),
                ("buildings", "dirty/taipei_invalid_buildings.geojson", None, {}))
    )  # fmt: skip
    assert repair(invalid, "buildings", "invalid")["n"] >= 300
    assert invalid.layer("buildings").is_valid.all()
    flat = read_city(project(tmp_path, wanhua))
    assert repair(flat, "communities", "third coordinate")["n"] == 767
    assert len(flat.communities) == 767


@needs_layers
def test_the_stations_of_a_big5_shapefile_have_their_names(tmp_path):
    path = "gis/taipei_rest/taipei_base_areas_10districts.gpkg"
    city = read_city(
        project(tmp_path, ("communities", path, None, {"id": "CODEBASE"}),
                ("crossings", "dirty/big5_shapefile/TpeMRTStations_TWD97.shp", None, {"name": "NAME"}))
    )  # fmt: skip
    assert "淡水站" in set(city.layer("crossings")["name"])
    assert "cp950" in repair(city, "crossings", "text is in")["fault"]


@needs_layers
def test_precincts_in_feet_are_computed_in_metres(tmp_path):
    city = read_city(project(tmp_path, ("communities", "dirty/CO_bad_gap_region.zip", None, {"id": "PRECID"})))
    assert city.crs.to_epsg() == 32613
    assert len(city.communities) == 15
