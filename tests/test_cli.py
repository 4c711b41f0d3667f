"""The command line: exit statuses, languages, one clear message, nothing written where something is wrong."""

import json

import geopandas as gpd
import numpy as np
import pytest

from gridopt.cli import main
from gridopt.cli.words import language


def run(*arguments) -> int:
    return main([str(one) for one in arguments])


def drawn(project, *more) -> tuple[int, object]:
    out = project.parent / "out"
    return run("draw", project, "--out", out, "--effort", "quick", "--lang", "en", *more), out


def test_draw_then_check_is_whole_and_true(project, capsys) -> None:
    status, out = drawn(project)
    assert status == 0
    assert str(out / "map.html") in capsys.readouterr().out
    assert run("check", out, "--lang", "en") == 0
    assert "whole and true" in capsys.readouterr().out


def test_check_as_json_lists_no_faults_on_a_sound_folder(project, capsys) -> None:
    _, out = drawn(project)
    capsys.readouterr()
    assert run("check", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["faults"] == []


def test_check_finds_a_planted_fault_and_exits_with_1(project, capsys) -> None:
    _, out = drawn(project)
    plan = json.loads((out / "grids.geojson").read_text(encoding="utf-8"))
    plan["features"][0]["properties"]["households"] += 1
    (out / "grids.geojson").write_text(json.dumps(plan), encoding="utf-8")
    assert run("check", out, "--lang", "en") == 1
    assert "faults" in capsys.readouterr().out


def test_check_of_a_folder_without_a_plan_exits_with_2(tmp_path, capsys) -> None:
    assert run("check", tmp_path) == 2
    assert capsys.readouterr().err


def test_strict_exits_with_1_where_something_must_be_decided(project, capsys) -> None:
    units = gpd.read_file(project.parent / "town.gpkg", layer="units")
    units.loc[0, "households"] = 900.0
    units.to_file(project.parent / "town.gpkg", layer="units", driver="GPKG")
    assert drawn(project)[0] == 0
    assert "alone has 900 households" in capsys.readouterr().err
    assert drawn(project, "--strict")[0] == 1


def test_a_folder_that_is_no_plan_is_refused_before_anything_is_drawn(project, capsys) -> None:
    out = project.parent / "out"
    out.mkdir()
    (out / "precious.txt").write_text("mine", encoding="utf-8")
    assert drawn(project)[0] == 2
    assert [path.name for path in out.iterdir()] == ["precious.txt"]
    assert "not a plan folder" in capsys.readouterr().err


def test_a_time_limit_that_bites_is_on_record_and_one_that_does_not_is_not(project) -> None:
    status, out = drawn(project, "--time-limit", "3600", "--prove")
    assert status == 0
    record = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert "time_limited" not in record
    assert record["effort"] == "quick, prove"


@pytest.mark.parametrize("given", ["0", "-3", "soon", "nan"])
def test_a_time_limit_is_a_number_of_seconds(project, capsys, given) -> None:
    with pytest.raises(SystemExit) as left:
        drawn(project, f"--time-limit={given}")
    assert left.value.code == 2
    assert "number of seconds above 0" in capsys.readouterr().err


def test_bad_input_is_one_message_in_the_asked_language_and_nothing_is_written(project, capsys) -> None:
    project.write_text(project.read_text(encoding="utf-8").replace("town.gpkg", "gone.gpkg"), encoding="utf-8")
    status, out = drawn(project)
    assert status == 2
    assert "gone.gpkg" in capsys.readouterr().err
    assert not out.exists()
    assert run("draw", project, "--out", out, "--lang", "zh") == 2
    assert "gone.gpkg" in (said := capsys.readouterr().err)
    assert any("一" <= letter <= "龥" for letter in said)


def test_an_assessed_hand_edit_keeps_codes_and_moves_only_what_was_edited(project, capsys) -> None:
    _, out = drawn(project)
    units = gpd.read_file(out / "plan.gpkg", layer="units").set_index("unit_id")
    grids = units["grid_code"].value_counts()
    giver = grids.index[0]
    edge = units.index[units["grid_code"] == giver][0]
    taker = next(code for code in sorted(grids.index) if code != giver and code[:12] == giver[:12])
    units.loc[edge, "grid_code"] = taker
    units.reset_index().to_file(project.parent / "edited.gpkg", layer="units", driver="GPKG")
    mended = project.parent / "mended"
    status = run("assess", project, "--grids", project.parent / "edited.gpkg", "--out", mended, "--lang", "en")
    assert status == 0
    after = gpd.read_file(mended / "plan.gpkg", layer="units").set_index("unit_id")["grid_code"]
    assert after.to_dict() == units["grid_code"].to_dict()
    assert run("check", mended) == 0


def test_locate_names_the_grid_of_each_point(project, capsys) -> None:
    _, out = drawn(project)
    units = gpd.read_file(out / "plan.gpkg", layer="units")
    points = units.set_geometry(units.representative_point())[["unit_id", "geometry"]].to_crs("EPSG:4326")
    points.to_file(project.parent / "points.geojson", driver="GeoJSON")
    target = project.parent / "located.csv"
    assert run("locate", out, "--points", project.parent / "points.geojson", "--out", target) == 0
    table = gpd.pd.read_csv(target, dtype=str)
    assert table["grid_code"].tolist() == units["grid_code"].tolist()
    assert (table["distance_m"].astype(float) == 0).all()
    assert target.with_name("located-unmatched.csv").exists()
    assert capsys.readouterr().out.count(f"{len(units):,}") >= 2


def test_an_ending_that_cannot_be_written_is_refused(project, capsys) -> None:
    _, out = drawn(project)
    assert run("locate", out, "--points", project, "--out", "x.doc", "--lang", "en") == 2
    assert '".doc" is not offered' in capsys.readouterr().err


def test_new_writes_a_project_file_that_inspect_reads(project, capsys) -> None:
    project.unlink()
    assert run("new", project.parent, "--lang", "en") == 0
    made = next(project.parent.glob("*.toml"))
    assert run("inspect", made, "--lang", "en") == 0
    assert "units" in capsys.readouterr().out
    assert run("inspect", made, "--json") == 0
    page = project.parent / "found.html"
    assert run("inspect", made, "--html", page) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("given", "expected"), [(["--lang", "zh"], "zh"), (["--lang=en"], "en")])
def test_the_language_asked_for_wins(given, expected, monkeypatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if expected == "en" else "C")
    assert language(given) == expected


def test_the_language_follows_the_locale(monkeypatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert language([]) == "zh"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert language([]) == "en"


def test_a_fault_of_our_own_exits_with_3(project, capsys, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(np, "unique", broken)
    assert drawn(project)[0] == 3
    assert "fault of gridopt itself" in capsys.readouterr().err


def test_a_package_that_is_not_installed_is_named(project, capsys, monkeypatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'folium.plugins'", name="folium.plugins")

    monkeypatch.setattr(np, "unique", missing)
    status, out = drawn(project)
    said = capsys.readouterr().err
    assert (status, out.exists()) == (2, False)
    assert "package folium is not installed" in said
    assert "Traceback" not in said


def test_an_interrupted_run_exits_with_130_and_leaves_nothing(project, capsys, monkeypatch) -> None:
    from gridopt.publish import tables

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "workbook", interrupted)
    status, out = drawn(project)
    assert status == 130
    assert not out.exists()


def test_help_and_wrong_usage(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        run("--help")
    assert left.value.code == 0
    with pytest.raises(SystemExit) as left:
        run("drwa")
    assert left.value.code == 2
