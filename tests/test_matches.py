import re

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from gridopt.errors import TableError
from gridopt.grids.buildings import building_table
from gridopt.publish.inspection import inspection_text
from gridopt.read.city import read_city
from gridopt.read.matches import Place, match_rows, place_names
from gridopt.read.names import administrative, alike, building_name, likeness
from gridopt.units.make import make_units

CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
EAST_CODE, WEST_CODE = "320402001002", "320402001001"


@pytest.mark.parametrize(
    ("one", "other"),
    [("金狮小区５号楼", "金狮小区 5#"), ("金狮小区五幢", "金狮小区5栋"), ("金狮小区十二号楼", "金狮小区12幢"),
     ("金獅".replace("獅", "狮") + "小區05棟", "金狮小区5幢"), ("银河（北）苑", "银河(北)苑"), ("Ａ座", "a座"),
     ("一百零五号楼", "105#楼")],
)  # fmt: skip
def test_names_written_by_different_hands_are_one(one, other):
    assert alike(one) == alike(other)


@pytest.mark.parametrize("one", ["金狮社区居委会", "金狮社区居民委员会", "金狮居委会", "金 狮 社区", "金狮"])
def test_a_community_is_the_same_with_or_without_its_committee(one):
    assert administrative(one).is_same(administrative("金狮社区"))


def test_a_village_and_a_community_of_one_name_are_two():
    assert not administrative("金狮村委会").is_same(administrative("金狮社区"))


def test_a_stairwell_belongs_to_its_building():
    assert building_name("金狮小区", "5幢2单元", "") == ("金狮小区5栋", "2单元")
    assert building_name("", "", "金狮小区5号楼2单元") == ("金狮小区5栋", "2单元")
    assert building_name("金狮小区", "05", "") == ("金狮小区5栋", "")


def test_different_numbers_are_never_alike():
    assert likeness("金狮小区5栋", "金狮小区6栋") == 0
    assert likeness("金狮5栋", "金狮小区5栋") == 1


def places():
    table = pd.DataFrame({"name": ["", "", "银河苑1幢"], "estate": ["金狮小区", "金狮小区", ""],
                          "number": ["5号楼", "6号楼", ""], "alias": ["", "公寓楼", ""]})  # fmt: skip
    names = place_names(table, "buildings")
    return [Place(f"h{i}", "c1", own, f"house {i}") for i, own in enumerate(names)]


def matched(confirmed=None, **words):
    rows = pd.DataFrame([{key: words.get(key, "") for key in ("township", "community", "estate", "name", "number")}])
    communities = pd.DataFrame({"community": ["西社区", "东社区"], "township_id": ["t", "t"]}, index=["c1", "c2"])
    return match_rows(rows, places(), communities, confirmed or {}).iloc[0]


@pytest.mark.parametrize(
    ("words", "status", "target", "why"),
    [
        ({"estate": "金狮小区", "number": "5#"}, "matched", "h0", "alike"),
        ({"community": "西社区", "estate": "金狮小区", "number": "六幢"}, "matched", "h1", "alike"),
        ({"name": "公寓楼"}, "matched", "h1", "alike"),
        ({"estate": "金狮", "number": "5幢"}, "doubtful", "h0", "similar"),
        ({"estate": "金狮小区", "number": "7幢"}, "unmatched", "", "nothing"),
        ({"community": "东社区", "estate": "金狮小区", "number": "5幢"}, "unmatched", "", "nothing"),
        ({"community": "南社区", "estate": "金狮小区", "number": "5幢"}, "unmatched", "", "community"),
    ],
)
def test_a_row_is_matched_only_where_one_place_bears_its_words(words, status, target, why):
    match = matched(**words)
    assert (match.status, match.target, match.why) == (status, target, why)


def test_a_row_that_was_confirmed_counts_as_confirmed():
    words = {"estate": "金狮", "number": "5幢"}
    assert matched({"金狮 / 5幢": "h0"}, **words).status == "matched"
    assert matched({"金狮 / 5幢": ""}, **words).why == "left_out"


def box(x, y, width=20.0, height=20.0):
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + height)


@pytest.fixture
def town(tmp_path):
    """Two communities; three houses, an estate and a spreadsheet of households by house in the western one."""
    lands = gpd.GeoDataFrame({"code": [WEST_CODE, EAST_CODE], "name": ["西社区", "东社区"]},
                             geometry=[box(0, 0, 200, 200), box(200, 0, 200, 200)], crs=CRS)  # fmt: skip
    lands.to_file(tmp_path / "communities.gpkg")
    houses = gpd.GeoDataFrame({"id": ["h1", "h2", "h3"], "number": ["1号楼", "2号楼", "3号楼"]},
                              geometry=[box(10, 10), box(40, 10), box(230, 10)], crs=CRS)  # fmt: skip
    houses.to_file(tmp_path / "buildings.gpkg")
    estates = gpd.GeoDataFrame({"id": ["e1"], "name": ["金狮小区"]}, geometry=[box(0, 0, 100, 100)], crs=CRS)
    estates.to_file(tmp_path / "estates.gpkg")
    return tmp_path


def counted(town, rows, level="buildings", further=""):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(town / "户数.xlsx")
    (town / "p.toml").write_text(
        '[layers.communities]\npath = "communities.gpkg"\nid = "code"\n'
        '[layers.buildings]\npath = "buildings.gpkg"\nid = "id"\n[layers.estates]\npath = "estates.gpkg"\nid = "id"\n'
        f'[layers.population]\npath = "户数.xlsx"\nlevel = "{level}"\n{further}',
        encoding="utf-8",
    )
    return read_city(town / "p.toml")


HEAD = ["社区", "小区", "楼号", "户数", "人口"]
ROWS = [["西社区户数表"], HEAD, ["西社区", "金狮小区", "1幢", 30, 80], ["西社区", "金狮", "2#", "1,020户", 50],
        ["东社区", "无名苑", "9幢", 7, 20], ["合计", None, None, 1057, 150]]  # fmt: skip


def test_a_table_without_shapes_joins_buildings_by_name_and_counts_only_what_is_sure(town, caplog):
    city = counted(town, ROWS)
    table = city.layer("population")
    assert table["households"].to_dict() == {"h1": 30}
    assert table.attrs["matches"].table()["status"].tolist() == ["doubtful", "unmatched", "matched"]
    assert "[layers.population] rows that may stand for a place: 1,020 households" in caplog.text
    doubtful = city.repairs[city.repairs["fault"].str.contains("may stand")].iloc[0]
    assert "1,020 households, 50 residents" in doubtful["fault"]
    as_text = city.repairs[city.repairs["fault"].str.contains("written as text")].iloc[0]
    assert as_text["ids"] == "row 4", "the number that the spreadsheet shows beside it"
    in_chinese = read_city(town / "p.toml", lang="zh").repairs
    assert in_chinese[in_chinese["fault"].str.contains("数字带有文字")].iloc[0]["ids"] == "第4行"


def test_rows_that_count_no_residents_are_not_told_as_nobody(town):
    city = counted(town, [["小区", "户数"], ["银河苑", 30], ["金狮小区", 70]], level="estates")
    said = city.repairs[city.repairs["fault"].str.contains("no known place")].iloc[0]["fault"]
    assert said.endswith("place: 30 households")


def test_a_form_with_notes_and_a_head_of_two_rows_is_read(town):
    rows = [["人口统计表"], ["社区", "人口数", None], [None, "合计", "男"], ["西社区", 80, 40], ["东社区", 20, 9],
            ["小计", 101, 49], ["注：人口为户籍人口"], ["填表人：张三", "审核人：李四"]]  # fmt: skip
    city = counted(town, rows, level="community")
    assert city.layer("population")["residents"].to_dict() == {WEST_CODE: 80, EAST_CODE: 20}
    told = city.repairs.set_index("fault")["ids"].to_dict()
    assert told["notes below the table"] == "row 7;row 8"
    assert told["row of totals: column 人口数/合计 states 101, its rows sum to 100 (difference +1)"] == "row 6"


def test_a_cell_that_is_no_number_is_named_and_its_column_not_passed_over(town):
    with pytest.raises(TableError, match=r'column "户数": 1 values are no number: row 3 \(约30\)'):
        counted(town, [["社区", "户数"], ["西社区", 80], ["东社区", "约30"], ["合计", 110]], level="community")


def test_a_column_in_ten_thousands_counts_people_one_by_one(town):
    city = counted(town, [["社区", "人口(万人)"], ["西社区", 0.07], ["东社区", "0.2万"]], level="community")
    assert city.layer("population")["residents"].to_dict() == {WEST_CODE: 700, EAST_CODE: 2000}
    assert "column 人口(万人) counts in ten thousands" in city.repairs["fault"].tolist()


def test_codes_given_twice_are_named_where_nothing_else_tells_the_rows(town):
    rows = [["编码", "户数"], [WEST_CODE, 80], [WEST_CODE, 30]]
    with pytest.raises(TableError, match='ids in column "编码" are missing or occur more than once'):
        counted(town, rows, level="community")


NO_WORDS = r"""[\w./]+\.(gpkg|xlsx)|EPSG:\d+|\[[a-z._]+\]|gridopt inspect|--sheets|matches =|（use）|m2"""
"""What a Chinese text takes over as it stands: files, codes, tables and keys of the project file, commands."""


def test_a_chinese_inspection_is_in_chinese(town):
    city = counted(town, [*ROWS[:-1], ["北社区", "金狮小区", "3幢", 7, "20人"], ["合计", None, None, 1, 1], ["注：无"]])
    city = read_city(town / "p.toml", lang="zh")
    tables = {block.split("\n")[0]: block for block in inspection_text(city).split("\n\n")}
    del tables["图层"], tables["列的识别"]
    said = re.sub(
        NO_WORDS,
        "",
        "\n".join([*tables.values(), city.layer("population").attrs["matches"].table("zh")["why"].str.cat()]),
    )
    assert re.findall(r"[A-Za-z]{3,}", said) == []
    assert "所属社区未知：北社区" in said
    assert "户数 人口 30" in " ".join(tables["合计"].split())


def test_a_corrected_sheet_of_matches_is_fed_back(town):
    sheet = counted(town, ROWS).layer("population").attrs["matches"].table("zh")
    from gridopt.read.matches import HEADINGS

    sheet = sheet.rename(columns={key: words[1] for key, words in HEADINGS.items()})
    sheet["确认"] = ["是", "h3", ""]
    sheet.to_excel(town / "对应.xlsx", index=False)
    city = counted(town, ROWS, further='matches = "对应.xlsx"\n')
    assert city.layer("population")["households"].to_dict() == {"h1": 30, "h2": 1020, "h3": 7}
    sheet["确认"] = ["-", "h9", ""]
    sheet.to_excel(town / "对应.xlsx", index=False)
    with pytest.raises(TableError, match="1 rows are confirmed as a place that does not exist"):
        counted(town, ROWS, further='matches = "对应.xlsx"\n')


def test_rows_of_the_same_words_must_be_confirmed_alike(town):
    rows = [HEAD, ["西社区", "金狮小区", "2幢", 5, 9], ["西社区", "金狮小区", "2幢", 6, 9]]
    sheet = counted(town, rows).layer("population").attrs["matches"].table()
    further = 'matches = "m.xlsx"\n'
    for answers in (["yes", "-"], ["yes", ""]):
        sheet.assign(confirmed=answers).to_excel(town / "m.xlsx", index=False)
        with pytest.raises(
            TableError, match="1 entries stand in several rows that are not confirmed alike: 西社区 / 金"
        ):
            counted(town, rows, further=further)
    sheet.assign(confirmed="yes").to_excel(town / "m.xlsx", index=False)
    assert counted(town, rows, further=further).layer("population")["households"].to_dict() == {"h2": 11}


def test_counts_of_a_table_of_buildings_stand_in_the_table_of_buildings_and_shared_ones_do_not(town):
    units = gpd.GeoDataFrame(
        {"grid_code": ["1"], "community_id": [WEST_CODE]}, geometry=[shapely.box(-1e6, -1e6, 1e7, 1e7)], index=["u"]
    )
    city = counted(town, [HEAD, ["西社区", "金狮小区", "1幢", 30, 80]])
    assert building_table(city, units.set_crs(city.crs))["households"].dropna().to_dict() == {"h1": 30}
    city = counted(town, [["小区名称", "户数"], ["金狮小区", 30]], level="estates")
    assert building_table(city, units.set_crs(city.crs))["households"].isna().all()


def test_two_rows_for_one_building_are_doubtful_but_its_stairwells_add_up(town):
    rows = [HEAD, ["西社区", "金狮小区", "1幢1单元", 10, 20], ["西社区", "金狮小区", "1幢2单元", 12, 30],
            ["西社区", "金狮小区", "2幢", 5, 9], ["西社区", "金狮小区", "2#", 6, 9]]  # fmt: skip
    table = counted(town, rows).layer("population")
    assert table["households"].to_dict() == {"h1": 22}
    assert set(table.attrs["matches"].table()["why"]) >= {"another row stands for the same place"}


def test_communities_and_estates_are_joined_by_name(town):
    city = counted(town, [["社区", "户数"], ["西社区居委会", 30], ["东", 50]], level="community")
    assert city.layer("population")["households"].to_dict() == {WEST_CODE: 30, EAST_CODE: 50}
    city = counted(town, [["小区名称", "户数"], ["金狮小区", 30]], level="estates")
    assert city.layer("population")["households"].to_dict() == {"e1": 30}


def test_the_name_of_a_row_that_counts_a_community_is_the_communitys(town):
    city = counted(
        town, [["行政村名", "户数"], ["西社区", 30], ["东 社 区", 50]], level="community", further='name = "行政村名"\n'
    )
    assert city.layer("population")["households"].to_dict() == {WEST_CODE: 30, EAST_CODE: 50}


def test_a_table_of_which_no_row_is_matched_is_on_record_and_asks_for_no_units(town):
    city = counted(town, [["社区", "户数"], ["南门村", 30]], level="community")
    assert len(city.layer("population")) == 0
    assert city.repairs["fault"].str.contains("no known place").any()


def test_households_follow_from_dwellings_only_at_a_stated_occupancy(town):
    rows = [["小区名称", "套数"], ["金狮小区", 200]]
    assert counted(town, rows, level="estates").layer("population")["households"].isna().all()
    city = counted(town, rows, level="estates", further="occupancy = 0.85\n")
    assert city.layer("population")["households"].to_dict() == {"e1": 170}


def test_an_occupancy_of_buildings_counts_their_households(town):
    houses = gpd.read_file(town / "buildings.gpkg").assign(flats=[40, 60, 20])
    houses.to_file(town / "buildings.gpkg")
    text = (
        '[layers.communities]\npath = "communities.gpkg"\nid = "code"\n'
        '[layers.buildings]\npath = "buildings.gpkg"\nid = "id"\noccupancy = 0.5\n'
    )
    (town / "p.toml").write_text(text + 'dwellings = "flats"\n', encoding="utf-8")
    city = read_city(town / "p.toml")
    assert city.layer("buildings")["households"].to_dict() == {"h1": 20, "h2": 30, "h3": 10}
    assert "only dwellings are known" in city.repairs["fault"].tolist()
    assert make_units(city)["households"].sum() == 60
    houses.drop(columns="flats").to_file(town / "buildings.gpkg")
    (town / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=r"occupancy = 0.5 needs the dwellings"):
        read_city(town / "p.toml")


def test_two_columns_that_may_be_the_count_are_asked_about(town):
    with pytest.raises(TableError, match='"户籍人口", "常住人口"'):
        counted(town, [["小区名称", "户籍人口", "常住人口"], ["金狮小区", 200, 300]], level="estates")


def test_counts_of_buildings_and_estates_reach_the_units_whole(town):
    rows = [
        HEAD,
        ["西社区", "金狮小区", "1幢", 30, 80],
        ["西社区", "金狮小区", "2#", 41, 50],
        ["东社区", "", "3幢", 7, 20],
    ]
    units = make_units(counted(town, rows))
    totals = units.groupby("community_id")[["households", "residents"]].sum()
    assert totals.loc[WEST_CODE].tolist() == [71, 130]
    assert totals.loc[EAST_CODE].tolist() == [7, 20]


def test_an_estates_count_is_shared_out_over_its_buildings_and_conserved(town):
    from gridopt.units.keyed import with_keyed_counts

    city = with_keyed_counts(counted(town, [["小区", "户数"], ["金狮小区", 31]], level="estates"))
    assert city.layer("buildings")["households"].fillna(-1).tolist() == [16, 15, -1]
