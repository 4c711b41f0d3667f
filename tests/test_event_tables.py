"""Events in the plan folder: by grid and year, in the layer, the workbook and the report, and kept by later stages."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from python_calamine import CalamineWorkbook

import gridopt as go
from gridopt.locate import event_table
from gridopt.read.plan_folder import read_layer
from gridopt.verify import check
from tests.towns import SOUTH, TWO_BANKS, WEST, town

TAINAN = Path(__file__).parents[2] / "shared" / "data" / "gis" / "tainan_core"


def with_events(*rows: tuple[float | None, str, str, str, float]) -> go.City:
    """A town with events: metres east of its west side (None: community only), date, community, level, number."""
    city = town(TWO_BANKS)
    shapes = [None if x is None else shapely.Point(WEST + x, SOUTH + 50) for x, *_ in rows]
    columns = dict(
        zip(("date", "community_id", "settled", "n"), zip(*(row[1:] for row in rows), strict=True), strict=True)
    )
    events = gpd.GeoDataFrame({"kind": "", **columns}, geometry=shapes, crs=city.crs)
    events.index = pd.Index([f"e{i}" for i in range(len(rows))], name="event_id")
    return city.replace(layers={**city.layers, "events": events})


@pytest.fixture(scope="module")
def plan() -> go.Plan:
    return go.draw(
        with_events(
            (50.0, "2024-03-01", "", "网格", 2),
            (50.0, "2024-03-01", "", "网格", 2),
            (50.0, "2025-03-01", "", "镇", 1),
            (450.0, "", "", "", 4),
            (None, "2025-01-01", "320411001101", "社区", 5),
            (9e6, "2025-01-01", "", "", 7),
        )
    )


def test_events_are_counted_by_grid_and_year(plan) -> None:
    table = event_table(plan).set_index(["level", "year"])
    west = plan.units["grid_code"]["a09"]
    grids = table.loc["grid"]
    assert grids.loc["2024", ["place_id", "events", "settled_grid"]].tolist() == [west, 4.0, 1.0]
    assert grids.loc["2025", "settled_township"] == 1.0
    assert grids.loc["", "events"] == 4.0
    assert grids.loc["all", "events"].sum() == 9.0
    assert table.loc["community"].loc["all", "events"].sum() == 14.0


def test_the_folder_holds_them_and_later_stages_keep_them(plan, tmp_path) -> None:
    go.publish(plan, tmp_path / "out", lang="en")
    stored = read_layer(tmp_path / "out", "events")
    pd.testing.assert_frame_equal(stored, event_table(plan), check_dtype=False, check_index_type=False)
    names = CalamineWorkbook.from_path(tmp_path / "out" / "tables.xlsx").sheet_names
    assert names[-1] == "Events"
    before = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "settled in the township" in before
    go.publish(go.read_plan(tmp_path / "out"), tmp_path / "out", lang="en")
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == before
    assert not len(check(tmp_path / "out"))


def test_a_plan_without_events_says_nothing_of_them(tmp_path) -> None:
    go.publish(go.draw(town(TWO_BANKS)), tmp_path / "out", lang="zh")
    assert not len(read_layer(tmp_path / "out", "events"))
    assert "事件统计" not in CalamineWorkbook.from_path(tmp_path / "out" / "tables.xlsx").sheet_names
    assert "事件高发地" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_verifier_adds_up_the_years(plan, tmp_path) -> None:
    table = event_table(plan)
    wrong = table.assign(events=table["events"].where(table["year"] != "all", 1.0))
    city = plan.city.replace(layers={key: value for key, value in plan.city.layers.items() if key != "events"})
    go.publish(plan.replace(city=city, details={**plan.details, "events": wrong}), tmp_path / "out")
    assert "events" in set(check(tmp_path / "out")["rule"])


PROJECT = """
[layers.communities]
path = "{tainan}/tainan_core.gpkg"
layer = "villages"
id = "VILLCODE"
name = "VILLNAME"
township = "TOWNNAME"

[layers.events]
path = "{tainan}/{file}"
"""


@pytest.mark.skipif(not TAINAN.is_dir(), reason="the layers of Tainan are not there")
@pytest.mark.parametrize(
    ("file", "columns", "said"),
    [
        (
            "event_counts_by_village_day_2015.csv",
            'community = "district_village"',
            {"community is given by name", "community is not in the community layer"},
        ),
        ("work_orders_2015.csv", "", {"longitude and latitude are swapped"}),
    ],
)
def test_both_files_of_tainan_are_read_as_a_layer_of_events(tmp_path, file, columns, said) -> None:
    text = PROJECT.format(tainan=TAINAN.as_posix(), file=file) + columns
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    city = go.read_city(tmp_path / "project.toml")
    mended = city.repairs[city.repairs["layer"] == "events"]
    assert said <= set(mended["fault"])
    assert len(city.layer("events")) > 1_500


def test_a_lone_point_beside_every_grid_is_outside() -> None:
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(9, 9, 10, 10)]
    grids = gpd.GeoDataFrame({"grid_code": ["1", "2"]}, geometry=shapes, crs="EPSG:4549")
    assert go.locate(grids, gpd.GeoSeries([shapely.Point(0.5, 9.5)], crs="EPSG:4549"))["nearest_code"].tolist() == ["1"]
