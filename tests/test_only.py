"""One community of a stored plan drawn again: the rest byte for byte as it was, or a refusal that says why."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import pandas as pd
import pytest

import gridopt as go
from gridopt.cli import main
from gridopt.errors import RuleError
from gridopt.rules import Rules
from tests.folders import write
from tests.towns import town

THREE = """
a a a a b b b b c c
a a a a b b b b c c
a a a a b b b b c c
a a a a b b b b c c
"""
A, B, C = (f"3204110011{i:02d}" for i in (1, 2, 3))


@pytest.fixture(scope="module")
def city():
    return town(THREE)


@pytest.fixture(scope="module")
def stored(city):
    return go.draw(city, seed=7, effort="quick")


def changed(city, unit, households):
    """The city with another number of households in one unit."""
    units = city.layer("units").copy()
    units.loc[unit, "households"] = float(households)
    return city.replace(layers={**city.layers, "units": units})


def rest(plan, chosen):
    return {
        name: table[table["community_id"] != chosen]
        for name, table in (("grids", plan.grids), ("units", plan.units), ("violations", plan.violations))
    }


def same(before, after) -> None:
    for name, table in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(after[name]), pd.DataFrame(table), check_dtype=False)


def test_drawn_again_with_nothing_changed_a_plan_is_what_it_was(city, stored) -> None:
    again = go.draw_only(city, stored, communities=B)
    pd.testing.assert_frame_equal(pd.DataFrame(again.grids), pd.DataFrame(stored.grids))
    pd.testing.assert_frame_equal(pd.DataFrame(again.codes), pd.DataFrame(stored.codes), check_dtype=False)
    assert again.units["grid_code"].to_dict() == stored.units["grid_code"].to_dict()
    assert again.objective == pytest.approx(stored.objective)
    assert dict(again.terms) == pytest.approx(dict(stored.terms))
    assert again.details["drawn"] == {}


def test_narrow_grids_elsewhere_are_told_as_before(city, monkeypatch) -> None:
    monkeypatch.setattr("gridopt.grids.necks.NARROW", 1e6)
    narrow = go.draw(city, seed=7, effort="quick")
    assert {"neck"} == set(narrow.violations["rule"])
    again = go.draw_only(city, narrow, communities=B)
    pd.testing.assert_frame_equal(pd.DataFrame(again.grids), pd.DataFrame(narrow.grids))
    pd.testing.assert_frame_equal(again.violations, narrow.violations, check_dtype=False)


def test_a_changed_count_moves_only_its_own_community(city, stored) -> None:
    again = go.draw_only(changed(city, "b01", 480), stored, communities=["b社区"])
    same(rest(stored, B), rest(again, B))
    own = again.grids[again.grids["community_id"] == B]
    assert own["households"].sum() == 16 * 100 + 380
    assert own.index.tolist() == [f"{B}{i:03d}" for i in range(1, len(own) + 1)]
    assert again.objective == pytest.approx(again.communities["objective"].sum())
    assert again.objective == pytest.approx(sum(again.terms.values()))


def test_it_draws_what_the_whole_city_would_draw(city, stored) -> None:
    new = changed(city, "b01", 480)
    whole, again = go.draw(new, seed=7, effort="quick"), go.draw_only(new, stored, communities=B)
    assert again.units["grid_code"].to_dict() == whole.units["grid_code"].to_dict()
    pd.testing.assert_frame_equal(again.violations, whole.violations, check_dtype=False)
    assert again.objective == pytest.approx(whole.objective)


def test_another_seed_or_effort_is_on_record(city, stored) -> None:
    again = go.draw_only(city, stored, communities=B, seed=8, effort="standard")
    assert again.details["drawn"] == {B: {"seed": 8, "effort": "standard"}}
    assert (again.seed, again.effort) == (7, "quick")
    assert go.draw_only(city, again, communities=B).details["drawn"] == {}


def test_a_change_elsewhere_is_refused_by_name(city, stored) -> None:
    with pytest.raises(RuleError, match=r"1 other communities other units.*c社区") as refusal:
        go.draw_only(changed(city, "c02", 130), stored, communities=B)
    assert "c社区" in refusal.value.text("zh")


def test_a_rule_that_others_were_drawn_by_may_not_change_meanwhile(city, stored) -> None:
    rules = dataclasses.replace(city.rules, size=dataclasses.replace(city.rules.size, high=480.0))
    with pytest.raises(RuleError, match=r"rules\.size\.high \(urban\)"):
        go.draw_only(city.replace(rules=rules), stored, communities=B)


def test_a_rule_of_its_own_area_kind_may_change(city) -> None:
    kinds = city.communities.assign(area_kind=["urban", "old_town", "urban"])
    units = city.layer("units").assign(area_kind=lambda table: table["community_id"].map(kinds["area_kind"]))
    mixed = city.replace(communities=kinds, layers={"units": units})
    plan = go.draw(mixed, effort="quick")
    smaller = {"size": {"low": 150, "target": 200, "high": 300, "comfort": (150, 250)}}
    again = go.draw_only(
        mixed.replace(rules=Rules(area={**mixed.rules.area, "old_town": smaller})), plan, communities=B
    )
    counts = [plan.communities["n_grids"].to_dict(), again.communities["n_grids"].to_dict()]
    assert counts[1] == {**counts[0], B: 8}


def test_a_total_number_of_grids_is_still_shared_out_over_the_whole_city(city) -> None:
    counted = city.replace(rules=Rules(size=dataclasses.replace(city.rules.size, count=11)))
    plan = go.draw(counted, effort="quick")
    again = go.draw_only(counted, plan, communities=B)
    assert again.communities["n_grids"].to_dict() == plan.communities["n_grids"].to_dict()


@pytest.mark.parametrize("count", [11, {"320411001": 11}])
def test_a_total_is_kept_though_the_community_has_grown_out_of_its_share(city, count) -> None:
    counted = city.replace(rules=Rules(size=dataclasses.replace(city.rules.size, count=count)))
    plan = go.draw(counted, effort="quick")
    numbers = plan.communities["n_grids"].to_dict()
    fewer, unit = min([(A, "a01"), (B, "b01")], key=lambda one: numbers[one[0]])
    grown = changed(counted, unit, 480)
    assert go.draw(grown, effort="quick").communities["n_grids"][fewer] == numbers[fewer] + 1
    again = go.draw_only(grown, plan, communities=fewer)
    assert again.communities["n_grids"].to_dict() == numbers
    assert not again.violations["rule"].str.startswith("size.count").any()


def test_a_number_given_to_the_community_itself_may_change(city) -> None:
    def counted(count):
        return city.replace(rules=Rules(size=dataclasses.replace(city.rules.size, count=count)))

    plan = go.draw(counted({"320411001": 11, B: 4}), effort="quick")
    again = go.draw_only(counted({"320411001": 11, B: 5}), plan, communities=B)
    assert again.communities["n_grids"][B] == 5


@pytest.mark.parametrize(
    ("wanted", "said"), [("d社区", "nearest: "), (["a社区", "zz"], 'no community "zz"'), ([], "at least one")]
)
def test_an_unknown_community_is_refused(city, stored, wanted, said) -> None:
    with pytest.raises(RuleError, match=said):
        go.draw_only(city, stored, communities=wanted)


def test_a_name_that_several_communities_share_needs_the_id(city, stored) -> None:
    twins = city.replace(communities=city.communities.assign(community=["东风社区", "东风社区", "c社区"]))
    with pytest.raises(RuleError, match=f"2 communities are called.*{A}, {B}.*give the id"):
        go.draw_only(twins, stored, communities="东风社区")


def test_numbers_in_force_are_never_changed(city, stored) -> None:
    filed = stored.replace(grids=stored.grids.assign(status="filed"))
    with pytest.raises(RuleError, match="numbers in force"):
        go.draw_only(city, filed, communities=B)


def test_a_plan_of_another_city_is_refused(stored) -> None:
    with pytest.raises(RuleError, match="differ in 1 communities"):
        go.draw_only(town("a a b b\na a b b"), stored, communities=A)


def run(*arguments) -> int:
    return main([str(one) for one in (*arguments, "--lang", "en")])


def features(folder) -> dict[str, str]:
    """The text of each grid of ``grids.geojson`` as it stands, by its code."""
    lines = (folder / "grids.geojson").read_text(encoding="utf-8").splitlines()
    rows = [line.rstrip(",") for line in lines if line.startswith('{"type"') and '"Feature"' in line]
    return {json.loads(row)["id"]: row for row in rows}


def test_a_stored_plan_drawn_again_with_nothing_changed_is_the_same_folder(city, stored, tmp_path) -> None:
    before = write(stored, tmp_path / "before", staffed=False)
    again = go.draw_only(city, go.read_plan(before), communities=[A, C])
    after = write(again, tmp_path / "after", staffed=False)
    for name in ("grids.geojson", "plan.json", "plan.gpkg", "tables.xlsx", "buildings.csv"):
        assert (after / name).read_bytes() == (before / name).read_bytes(), name


def test_the_command_line_draws_one_community_of_a_folder_again(project) -> None:
    out = project.parent / "out"
    assert run("draw", project, "--out", out, "--effort", "quick", "--seed", 3) == 0
    listed = features(out)
    units = gpd.read_file(project.parent / "town.gpkg", layer="units")
    units.loc[units["community_id"].str.endswith("02"), "households"] = 150.0
    units.to_file(project.parent / "town.gpkg", layer="units", driver="GPKG")
    assert run("draw", project, "--out", out, "--only", "b社区", "--seed", 5) == 0
    after = features(out)
    own = {code for code in (*listed, *after) if code.startswith(B)}
    assert {code: after[code] for code in after.keys() - own} == {code: listed[code] for code in listed.keys() - own}
    assert any(after.get(code) != listed.get(code) for code in own)
    assert run("check", out) == 0
    record = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert [one.get("drawn") for one in record["communities"]] == [None, {"seed": 5, "effort": "quick"}]


def test_only_needs_a_plan_that_is_there(project, capsys) -> None:
    assert run("draw", project, "--out", project.parent / "none", "--only", "b社区") == 2
    assert "no plan folder" in capsys.readouterr().err
    assert not (project.parent / "none").exists()


def test_an_unknown_community_writes_nothing_and_exits_with_2(project, capsys) -> None:
    out = project.parent / "out"
    assert run("draw", project, "--out", out, "--effort", "quick") == 0
    stamps = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert run("draw", project, "--out", out, "--only", "桃花社区") == 2
    assert "桃花社区" in capsys.readouterr().err
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == stamps
