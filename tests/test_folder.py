"""The plan folder: whole or not at all, the same bytes for the same plan, and a Plan again when read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

from gridopt import contracts
from gridopt.coding import encode
from gridopt.errors import GridoptError, TableError
from gridopt.plan.stored import read_plan
from gridopt.publish import atomic, folder, geopackage
from gridopt.publish.folder import publish
from gridopt.publish.record import plain
from gridopt.read import plan_folder
from gridopt.rules import Bounds, Rules, Size
from gridopt.verify import check
from tests.folders import RULES, full_plan, made_plan, paper_pages, posts_of, reach_of, write


def content(place: Path) -> dict[str, bytes]:
    """Every file of a folder but the record of the run, by name."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(full_plan(), tmp_path_factory.mktemp("whole") / "out")


@pytest.fixture
def place(published: Path, tmp_path: Path) -> Path:
    """A folder of one's own to spoil."""
    return Path(shutil.copytree(published, tmp_path / "out"))


def test_every_file_and_layer_is_there_with_its_columns(published: Path) -> None:
    assert {path.name for path in published.iterdir()} == {*plan_folder.FILES, "figures"}
    assert sorted(plan_folder.layer_names(published)) == sorted(plan_folder.LAYERS)
    for name, columns in plan_folder.LAYERS.items():
        stored = pyogrio.read_dataframe(published / "plan.gpkg", layer=name)
        assert list(stored.columns) == list(columns), name


def test_layers_are_there_when_they_are_empty(tmp_path: Path) -> None:
    plan = full_plan()
    bare = plan.replace(buildings=plan.buildings.iloc[:0], violations=plan.violations.iloc[:0])
    layers = plan_folder.read_layers(write(bare, tmp_path / "out", staffed=False))
    assert set(layers) == set(plan_folder.LAYERS)
    for name in ("buildings", "posts", "reach", "blind_spots", "violations", "repairs"):
        assert len(layers[name]) == 0


def test_ids_and_codes_are_text_and_figures_are_numbers(published: Path) -> None:
    layers = plan_folder.read_layers(published)
    assert layers["grids"].index.tolist()[0] == "320411001101001"
    assert layers["grids"]["households"].dtype == "float64"
    assert layers["grids"]["seq"].dtype == "int64"
    assert layers["units"]["people_known"].dtype == bool
    assert layers["grids"].loc["320411001101001", "valid_from"] is None
    assert layers["grids"].crs.to_epsg() == 4549


def test_roll_ups_add_up(published: Path) -> None:
    layers = plan_folder.read_layers(published)
    township = layers["townships"].loc["320411001"]
    assert (township["n_grids"], township["n_communities"], township["households"]) == (4, 2, 1800)
    assert township.geometry.area == pytest.approx(180_000)
    assert layers["counties"].loc["320411", "residents"] == 4500


def test_two_runs_give_the_same_bytes(published: Path, tmp_path: Path) -> None:
    again = content(write(full_plan(), tmp_path / "again"))
    assert again == content(published)


def test_a_shuffled_input_gives_the_same_bytes(published: Path, tmp_path: Path) -> None:
    plan = made_plan(RULES, np.random.default_rng(3).permutation(19).tolist())
    shuffled = plan.replace(units=plan.units.iloc[::-1], grids=plan.grids.iloc[::-1], borders=plan.borders.iloc[::-1])
    assert content(write(shuffled, tmp_path / "out")) == content(published)


def test_the_files_of_a_large_plan_written_by_two_processes_are_the_same_bytes(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "LARGE", 1)
    assert content(write(full_plan(), tmp_path / "out")) == content(published)
    monkeypatch.setattr(
        folder,
        "write_geopackage",
        lambda layers, path: geopackage.write_geopackage(
            {name: table.iloc[:1] for name, table in layers.items()}, path
        ),
    )
    with pytest.raises(GridoptError, match="layer units has 1 of 18 rows"):
        write(full_plan(), tmp_path / "other")


def test_a_plan_read_back_publishes_the_same_bytes(published: Path, tmp_path: Path) -> None:
    assert content(write(read_plan(published), tmp_path / "out")) == content(published)


def test_a_plan_read_back_is_the_plan(published: Path) -> None:
    plan, stored = full_plan(), read_plan(published)
    assert stored.city.rules == plan.city.rules
    assert stored.city.crs == plan.city.crs
    assert (stored.city.name, stored.city.edition) == ("测试镇", "2023")
    assert stored.code_template == "stat15"
    assert stored.objective == plan.objective
    assert dict(stored.terms) == dict(plan.terms)
    assert stored.to_decide.empty
    assert set(stored.city.layers) == {"units", "buildings"}
    for name in ("grids", "units", "buildings", "communities"):
        meant, back = getattr(plan, name), getattr(stored, name)
        assert back.index.tolist() == meant.index.tolist()
        assert back.geometry.geom_equals(meant.geometry).all(), name
    pd.testing.assert_frame_equal(
        stored.grids[["households", "walk_mean_m", "scope"]], plan.grids[["households", "walk_mean_m", "scope"]]
    )


def test_the_real_pages_are_published_and_the_folder_passes_its_check(tmp_path: Path) -> None:
    plan = full_plan()
    first = publish(plan, tmp_path / "first", posts=posts_of(plan), reach=reach_of(plan), lang="zh")
    assert check(first).empty
    assert "第一网格" in (first / "map.html").read_text("utf-8")
    assert list((first / "figures").glob("*.png"))
    again = publish(read_plan(first), tmp_path / "again", posts=posts_of(plan), reach=reach_of(plan), lang="zh")
    assert content(again) == content(first)


def test_a_missing_count_stays_missing(tmp_path: Path) -> None:
    plan = full_plan()
    units = plan.units.assign(residents=plan.units["residents"].where(plan.units.index != "a01"))
    stored = read_plan(write(plan.replace(units=units), tmp_path / "out"))
    assert stored.units["residents"].isna().sum() == 1


def test_rules_survive_being_written_down() -> None:
    rules = Rules(
        size=Size(count={"320411001101": 3}, also={"residents": Bounds(1, 2000)}),
        area={"rural": {"size": {"low": 1, "comfort": (2, 400), "also": {"residents": Bounds(high=5)}}}},
    )
    assert Rules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
    assert Rules.from_dict(json.loads(json.dumps(Rules().to_dict()))) == Rules()


def test_a_time_limit_that_bit_and_seeds_of_its_own_are_kept(tmp_path: Path) -> None:
    plan = full_plan()
    first = plan.communities.index[0]
    facts = {"time_limited": (first,), "drawn": {first: {"seed": 3, "effort": "thorough"}}}
    place = write(plan.replace(details={**plan.details, **facts}), tmp_path / "out")
    record = plan_folder.read_record(place)
    assert record["time_limited"] == [first]
    assert record["communities"][0]["drawn"] == facts["drawn"][first]
    again = read_plan(place).details
    assert {name: again[name] for name in facts} == facts


def test_numbers_and_names_that_decisions_gave_outlive_the_folder(tmp_path: Path) -> None:
    plan = full_plan()
    unit = plan.units.index[plan.units["grid_code"] == plan.grids.index[0]][0]
    decided = {"numbers": {unit: 7}, "names": {unit: "桥头网格"}}
    plan = encode(plan.replace(details={**plan.details, "decided": decided}), "stat15")
    place = write(plan, tmp_path / "out")
    again = encode(read_plan(place), "stat15")
    code = again.units["grid_code"][unit]
    assert (again.grids["seq"][code], again.grids["name"][code]) == (7, "桥头网格")
    assert again.grids.index.tolist() == plan.grids.index.tolist()
    assert content(write(again, tmp_path / "again")) == content(place)


def test_columns_of_units_beyond_the_contract_come_back_as_layers_of_the_city(tmp_path: Path) -> None:
    plan = full_plan()
    plan = plan.replace(units=plan.units.assign(phase="一期", shops=2.0))
    units = read_plan(write(plan, tmp_path / "out")).city.layer("units")
    assert units["phase"].eq("一期").all()
    assert units["shops"].eq(2.0).all()


def test_plan_json_holds_no_nan_and_no_trace_of_the_run(published: Path) -> None:
    text = (published / "plan.json").read_text("utf-8")
    record = json.loads(text)
    assert list(record) == sorted(
        "schema city rules seed effort inputs totals objective terms bound gap violations communities".split()
    )
    assert "NaN" not in text
    assert str(Path.cwd()) not in text
    assert record["totals"] == {
        "households": 1800,
        "residents": 4500,
        "buildings": 19,
        "area_m2": 180_000,
        "grids": 4,
        "units": 18,
        "communities": 2,
    }
    assert plain({"a": float("nan"), "b": [np.inf, np.float64(1 / 3)], "c": pd.NA}) == {
        "a": None,
        "b": [None, 0.3333333333],
        "c": None,
    }


def test_run_json_knows_every_other_file(published: Path) -> None:
    run = plan_folder.read_record(published, "run.json")
    assert set(run["sha256"]) == {*plan_folder.FILES, "figures/city.png"} - {"run.json"}
    assert {"started", "finished", "peak_memory_mb", "machine", "versions", "log"} <= set(run)


def test_a_failure_leaves_the_old_folder_as_it_was(place: Path) -> None:
    before = content(place)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(full_plan(), place, staffed=False, pages=(paper_pages, fails))
    assert content(place) == before
    assert not list(place.glob(".*"))


def test_a_failure_leaves_no_folder_where_there_was_none(tmp_path: Path) -> None:
    def fails(*_: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write(full_plan(), tmp_path / "out", pages=(fails,))
    assert not (tmp_path / "out").exists()


def test_a_failure_while_moving_puts_the_old_files_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, moves = content(place), []
    replace = Path.replace

    def stumbles(self: Path, target: Path) -> Path:
        if ".new-" in str(self) and not Path(target).name.startswith(".") and Path(target).parent == place:
            moves.append(target)
            if len(moves) == 4:
                raise PermissionError("tables.xlsx is open in another program")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stumbles)
    with pytest.raises(PermissionError):
        write(full_plan(), place, staffed=False)
    monkeypatch.undo()
    assert content(place) == before
    assert not list(place.glob(".*"))


@pytest.mark.parametrize("at_once", [5, 17, 25_000])
def test_a_short_write_is_noticed_by_reading_back(place: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(place)
    monkeypatch.setattr(folder, "AT_ONCE", at_once)
    whole = geopackage.write_geopackage

    def loses_rows(layers: dict[str, object], path: Path) -> None:
        whole({**layers, "units": layers["units"].iloc[:-1]}, path)  # type: ignore[attr-defined]

    monkeypatch.setattr(folder, "write_geopackage", loses_rows)
    with pytest.raises(GridoptError, match="units has 17 of 18 rows"):
        write(full_plan(), place)
    monkeypatch.setattr(folder, "write_geopackage", lambda layers, path: Path(path).write_bytes(b""))
    with pytest.raises(GridoptError, match=r"plan\.gpkg"):
        write(full_plan(), place)
    assert content(place) == before


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(GridoptError, match="not a plan folder"):
        write(full_plan(), tmp_path / "photos")
    with pytest.raises(GridoptError, match="not a plan folder"):
        write(full_plan(), tmp_path / "photos" / "cat.jpg")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_an_empty_folder_is_taken_and_foreign_files_stay(tmp_path: Path) -> None:
    place = tmp_path / "方案 一"
    place.mkdir()
    write(full_plan(), place)
    (place / "notes.txt").write_text("mine", "utf-8")
    (place / "figures" / "photo.png").write_bytes(b"mine")
    write(full_plan(), place)
    assert (place / "notes.txt").read_text("utf-8") == "mine"
    assert (place / "figures" / "photo.png").read_bytes() == b"mine"


def test_a_figure_of_the_run_before_does_not_linger(tmp_path: Path) -> None:
    def other_figure(publication: folder.Publication, new: Path) -> None:
        paper_pages(publication, new)
        (new / "figures" / "city.png").rename(new / "figures" / "town.png")

    place = write(full_plan(), tmp_path / "out", pages=(other_figure,))
    write(full_plan(), place)
    assert [path.name for path in (place / "figures").iterdir()] == ["city.png"]


def test_leftovers_of_a_killed_run_are_cleared_and_those_of_a_living_one_stay(place: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, alive = place / f".new-{int(ended.stdout)}", place / f".new-{os.getppid()}"
    for leftover in (dead, alive):
        leftover.mkdir()
        (leftover / "plan.json").write_text("{}", "utf-8")
    write(full_plan(), place)
    assert not dead.exists()
    assert alive.exists()


def test_posts_can_be_added_to_a_stored_plan_and_the_grids_stay(published: Path, tmp_path: Path) -> None:
    place = write(full_plan(), tmp_path / "out", staffed=False)
    before = (place / "grids.geojson").read_bytes()
    stored = read_plan(place)
    write(stored, place)
    assert (place / "grids.geojson").read_bytes() == before
    assert len(plan_folder.read_layer(place, "posts")) == len(posts_of(stored))
    assert content(place) == content(published)


def test_reading_no_plan_folder_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no plan folder") as caught:
        read_plan(tmp_path)
    assert "方案文件夹" in caught.value.text("zh")


def test_a_lone_file_is_written_beside_and_devices_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "grids.csv"
    atomic.write_bytes(target, b"one")
    with pytest.raises(FileNotFoundError), atomic.beside(target) as partial:
        partial.with_name("nowhere").rename(partial)
    with pytest.raises(GridoptError, match="written whole"), atomic.beside(target) as partial:
        partial.write_bytes(b"")
    assert target.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["grids.csv"]
    with pytest.raises(GridoptError, match="not a regular file"):
        atomic.write_bytes(os.devnull, b"three")
    with pytest.raises(GridoptError, match="not a regular file"):
        atomic.write_bytes(tmp_path, b"three")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device of a full disk")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(GridoptError, match="not a regular file"):
        atomic.write_bytes("/dev/full", b"all")


def test_whole_number_ids_come_back_as_text() -> None:
    table = pd.DataFrame({"grid_code": [1.0, 2.0], "households": ["3", "4"], "fid": [1, 2]})
    back = plan_folder.typed(table, ["grid_code", "households"])
    assert back["grid_code"].tolist() == ["1", "2"]
    assert back["households"].tolist() == [3.0, 4.0]
    with pytest.raises(TableError, match="households"):
        plan_folder.typed(table.assign(households="many"), ["households"])


def test_the_buildings_layer_has_its_contract_and_the_number() -> None:
    assert set(contracts.BUILDINGS) | {"number"} == set(plan_folder.BUILDINGS)
