import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.contracts import BUILDINGS, REACH
from gridopt.coverage import reach
from gridopt.coverage.demand import demand
from gridopt.coverage.tiers import Tiers
from gridopt.errors import RuleError, TableError
from tests.towns import CELL, CRS, SOUTH, WEST, small_plan

A1, A2, A3, B1 = "320411001101001", "320411001101002", "320411001101003", "320411001102001"
A, B = "320411001101", "320411001102"


@pytest.fixture(scope="module")
def plan():
    """Three rows of six cells; a1 has the columns 0-1, a2 column 2, a3 column 3, b1 the columns 4-5."""
    return encode(small_plan())


def cell(x, y):
    """The middle of a cell, counted from the south-western one."""
    return shapely.Point(WEST + CELL * (x + 0.5), SOUTH + CELL * (y + 0.5))


def facilities(*tiers_and_cells):
    return gpd.GeoDataFrame(
        {"tier": [tier for tier, *_ in tiers_and_cells]}, geometry=[cell(x, y) for _, x, y in tiers_and_cells], crs=CRS
    )


def with_tiers(plan, **tiers):
    return plan.replace(city=plan.city.replace(settings=Settings(tiers=tiers)))


def with_kind(plan, community, kind):
    kinds = plan.grids["area_kind"].where(plan.grids["community_id"] != community, kind)
    return plan.replace(grids=plan.grids.assign(area_kind=kinds))


def with_buildings(plan, rows):
    """``rows``: (building id, unit id, use, floors, households, geometry)."""
    table = gpd.GeoDataFrame(
        [{"building_id": b, "unit_id": u, "use": use, "floors": f, "households": h} for b, u, use, f, h, _ in rows],
        geometry=[shape for *_, shape in rows],
        crs=CRS,
    ).set_index("building_id")
    table = table.assign(name="", estate="", grid_code="", community_id=A)
    return plan.replace(buildings=table[BUILDINGS[1:]])


def shares(table, level, tier="1"):
    rows = table[(table["level"] == level) & (table["tier"] == tier)]
    return dict(zip(rows["place_id"], rows["share"].round(6), strict=True))


def test_people_within_the_limit_of_the_nearest_facility_are_reached(plan):
    # 500 m east of the middle of cell (0, 0) lies that of (5, 0); (5, 1) and (5, 2) lie farther
    table = reach(plan, facilities(("1", 0, 0)))
    assert shares(table, "grid") == {A1: 1, A2: 1, A3: 1, B1: round(4 / 6, 6)}
    assert shares(table, "community") == {A: 1, B: round(4 / 6, 6)}
    assert shares(table, "township") == {"320411001": round(16 / 18, 6)}
    assert shares(table, "city") == {"city": round(16 / 18, 6)}


def test_the_table_is_the_contract_with_a_row_a_place_and_tier(plan):
    table = reach(plan, facilities(("1", 0, 0)))
    assert table.columns.tolist() == REACH
    assert len(table) == (4 + 2 + 1 + 1) * 3
    assert table["level"].drop_duplicates().tolist() == ["grid", "community", "township", "city"]
    assert table.iloc[:3][["place_id", "tier", "limit_m"]].to_numpy().tolist() == [
        [A1, "1", 500],
        [A1, "2", 1000],
        [A1, "3", 10000],
    ]
    assert table["place"].tolist()[0] == "a社区第一网格"
    assert table["place"].tolist()[-1] == "测试镇"
    assert table.groupby(["level", "tier"])[
        ["residents", "households"]
    ].sum().drop_duplicates().to_numpy().tolist() == [[18 * 250, 18 * 100]]


def test_a_tier_without_a_facility_reaches_nobody(plan):
    table = reach(plan, facilities(("1", 0, 0)))
    assert shares(table, "city", "2") == {"city": 0}
    assert not table[table["tier"] == "2"]["met"].any()


def test_a_place_meets_the_target_by_its_share(plan):
    table = reach(with_tiers(plan, target=2 / 3), facilities(("1", 0, 0)))
    assert table[table["tier"] == "1"]["met"].all()
    stricter = reach(with_tiers(plan, target=0.67), facilities(("1", 0, 0)))
    assert stricter[~stricter["met"] & (stricter["tier"] == "1")]["place_id"].tolist() == [B1, B]


def test_the_hundred_preset_halves_the_first_grid(plan):
    # within 100 m of (0, 0) are (0, 0), (1, 0) and (0, 1), of six cells
    assert shares(reach(with_tiers(plan, preset="hundred"), facilities(("1", 0, 0))), "grid")[A1] == 0.5


def test_a_village_asks_for_a_facility_of_its_own_whatever_the_distance(plan):
    rural = with_kind(plan, B, "rural")
    table = reach(rural, facilities(("1", 3, 0)))
    assert shares(table, "community") == {A: 1, B: 0}
    assert table.query("tier == '1' and level == 'community'")["limit_m"].isna().tolist() == [False, True]
    assert table.query("tier == '1' and level == 'city'")["limit_m"].isna().all()
    assert shares(reach(rural, facilities(("1", 4, 0))), "community")[B] == 1


def test_limits_can_be_set_by_area_kind_and_tiers_named(plan):
    tiers = {"names": ["room", "station"], "limits": {"default": [100, 1000], "old_town": [250, "village"]}}
    table = reach(with_tiers(with_kind(plan, B, "old_town"), **tiers), facilities(("room", 4, 0), ("station", 4, 0)))
    assert shares(table, "grid", "room")[B1] == 1
    assert shares(table, "grid", "room")[A3] == round(1 / 3, 6)
    assert table.query("tier == 'station' and level == 'community'")["limit_m"].isna().tolist() == [False, True]


def test_facilities_in_another_crs_are_reprojected_and_polygons_stand_for_a_point_inside(plan):
    given = facilities(("1", 0, 0))
    boxes = given.set_geometry(given.buffer(20, cap_style="square"))
    pd.testing.assert_frame_equal(reach(plan, given), reach(plan, boxes))
    assert (
        shares(reach(with_tiers(plan, limits={"default": [501, 1000, 9000]}), given.to_crs(4326)), "grid")[B1]
        == 0.666667
    )


def test_facilities_of_the_city_are_taken_where_none_are_given(plan):
    given = facilities(("1", 0, 0))
    city = plan.city.replace(layers={**plan.city.layers, "facilities": given})
    pd.testing.assert_frame_equal(reach(plan.replace(city=city)), reach(plan, given))


def test_without_facilities_the_table_has_no_rows(plan):
    assert reach(plan).empty
    assert reach(plan).columns.tolist() == REACH
    assert reach(plan, facilities()).empty


def test_a_place_without_people_has_no_share_and_meets_every_target(plan):
    units = plan.units.assign(residents=plan.units["residents"].where(plan.units["grid_code"] != A2, np.nan))
    units = units.assign(households=units["households"].where(units["grid_code"] != A2, np.nan))
    row = reach(plan.replace(units=units), facilities(("1", 0, 0))).query("place_id == @A2 and tier == '2'").iloc[0]
    assert np.isnan(row["share"])
    assert row["met"]
    assert row["residents"] == 0


def test_where_no_residents_are_counted_the_share_is_of_households(plan):
    households_only = plan.replace(units=plan.units.assign(residents=np.nan))
    assert shares(reach(households_only, facilities(("1", 0, 0))), "grid")[B1] == round(4 / 6, 6)


def test_people_live_in_the_homes_of_their_unit_by_floor_area(plan):
    west, east = (shapely.box(WEST + x, SOUTH + 10, WEST + x + 10, SOUTH + 20) for x in (0, 80))
    unit = plan.units.index[plan.units.geometry.contains(east)][0]
    rows = [
        ("h1", unit, "", 3, np.nan, west),
        ("h2", unit, "住宅", np.nan, 40, east),
        ("s", unit, "school", 9, 9, east),
    ]
    people = demand(with_buildings(plan, rows))
    at_home = people[people["y"] == SOUTH + 15]
    assert at_home["residents"].tolist() == [250 * 3 / 4, 250 * 1 / 4]
    assert people[["residents", "households"]].sum().tolist() == [4500, 1800]
    assert len(people) == 17 + 2


def test_people_live_by_households_where_all_are_known(plan):
    west, east = (shapely.box(WEST + x, SOUTH + 10, WEST + x + 10, SOUTH + 20) for x in (0, 80))
    unit = plan.units.index[plan.units.geometry.contains(east)][0]
    people = demand(with_buildings(plan, [("h1", unit, "", 30, 10, west), ("h2", unit, "", 1, 40, east)]))
    assert people[people["y"] == SOUTH + 15]["residents"].tolist() == [50, 200]


def test_buildings_outside_every_unit_hold_nobody(plan):
    lost = with_buildings(plan, [("h1", "", "", 3, 5, shapely.Point(0, 0))])
    pd.testing.assert_frame_equal(demand(lost), demand(plan))


def test_shares_are_those_of_a_naive_loop(plan):
    rng = np.random.default_rng(11)
    units = plan.units.assign(residents=rng.integers(0, 90, len(plan.units)).astype(float))
    given = facilities(*[(str(rng.integers(1, 4)), rng.uniform(-4, 9), rng.uniform(-4, 6)) for _ in range(5)])
    limits = [220, 310, 480]
    table = reach(with_tiers(plan, limits={"default": limits}).replace(units=units), given)
    for row in table[table["level"] == "grid"].itertuples():
        limit = limits[int(row.tier) - 1]
        near = given[given["tier"] == row.tier].geometry
        members = units[units["grid_code"] == row.place_id]
        reached = [u.residents for u in members.itertuples() if (near.distance(u.geometry.centroid) <= limit).any()]
        assert row.residents_reached == sum(reached)
        assert row.share == pytest.approx(sum(reached) / members["residents"].sum())


def test_the_table_does_not_depend_on_row_order(plan):
    given = facilities(("1", 0, 0), ("2", 5, 2), ("1", 3, 1))
    other = plan.replace(units=plan.units.iloc[::-1], grids=plan.grids.iloc[::-1])
    pd.testing.assert_frame_equal(reach(plan, given), reach(other, given.iloc[::-1]))


def test_facilities_of_unknown_tiers_are_refused_with_the_known_ones(plan):
    with pytest.raises(RuleError, match=r"2 rows .*: centre, room; it has 1, 2, 3") as caught:
        reach(plan, facilities(("room", 0, 0), ("centre", 0, 0), ("1", 0, 0)))
    assert "层级" in caught.value.text("zh")


def test_facilities_without_tier_place_or_crs_are_refused(plan):
    given = facilities(("1", 0, 0), ("2", 1, 1))
    with pytest.raises(TableError, match="lacks the columns tier"):
        reach(plan, given.drop(columns="tier"))
    with pytest.raises(TableError, match="1 rows lack a tier or a place"):
        reach(plan, given.assign(tier=["1", None]))
    with pytest.raises(TableError, match="no CRS"):
        reach(plan, given.set_crs(None, allow_override=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nmaes": ["a"]}, "did you mean names"),
        ({"preset": "hundreds"}, "did you mean hundred"),
        ({"names": ["1", "1", "2"]}, "each once"),
        ({"names": ["1", "2"]}, r"limits\.default is needed"),
        ({"limits": {"rurall": [1, 2, 3]}}, "did you mean rural"),
        ({"limits": {"rural": [500, 1000]}}, "3 limits for 1, 2, 3"),
        ({"limits": {"rural": ["town", 1000, 2000]}}, "metres above 0"),
        ({"target": 90}, "target = 90"),
    ],
)
def test_settings_that_cannot_hold_are_refused(settings, message):
    with pytest.raises(RuleError, match=message):
        Tiers.from_settings(settings)
