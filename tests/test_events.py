import csv
import datetime
import re
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from gridopt.coding.crosswalk import read_crosswalk
from gridopt.coordinates import to_offset
from gridopt.errors import TableError
from gridopt.locate import locate_events
from gridopt.publish.located import write_located
from gridopt.read.events import event_rows, parse_date, read_events
from tests.towns import CELL, SOUTH, WEST, small_plan

TAINAN = Path(__file__).parents[2] / "shared" / "data" / "gis" / "tainan_core"


@pytest.fixture
def plan():
    """Four grids; a building of 中山路12号 and two of 金狮小区 in two of a; 翠竹苑 in the sole one of b."""
    plan = small_plan()
    codes = plan.grids.index
    rows = [
        ("b1", "", "中山路12号", "", codes[0]),
        ("b2", "金狮小区", "1", "", codes[0]),
        ("b3", "金狮小区", "2", "", codes[1]),
        ("b4", "翠竹苑", "1", "", codes[3]),
    ]
    table = pd.DataFrame(rows, columns=["building_id", "estate", "number", "name", "grid_code"]).set_index(
        "building_id"
    )
    homes = table["grid_code"].map(plan.grids["community_id"])
    shapes = gpd.GeoSeries([None] * len(table), index=table.index, crs=plan.grids.crs)
    return plan.replace(buildings=gpd.GeoDataFrame(table.assign(community_id=homes), geometry=shapes))


def degrees(plan, x, y):
    """Longitude and latitude of a place in cells of the drawn town."""
    point = gpd.GeoSeries([shapely.Point(WEST + CELL * x, SOUTH + CELL * y)], crs=plan.grids.crs).to_crs(4326)
    return point.x[0], point.y[0]


def located(plan, **columns):
    return locate_events(plan, pd.DataFrame(columns))


def test_each_row_tells_the_rule_that_decided_it(plan):
    lon, lat = degrees(plan, 0.5, 0.5)
    found = located(
        plan,
        lon=[np.nan, lon, lat, np.nan, np.nan, np.nan, np.nan, np.nan],
        lat=[np.nan, lat, lon, np.nan, np.nan, np.nan, np.nan, np.nan],
        building_id=["b3", "", "", "", "", "", "", ""],
        地址=["", "", "", "中山路１２號", "翠竹苑", "", "", "金狮小区"],
        社区=["", "", "", "", "", "b社区", "a社区", ""],
    ).rows
    assert found["rule"].tolist() == [
        "building", "coordinates", "swapped", "address", "estate", "sole_grid", "community", "",
    ]  # fmt: skip
    codes = plan.grids.index
    assert found["grid_code"].tolist()[:6] == [codes[1], codes[0], codes[0], codes[0], codes[3], codes[3]]
    assert found["grid_code"].isna().tolist()[6:] == [True, True]
    assert found["reason"].tolist()[7] == "several"
    assert found["community_id"].tolist()[6] == plan.grids["community_id"].iloc[0]


def test_a_row_that_cannot_be_placed_says_why(plan):
    lon, lat = degrees(plan, -5, 0.5)
    found = located(
        plan,
        lon=[lon, 2.35, 0, np.nan, np.nan, np.nan, np.nan],
        lat=[lat, 48.86, 0, np.nan, np.nan, np.nan, np.nan],
        building_id=["", "", "", "b9", "", "", ""],
        address=["", "", "", "", "人民路1号", "健身工厂", ""],
        community=["", "", "", "", "", "", "花园社区"],
    )
    assert found.rows["reason"].tolist() == [
        "outside", "far", "no_place", "no_such_building", "no_such_address", "no_address", "no_such_community",
    ]  # fmt: skip
    assert found.rows["doubts"].tolist()[2] == "zero"
    assert found.rows["nearest_code"].tolist()[0] == plan.grids.index[0]
    assert found.rows["distance_m"][0] == pytest.approx(500, rel=1e-3)
    for lang, words in (("en", "another city or country"), ("zh", "其他城市或国家")):
        assert words in found.summary(lang)
        assert found.told(lang)["reason"].ne("").all()


def test_wrong_coordinates_give_way_to_the_community_and_are_doubted(plan):
    found = located(plan, lon=[2.35], lat=[48.86], community=["b社区"]).rows
    assert (found["rule"][0], found["doubts"][0]) == ("sole_grid", "outside")


def test_coordinates_in_another_community_than_the_row_names_are_doubted(plan):
    lon, lat = degrees(plan, 0.5, 0.5)
    found = located(plan, lon=[lon, lon], lat=[lat, lat], community=["b社区", "a社区"]).rows
    assert found["rule"].tolist() == ["coordinates", "coordinates"]
    assert found["doubts"].tolist() == ["community_differs", ""]


def test_a_code_of_another_edition_is_carried_by_the_crosswalk(plan):
    home = plan.grids["community_id"].iloc[3]
    table = pd.DataFrame({"community_id": ["320499", home]})
    assert locate_events(plan, table).rows["rule"].tolist() == ["", "sole_grid"]
    assert locate_events(plan, table, crosswalk={"320499": home}).rows["rule"].tolist() == ["sole_grid", "sole_grid"]


def test_a_former_name_or_code_is_carried_by_the_crosswalk_and_the_rule_is_named(plan, tmp_path):
    home, today = plan.grids[["community_id", "community"]].iloc[3]
    row = {"level": "village", "old_code": "320499000001", "new_code": home, "old_name": "老街村", "new_name": today}
    table = pd.DataFrame([{**row, "change": "recoded", "why": "same place"}])
    table = pd.concat([table, table.assign(old_code="9", old_name="荒村", change="doubtful")])
    events = pd.DataFrame({"community": ["老街村", "320499000001", "荒村", today]})
    table.to_csv(tmp_path / "crosswalk.csv", index=False)
    found = locate_events(plan, events, crosswalk=read_crosswalk(tmp_path / "crosswalk.csv"))
    assert found.rows["rule"].tolist() == ["sole_grid", "sole_grid", "", "sole_grid"]
    ways = [f"老街村 → {today} (same place)", f"320499000001 → {home} (same place)", "", ""]
    assert found.rows["carried"].tolist() == ways
    assert "carried by the crosswalk: 2 rows" in found.summary()


def test_dates_that_cannot_be_read_or_lie_in_the_future_are_doubted_and_counted(plan):
    table = pd.DataFrame({"community": "b社区", "date": ["2025-01-06", "06/31/2025", "2099年1月6日"], "n": [2, "x", 3]})
    found = locate_events(plan, table, today=datetime.date(2026, 1, 1))
    assert found.rows["doubts"].tolist() == ["", "date_unread;number_unread", "future"]
    assert found.account()["events"].sum() == 6
    assert "日期在未来" in found.summary("zh")


@pytest.mark.parametrize(
    "text", ["2015-01-06", "2015/1/6 8:15", "20150106", "2015年1月6日", "2015-01-06T08:15:00", "104.1.6", "42010"]
)
def test_a_day_is_read_in_the_usual_forms(text):
    assert parse_date(text) == pd.Timestamp(2015, 1, 6)


@pytest.mark.parametrize("text", ["", "06/01/2015", "2015-13-01", "昨天"])
def test_what_is_no_sure_day_is_none(text):
    assert parse_date(text) is None


def test_rows_that_repeat_an_earlier_one_are_set_aside_and_still_accounted_for(plan):
    lon, lat = degrees(plan, 0.5, 0.5)
    table = pd.DataFrame({"date": ["2025-01-06"] * 3, "lon": lon, "lat": lat, "what": ["a", "a", "b"]})
    found = locate_events(plan, table)
    assert found.rows["rule"].tolist() == ["coordinates", "repeated", "coordinates"]
    assert found.account()["rows"].sum() == 3
    bare = table.drop(columns="date")
    assert "repeated" not in locate_events(plan, bare).rows["rule"].tolist()


def test_each_grid_has_the_post_that_answers_for_it(plan):
    posts = pd.DataFrame(
        {
            "post_id": ["c", "p", "f"],
            "role": ["chief", "worker", "worker"],
            "employment": ["part_time", "part_time", "full_time"],
            "grid_code": [plan.grids.index[3]] * 3,
        }
    )
    found = locate_events(plan, pd.DataFrame({"community": ["b社区", "a社区"]}), posts=posts)
    assert found.rows["post_id"].tolist() == ["f", ""]


def test_a_table_without_any_place_is_refused_in_both_languages(plan):
    with pytest.raises(TableError, match="lon and lat") as caught:
        locate_events(plan, pd.DataFrame({"what": [1]}))
    assert "楼栋编码" in caught.value.text("zh")


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".gpkg", ".geojson"])
def test_every_row_is_written_and_what_matched_nothing_beside(plan, tmp_path, ending):
    lon, lat = degrees(plan, 0.5, 0.5)
    table = pd.DataFrame({"lon": [lon, np.nan], "lat": [lat, np.nan], "rule": ["own", "words"]})
    target, lost = write_located(locate_events(plan, table), tmp_path / f"found{ending}", lang="zh")
    sheet = partial(pd.read_excel, engine="openpyxl")
    read = {".csv": pd.read_csv, ".xlsx": sheet}.get(ending, gpd.read_file)(target)
    assert read["given_rule"].tolist() == ["own", "words"]
    assert read["rule"].tolist() == ["按坐标", "未对应"]
    missed = (sheet if ending == ".xlsx" else pd.read_csv)(lost)
    assert missed["reason"].tolist() == ["没有坐标、楼栋、地址或村（社区）"]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_no_cell_of_the_answers_runs_as_a_formula_and_metres_have_one_decimal(plan, tmp_path, ending):
    lon, lat = degrees(plan, 0.5, 0.5)
    table = pd.DataFrame({"lon": [lon + 0.1], "lat": [lat], "what": ['=HYPERLINK("http://x")'], "=1+1": ["+1"]})
    target, _ = write_located(locate_events(plan, table), tmp_path / f"found{ending}")
    if ending == ".xlsx":
        cells = list(openpyxl.load_workbook(target).active.iter_cols(values_only=False))
        assert all(cell.data_type != "f" for column in cells for cell in column)
        assert [column[1].value for column in cells[2:4]] == ['=HYPERLINK("http://x")', "+1"]
    else:
        read = pd.read_csv(target, dtype=str)
        assert read.columns[3] == "'=1+1"
        assert read.iloc[0, 2:4].tolist() == ['\'=HYPERLINK("http://x")', "'+1"]
        assert re.fullmatch(r"\d+\.\d", read["distance_m"][0])


def test_the_order_of_rows_does_not_matter(plan):
    lon, lat = degrees(plan, 0.5, 0.5)
    table = pd.DataFrame({"lon": [lon, np.nan, 0], "lat": [lat, np.nan, 0], "community": ["", "b社区", "a社区"]})
    pd.testing.assert_frame_equal(
        locate_events(plan, table.iloc[::-1]).rows.sort_index(), locate_events(plan, table).rows
    )


@pytest.fixture(scope="module")
def tainan():
    """The base areas of Tainan's core as grids of their villages; all that locating asks of a plan."""
    if not TAINAN.exists():
        pytest.skip("real layers are not here")
    source = TAINAN / "tainan_core.gpkg"
    villages = gpd.read_file(source, layer="villages").to_crs(3826).set_index("VILLCODE")
    names = {"VILLNAME": "community", "TOWNNAME": "township", "TOWN_ID": "township_id"}
    areas = gpd.read_file(source, layer="base_areas").to_crs(3826)
    grids = areas.assign(community_id=areas["VILLCODE"]).set_index("CODEBASE")[["community_id", "geometry"]]
    none = gpd.GeoDataFrame({"grid_code": [], "community_id": []}, geometry=[], crs=3826)
    city = SimpleNamespace(communities=villages.rename(columns=names))
    return SimpleNamespace(city=city, grids=grids.rename_axis("grid_code"), buildings=none)


def test_the_counts_of_tainan_are_conserved_and_known_by_village(tainan):
    file = TAINAN / "event_counts_by_village_day_2015.csv"
    found = locate_events(tainan, read_events(file))
    villages = tainan.city.communities
    codes = {town + name: code for code, town, name in villages[["township", "community"]].itertuples(name=None)}
    # Four villages are written with variants of 鹽 and 鳳 in one of the two files.
    variants = {"永康區鹽洲里": "塩洲里", "永康區鹽行里": "塩行里", "安南區鹽田里": "塩田里", "安南區鳯凰里": "鳳凰里"}
    codes |= {written: codes[written[:3] + name] for written, name in variants.items()}
    expected, elsewhere = Counter(), 0
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["district_village"] in codes:
                expected[codes[row["district_village"]]] += int(row["count"])
            else:
                elsewhere += int(row["count"])
    counted = found.facts["number"].groupby(found.rows["community_id"]).sum()
    assert counted.drop("").to_dict() == dict(expected)
    assert counted[""] == elsewhere
    assert found.account()["events"].sum() == 22_803
    assert found.account()["rows"].sum() == 11_801
    assert set(found.unmatched["reason"]) == {"no_such_township", "no_such_community"}


def test_every_work_order_of_tainan_is_accounted_for(tainan):
    file = TAINAN / "work_orders_2015.csv"
    found = locate_events(tainan, read_events(file))
    city = shapely.union_all(tainan.grids.geometry.to_numpy())
    shapely.prepare(city)
    expected, seen = Counter(), set()
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            words = tuple(row.values())
            if words in seen:
                expected["repeated"] += 1
                continue
            seen.add(words)
            expected[_where(row, city)] += 1
    kept = found.rows["rule"].where(found.rows["rule"] != "", found.rows["reason"])
    assert Counter(kept) == expected
    assert expected["swapped"] == 4
    assert expected["far"] == 1
    assert expected["no_address"] == 1
    assert found.account()["rows"].sum() == 1_732


def _where(row, city):
    if not row["lat"]:
        return "no_address"
    lon, lat = float(row["lng"]), float(row["lat"])
    kind = "coordinates"
    if lat > 90:
        lon, lat, kind = lat, lon, "swapped"
    point = gpd.GeoSeries.from_xy([lon], [lat], crs=4326).to_crs(3826).iloc[0]
    if city.intersects(point):
        return kind
    return "far" if city.distance(point) > 50_000 else "outside"


@pytest.fixture
def scattered(plan):
    """Forty points over the drawn town, in degrees of WGS84, with the community each lies in."""
    places = [(0.43 * x + 0.3, y + 0.5) for x in range(14) for y in range(3)]
    xy = np.array([degrees(plan, *place) for place in places * 3])
    communities = ["a社区" if x < 4 else "b社区" for x, _ in places * 3]
    return xy, communities


@pytest.mark.parametrize("offset", ["GCJ-02", "BD-09"])
def test_shifted_coordinates_are_told_and_undone_when_asked(plan, scattered, offset):
    xy, communities = scattered
    lon, lat = to_offset(offset, *xy.T)
    table = pd.DataFrame({"lon": lon, "lat": lat, "community": communities})
    found = locate_events(plan, table)
    assert found.shift[0] == offset
    assert f"--crs {offset}" in found.summary("en")
    assert "疑为" in found.summary("zh")
    undone = locate_events(plan, event_rows(table, crs=offset))
    assert undone.shift is None
    assert set(undone.rows["rule"]) == {"coordinates"}


def test_nothing_is_said_of_coordinates_that_fit(plan, scattered):
    xy, communities = scattered
    found = locate_events(plan, pd.DataFrame({"lon": xy[:, 0], "lat": xy[:, 1], "community": communities}))
    assert found.shift is None
    assert set(found.rows["doubts"]) == {""}
