"""What a grid's size is counted in, from the project file to the verifier: formulas, care load, further columns."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import gridopt as go
from gridopt.cli import main
from gridopt.errors import TableError
from gridopt.rules import Bounds, Rules, Size
from gridopt.units import make_units
from tests.towns import borders_of, graph_of, town, units_of

PLAIN = {"low": 300, "target": 350, "high": 500, "comfort": (330, 450), "also": {}}


def counted(city, **columns):
    """The town with further columns in its units."""
    return city.replace(layers={**city.layers, "units": city.layer("units").assign(**columns)})


def test_a_formula_sizes_grids_from_further_columns() -> None:
    """Eight units of 50 households, four of them a market street of 200 stalls: grids end where the shops say."""
    rules = Rules(size=Size(measure="households + 0.5*shops", **PLAIN))
    city = counted(town("a a a a a a a a", 50, rules=rules), shops=[200.0, 200, 0, 0, 0, 0, 200, 200])
    plan = go.draw(city, seed=3)
    sizes = (plan.units["households"] + 0.5 * plan.units["shops"]).groupby(plan.units["grid_code"]).sum()
    assert sizes.tolist() == [400, 400]
    assert plan.grids["households"].tolist() == [200, 200]
    assert plan.grids["deviation"].tolist() == pytest.approx([400 / 350 - 1] * 2)
    assert len(plan.violations) == 0


def test_care_load_of_one_area_kind_makes_its_grids_smaller() -> None:
    """Old people living alone count half a household in the old town, nothing elsewhere."""
    old = {"size": {"weight_by": {"elderly_alone": 0.5}}}
    city = town("a a a a a a a a\nb b b b b b b b", 100, rules=Rules(size=Size(**PLAIN), area={"old_town": old}))
    kinds = city.communities.assign(area_kind=["old_town", "urban"])
    units = city.layer("units").assign(area_kind="", elderly_alone=100.0)
    plan = go.draw(city.replace(communities=kinds, layers={"units": units}), seed=3)
    by_kind = plan.grids.groupby("area_kind")
    assert by_kind.size().to_dict() == {"old_town": 3, "urban": 2}
    sizes = plan.grids["households"] * np.where(plan.grids["area_kind"] == "old_town", 1.5, 1.0)
    assert plan.grids["deviation"].tolist() == pytest.approx((sizes / 350 - 1).tolist())
    assert sizes.between(300, 500).all()


def test_reasons_give_the_size_in_the_words_of_the_formula() -> None:
    rules = Rules(size=Size(weight_by={"elderly_alone": 0.5}, **PLAIN))
    city = counted(town("a a", 80, rules=rules), elderly_alone=[20.0, 40.0])
    reason = go.draw(city).violations["reason"][0]
    assert "the whole community has 190 households + 0.5*elderly_alone, fewer than 300" in reason
    chinese = go.draw(city.replace(settings=go.Settings(lang="zh"))).violations["reason"][0]
    assert "户数 + 0.5*elderly_alone 190" in chinese


def test_a_column_of_buildings_is_summed_over_units() -> None:
    city = town("a a", 100, rules=Rules(size=Size(measure="households + shops", **PLAIN)))
    places = city.layer("units").geometry.centroid.to_numpy()[[0, 0, 1]]
    houses = gpd.GeoDataFrame({"shops": [1.0, 2.0, np.nan]}, geometry=places, index=["h1", "h2", "h3"], crs=city.crs)
    units = make_units(city.replace(layers={**city.layers, "buildings": houses}))
    assert units["shops"].tolist() == [3.0, 0.0]


def test_a_missing_count_weighs_nothing_and_is_on_record() -> None:
    city = counted(town("a a a a", rules=Rules(size=Size(weight_by={"shops": 1}, **PLAIN))), shops=[1.0, np.nan, 2, 3])
    units = make_units(city)
    assert units["shops"].isna().tolist() == [False, True, False, False]
    assert [(row["fault"], row["ids"]) for row in units.attrs["repairs"]] == [("shops missing", "a02")]


@pytest.mark.parametrize(
    ("measure", "shops", "said"),
    [
        ("households + shosp", [1.0] * 4, r'no column "shosp" \(near: shops\)'),
        ("households - shops", [1.0, 500, 2, 3], "below 0 or no number in 1 of 4 rows: a02"),
        ("shops", ["1", "two", "3", "4"], 'column "shops" has 1 counts that are no numbers of 0 or more: a02'),
        ("shops", [1.0, -2, 3, 4], "a02"),
    ],
)
def test_a_measure_that_cannot_be_counted_is_refused_with_its_units(measure, shops, said) -> None:
    city = counted(town("a a a a", rules=Rules(size=Size(measure=measure, **PLAIN))), shops=shops)
    with pytest.raises(TableError, match=said):
        go.draw(city)


def test_a_bound_on_a_further_column_holds() -> None:
    """Six units in a row, the shops in the middle: one grid may hold but 30 of them."""
    rules = Rules(size=Size(**{**PLAIN, "low": 100, "target": 300, "also": {"shops": Bounds(high=30)}}))
    plan = go.draw(counted(town("a a a a a a", rules=rules), shops=[0.0, 0, 30, 30, 0, 0]))
    assert plan.units["shops"].groupby(plan.units["grid_code"]).sum().tolist() == [30, 30]


def test_every_admissible_division_by_a_formula_is_found_by_enumeration() -> None:
    """Of all cuts of a row into grids, the drawn one is admissible by the formula and the best there is."""
    rng = np.random.default_rng(11)
    for _ in range(5):
        shops = rng.integers(0, 300, 8).astype(float)
        rules = Rules(size=Size(measure="households + 0.5*shops", **PLAIN))
        city = counted(town("a a a a a a a a", 60, rules=rules), shops=shops)
        sizes = 60 + 0.5 * shops
        admissible = [cut for cut in range(1, 2**7) if _within(sizes, cut)]
        plan = go.draw(city)
        drawn = plan.units["grid_code"].to_numpy()
        if admissible:
            assert sum(1 << i for i in range(7) if drawn[i] != drawn[i + 1]) in [*admissible, 0]
        assert (len(plan.violations[plan.violations["rule"] != "size.count"]) == 0) == (
            bool(admissible) or 300 <= sizes.sum() <= 500
        )


def _within(sizes, cut: int) -> bool:
    labels = np.concatenate([[0], np.cumsum([(cut >> i) & 1 for i in range(len(sizes) - 1)])])
    return bool(((np.bincount(labels, sizes) >= 300) & (np.bincount(labels, sizes) <= 500)).all())


@pytest.fixture
def shopping_town(project):
    """The project of two communities with shops, old people and events, and rules that count all of them."""
    file = project.parent / "town.gpkg"
    units = gpd.read_file(file, layer="units")
    units = units.assign(SHOPS=np.arange(18) * 10.0, elderly_alone=np.arange(18) % 4 * 20.0)
    units.to_file(file, layer="units", driver="GPKG")
    points = units.geometry.representative_point()
    events = gpd.GeoDataFrame(
        {"kind": ["矛盾纠纷", "路灯"] * 9, "number": 3}, geometry=points.to_numpy(), crs=units.crs
    )
    events.to_file(file, layer="events", driver="GPKG")
    project.write_text(
        project.read_text(encoding="utf-8")
        + '\nshops = "SHOPS"\n[layers.events]\npath = "town.gpkg"\nlayer = "events"\n'
        + '[rules.size]\nmeasure = "households + 0.5*shops"\nlow = 300\nhigh = 800\ntarget = 600\n'
        + "also = { workload = { high = 40000 }, elderly_alone = { high = 400 } }\n"
        + "weight_by = { elderly_alone = 0.25 }\n"
        + '[rules.workload]\nservice = { households = 10, shops = 20 }\nevents = { "矛盾纠纷" = 120, other = 10 }\n'
        + 'area = 5\npatrols = 8\nstops = "households + shops"\n',
        encoding="utf-8",
    )
    return project


def run(*arguments) -> int:
    return main([str(one) for one in arguments])


def test_a_town_under_formula_care_load_and_workload_is_drawn_and_checked(shopping_town, capsys) -> None:
    out = shopping_town.parent / "out"
    assert run("draw", shopping_town, "--out", out, "--effort", "quick", "--lang", "en") == 0
    assert run("check", out, "--lang", "en") == 0, capsys.readouterr().out
    units = gpd.read_file(out / "plan.gpkg", layer="units")
    assert {"shops", "elderly_alone"} <= set(units)
    sizes = (
        (units["households"] + 0.5 * units["shops"] + 0.25 * units["elderly_alone"]).groupby(units["grid_code"]).sum()
    )
    grids = gpd.read_file(out / "plan.gpkg", layer="grids").set_index("grid_code")
    assert grids["deviation"].to_numpy() == pytest.approx((sizes / 600 - 1).reindex(grids.index).to_numpy())
    assert sizes.between(300, 800).all()
    assert grids["workload"].sum() == pytest.approx(units["workload"].sum())
    assert "households + 0.5*shops + 0.25*elderly_alone" in (out / "report.html").read_text(encoding="utf-8")
    rules = json.loads((out / "plan.json").read_text(encoding="utf-8"))["rules"]
    assert rules["size"]["weight_by"] == {"elderly_alone": 0.25}
    assert go.read_plan(out).city.rules.size.counted == "households + 0.5*shops + 0.25*elderly_alone"


@pytest.mark.parametrize(("column", "rule"), [("deviation", "sums"), ("shops", "sums")])
def test_the_verifier_counts_the_formula_anew(shopping_town, capsys, column, rule) -> None:
    out = shopping_town.parent / "out"
    run("draw", shopping_town, "--out", out, "--effort", "quick", "--lang", "en")
    layer = "grids" if column == "deviation" else "units"
    table = gpd.read_file(out / "plan.gpkg", layer=layer)
    table.loc[0, column] += 7.0
    table.to_file(out / "plan.gpkg", layer=layer, driver="GPKG")
    capsys.readouterr()
    assert run("check", out, "--json") == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert (rule, "grids") in {(fault["rule"], fault["layer"]) for fault in faults}


def test_a_misspelt_column_is_one_clear_message_before_anything_is_drawn(shopping_town, capsys) -> None:
    text = shopping_town.read_text(encoding="utf-8").replace("0.5*shops", "0.5*shosp")
    shopping_town.write_text(text, encoding="utf-8")
    assert run("draw", shopping_town, "--out", shopping_town.parent / "out", "--lang", "en") == 2
    said = capsys.readouterr().err
    assert 'no column "shosp" (near: shops)' in said
    assert said.count("\n") == 1
    assert run("inspect", shopping_town, "--lang", "zh") == 2
    assert "相近：shops" in capsys.readouterr().err


def test_measures_of_given_units_are_counted_too() -> None:
    rules = Rules(size=Size(measure="households + shops", **PLAIN))
    city = town("a a a a", rules=rules)
    units = units_of(city).assign(shops=[100.0, 0, 0, 100])
    plan = go.draw(city, units, borders=borders_of(units))
    assert plan.grids["deviation"].tolist() == pytest.approx([300 / 350 - 1] * 2)
    assert graph_of(city).measures == ("households", "residents")
    assert pd.Series(plan.units["shops"]).tolist() == [100, 0, 0, 100]
