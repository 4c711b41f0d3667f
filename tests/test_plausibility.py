import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridopt.city import City
from gridopt.errors import RuleError
from gridopt.read.basis import basis_of_column, note_mixed_bases, read_counting, stated_counts
from gridopt.read.findings import Findings
from gridopt.read.ground import _without_stated_totals
from gridopt.read.plausibility import outliers
from gridopt.read.registers import oddities

CODES = ["320402001001", "320402001002", "320402001003"]
WEST, SOUTH = 500_000.0, 3_500_000.0


def city(buildings=None, codes=None, population=None, **columns):
    """Three communities of 0.5 km2 each, side by side."""
    shapes = [shapely.box(WEST + 1000 * i, SOUTH, WEST + 1000 * (i + 1), SOUTH + 500) for i in range(3)]
    names = {"community": ["金狮社区", "银河社区", "南村"]}
    table = gpd.GeoDataFrame({**names, **columns}, index=CODES, geometry=shapes, crs="EPSG:4549")
    given = {"buildings": buildings, "codes": codes, "population": population}
    return City.from_tables(table, **{name: layer for name, layer in given.items() if layer is not None})


def found(one, check):
    table = outliers(one)
    return table[table["check"] == check].set_index("id")


def test_plausible_figures_are_no_outliers():
    assert len(outliers(city(households=[100.0, 200, 300], residents=[260.0, 500, 800], area=[750.0, 750, 755]))) == 0


@pytest.mark.parametrize(
    ("stated", "cause"),
    [([750, 750, 50], "in ha, while the other rows are in mu"),
     ([0.5, 0.5, 500_000], "in m2, while the other rows are in km2"),
     ([50, 50, 70], "another boundary"), ([50, 50, 0.5], "in km2, while the other rows are in ha")],
)  # fmt: skip
def test_an_area_in_another_unit_is_told_from_a_wrong_one(stated, cause):
    rows = found(city(area=[float(one) for one in stated]), "stated area")
    assert rows.index.tolist() == [CODES[2]]
    assert cause in rows["cause"].iloc[0]


@pytest.mark.parametrize(
    ("households", "residents", "cause"),
    [(260, 100, "swapped"), (100, 2.6e6, "10,000"), (100, 120, "empty flats"), (100, 700, "dormitory")],
)
def test_people_per_household_tells_the_likely_cause(households, residents, cause):
    rows = found(city(households=[100.0, 100, households], residents=[250.0, 250, residents]), "people per household")
    assert rows.index.tolist() == [CODES[2]]
    assert cause in rows["cause"].iloc[0]


def test_totals_with_fractions_may_be_thousands_parted_by_a_point():
    figures = {"households": [1.543, 400, 500], "residents": float("nan"), "level": "community"}
    table = pd.DataFrame(figures, index=CODES)
    rows = found(city(population=table), "totals with fractions")
    assert rows[["layer", "value", "expected"]].to_numpy().tolist() == [
        ["population", "1.543 households", "2 households"]
    ]
    assert "thousands" in rows["cause"].iloc[0]


def test_density_and_floor_area_are_checked_by_community():
    houses = gpd.GeoDataFrame(
        {
            "households": [float("nan")] * 3,
            "floor_area": [20_000.0, 20_000, 100],
            "name": "",
            "estate": "",
            "number": "",
        },
        index=["a", "b", "c"],
        geometry=[shapely.box(WEST + 1000 * i + 10, SOUTH + 10, WEST + 1000 * i + 60, SOUTH + 60) for i in range(3)],
        crs="EPSG:4549",
    )
    one = city(residents=[500.0, 0.4, 90_000], buildings=houses)
    assert found(one, "people per km2").index.tolist() == [CODES[1], CODES[2]]
    assert found(one, "floor area per person, m2").index.tolist() == [CODES[2]]


def test_totals_that_a_table_states_for_townships_are_checked():
    table = pd.DataFrame({"households": [10.0, 20, 30, 61, 60], "residents": [float("nan")] * 5},
                         index=[*CODES, "320402001000", "320402"])  # fmt: skip
    rest = _without_stated_totals(table, city().communities)
    assert rest.index.tolist() == CODES
    rows = found(city(population=rest.assign(level="community")), "sum against the stated total")
    assert rows.index.tolist() == ["320402001"]
    assert rows["expected"].iloc[0] == "61 (-1)"


def test_communities_are_checked_against_the_code_table():
    codes = pd.DataFrame({"name": ["金狮社区居委会", "北村", "东村", "远村"]},
                         index=[CODES[0], CODES[2], "320402001004", "320402002001"])  # fmt: skip
    rows = found(city(codes=codes), "code table")
    assert {i: cause.split()[0] for i, cause in rows["cause"].items()} == {
        CODES[1]: "withdrawn,", CODES[2]: "renamed,", "320402001004": "its",
    }  # fmt: skip


def test_codes_that_no_division_can_have_are_told_by_digits_and_range():
    codes = pd.DataFrame({"name": ["金狮社区", "银河社区", "南村", "缺位社区", "第一街道", "远街道"]},
                         index=[*CODES, "32040200100", "320402001000", "320402600"])  # fmt: skip
    given = city(codes=codes)
    rows, zh = found(given, "code table"), outliers(given, "zh").set_index("id")
    assert rows["expected"].to_dict() == {
        "32040200100": "4/6/9/12", "320402600": "001-099, 100-199, 200-399, 400-599"
    }  # fmt: skip
    assert zh.loc["32040200100", "cause"].startswith("缺位")
    assert "码段" in zh.loc["320402600", "cause"]


def test_codes_of_grids_are_no_slips_in_a_table_of_divisions():
    given_up = [f"{code}00{i}" for code in CODES for i in (1, 2)]
    codes = pd.DataFrame({"name": ""}, index=given_up)
    assert not len(found(city(codes=codes), "code table"))


def test_a_code_of_a_grid_beside_its_division_is_no_slip():
    sound = [*CODES, "320402001004", "320402001005", "320402001006"]
    codes = [*sound, f"{CODES[0]}001", "3204020010099"]
    assert oddities(pd.Index(codes)) == {"3204020010099": "digits"}


def test_outliers_are_said_in_chinese():
    table = outliers(city(area=[750.0, 750, 50]), "zh")
    assert table[["value", "expected", "cause"]].iloc[0].tolist() == ["50亩", "750亩", "单位应为公顷，其他行为亩"]


def stated(basis, total, measure="residents", **counting):
    table = pd.DataFrame({measure: [total]})
    table.attrs["source"] = {"columns": {measure: "n"}, "counting": {"bases": {measure: basis}, **counting}}
    return table


def test_counts_of_two_bases_are_recorded_with_their_ratio():
    tables = {"communities": stated("registered", 1000.0), "units": stated("resident", 1200.0, as_of="2025-12-31")}
    assert stated_counts(tables)["ratio"].tolist() == [1.0, 1.2]
    findings = Findings("population")
    note_mixed_bases(tables, findings)
    (repair,) = findings.repairs
    assert "units (resident, 2025-12-31)" in repair.row("en")["fault"]
    assert "1.200" in repair.row("zh")["fault"]
    assert "户籍" in repair.row("zh")["fault"]


def test_a_columns_name_may_tell_the_basis():
    assert [basis_of_column(name) for name in ("户籍人口", "常住人口（人）", "套数", "人口")] == [
        "registered", "resident", "dwellings", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "words"),
    [({"basis": "guess"}, "registered, resident"), ({"as_of": "soon"}, "not a date"),
     ({"occupancy": 85}, "occupancy = 0.85"), ({"basis": {"people": "户籍"}}, "one for each count")],
)  # fmt: skip
def test_what_is_declared_of_counts_is_checked(table, words):
    with pytest.raises(RuleError, match=words) as caught:
        read_counting(table, "[layers.population]")
    assert caught.value.text("zh") != str(caught.value)
    assert read_counting({"basis": "户籍", "occupancy": 1}, "").bases == {
        "households": "registered",
        "residents": "registered",
    }
