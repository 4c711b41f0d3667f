"""The verifier: a whole folder passes, also one that another program rewrote; every planted fault is found."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gridopt.errors import TableError
from gridopt.rules import Rules, Size
from gridopt.verify import check
from tests.folders import RULES, full_plan, made_plan, write

A, A1, A2, A3 = "320411001101", "320411001101001", "320411001101002", "320411001101003"
B, B1 = "320411001102", "320411001102001"
BOW_TIE = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
INFINITY = float("inf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(full_plan(), tmp_path_factory.mktemp("whole") / "out")


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def rewrite(place: Path, change: Callable[[str, Any], Any] = lambda _, table: table, *, turned: bool = False) -> None:
    """Write ``plan.gpkg`` anew by GDAL's defaults, each layer through ``change``."""
    path = place / "plan.gpkg"
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    tables = {name: change(name, pyogrio.read_dataframe(path, layer=name)) for name in names}
    path.unlink()
    for name in reversed(names) if turned else names:
        pyogrio.write_dataframe(tables[name], path, layer=name, driver="GPKG")


def edit(layer: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """A fault planted in one layer; the others stay as they are."""

    def planted(place: Path) -> None:
        table = change(pyogrio.read_dataframe(place / "plan.gpkg", layer=layer))
        pyogrio.write_dataframe(table, place / "plan.gpkg", layer=layer, driver="GPKG")

    return planted


def put(layer: str, key: str, column: str, value: Any) -> Callable[[Path], None]:
    """A fault planted in one cell; ``key`` is an id of the layer's first column."""

    def change(table: Any) -> Any:
        row = table.iloc[:, 0] == key
        assert row.sum() == 1
        return table.assign(**{column: table[column].astype(object).where(~row, value).astype(table[column].dtype)})

    return edit(layer, change)


def lose(layer: str, key: str) -> Callable[[Path], None]:
    return edit(layer, lambda table: table[table.iloc[:, 0] != key])


def reshape(layer: str, key: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """A fault planted in one shape."""

    def moved(table: Any) -> Any:
        shapes = [
            change(shape) if identity == key else shape
            for identity, shape in zip(table.iloc[:, 0], table.geometry, strict=True)
        ]
        return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))

    return edit(layer, moved)


def in_json(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """A fault planted in ``plan.json`` or ``grids.geojson``."""

    def planted(place: Path) -> None:
        record = json.loads((place / name).read_text("utf-8"))
        change(record)
        (place / name).write_text(json.dumps(record, ensure_ascii=False), "utf-8")

    return planted


def widen(shape: Any) -> Any:
    return shape.buffer(1, join_style="mitre")


def cut_households(record: dict[str, Any]) -> None:
    record["totals"]["households"] = 1


def move_vertex(collection: dict[str, Any]) -> None:
    ring = collection["features"][1]["geometry"]["coordinates"][0]
    ring[1] = [ring[1][0] + 2e-6, ring[1][1]]


def wind_backwards(collection: dict[str, Any]) -> None:
    collection["features"][0]["geometry"]["coordinates"][0].reverse()


def add_decimals(collection: dict[str, Any]) -> None:
    collection["features"][0]["geometry"]["coordinates"][0][1][0] += 3e-8


def one_more(table: Any) -> Any:
    return pd.concat([table, table.iloc[[0]]], ignore_index=True)


def second_chief(posts: Any) -> Any:
    return one_more(posts).assign(post_id=[f"{i}" for i in range(len(posts) + 1)])


def leave_out_a_number(place: Path) -> None:
    """The third grid becomes the fourth in every layer."""

    def renumber(_: str, table: Any) -> Any:
        table = table.assign(seq=table["seq"].replace(3, 4)) if "seq" in table else table
        return table.replace({"grid_code": {A3: A3[:-1] + "4"}}) if "grid_code" in table else table

    rewrite(place, renumber)


def edit_sheet(cell: str, value: Any) -> Callable[[Path], None]:
    def planted(place: Path) -> None:
        book = openpyxl.load_workbook(place / "tables.xlsx")
        book.worksheets[0][cell] = value
        book.save(place / "tables.xlsx")

    return planted


def cut_short(name: str) -> Callable[[Path], None]:
    def planted(place: Path) -> None:
        (place / name).write_bytes((place / name).read_bytes()[:200])

    return planted


def drop_line(name: str) -> Callable[[Path], None]:
    def planted(place: Path) -> None:
        lines = (place / name).read_bytes().split(b"\r\n")
        (place / name).write_bytes(b"\r\n".join([lines[0], *lines[2:]]))

    return planted


def blind_spot(table: Any) -> Any:
    row = {"kind": "building", "id": "H77", "community_id": "", "n_grids": 0, "reason": "outside"}
    return gpd.GeoDataFrame([row], geometry=[shapely.Point(490_000, 3_520_000)], crs=table.crs)


FAULTS: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "a swapped label": (put("units", "a02", "grid_code", A3), "tiling", "grids", A3),
    "a swapped label, in the sums": (put("units", "a02", "grid_code", A3), "sums", "grids", A3),
    "a label that is no grid": (put("units", "a02", "grid_code", "1"), "total", "units", "a02"),
    "a unit in another community's grid": (put("units", "a04", "grid_code", B1), "community", "units", "a04"),
    "a torn grid": (put("units", "a01", "grid_code", A3), "connected", "grids", A3),
    "a torn grid, by its borders": (
        edit("borders", lambda t: t.assign(kind=t["kind"].where(t["unit_a"] != "a04", "wall"))),
        "connected",
        "borders",
        A3,
    ),
    "a lost unit": (lose("units", "a03"), "tiling", "grids", A2),
    "a lost unit, in the sums": (lose("units", "a03"), "sums", "grids", A2),
    "a lost grid": (lose("grids", A3), "total", "units", "a04"),
    "an overlap of units": (reshape("units", "a01", widen), "tiling", "units", "a02"),
    "an overlap of grids": (reshape("grids", A1, widen), "tiling", "grids", A2),
    "a blank": (reshape("units", "a06", lambda s: s.difference(s.centroid.buffer(5))), "tiling", "grids", A1),
    "a community that its grids do not fill": (reshape("communities", B, widen), "tiling", "communities", B),
    "an invalid shape": (reshape("grids", B1, lambda _: BOW_TIE), "geometry", "grids", B1),
    "a duplicated code": (edit("grids", one_more), "ids", "grids", A1),
    "a code of another community": (put("grids", A1, "community_id", "320411001102"), "codes", "grids", A1),
    "a number left out": (
        leave_out_a_number,
        "codes",
        "grids",
        A,
    ),
    "a repeated name": (put("grids", A1, "name", "a社区第二网格"), "names", "grids", A2),
    "a code not registered": (lose("codes", A1), "codes", "codes", A1),
    "changed households": (put("grids", A1, "households", 601.0), "sums", "grids", A1),
    "a changed count of buildings": (put("grids", A1, "buildings", 8), "sums", "grids", A1),
    "a changed total of a community": (put("communities", A, "residents", 1.0), "sums", "communities", A),
    "a changed township": (put("townships", "320411001", "n_grids", 5), "sums", "townships", "320411001"),
    "a changed record": (in_json("plan.json", cut_households), "record", "plan.json", "households"),
    "a better score than true": (in_json("plan.json", lambda r: r.update(objective=1.5)), "record", "plan.json", ""),
    "a bound from nowhere": (in_json("plan.json", lambda r: r.update(bound=1.9, gap=0.05)), "record", "plan.json", ""),
    "another CRS": (in_json("plan.json", lambda r: r["city"].update(crs="EPSG:4548")), "crs", "plan.json", "EPSG:4548"),
    "a degree where metres belong": (edit("units", lambda t: t.to_crs(4326)), "crs", "plan.gpkg", "units"),
    "a record without its parts": (in_json("plan.json", lambda r: r.update(totals=None)), "form", "plan.gpkg", ""),
    "units without shapes": (reshape("units", "a01", lambda _: None), "geometry", "units", "a01"),
    "no units at all": (edit("units", lambda t: t.iloc[:0]), "total", "grids", A1),
    "other rules": (in_json("plan.json", lambda r: r["rules"]["size"].update(high=500)), "bounds", "grids", A1),
    "a violation of a grid that is not": (
        edit("violations", lambda t: t.assign(grid_codes="320411001101009")),
        "violations",
        "violations",
        "320411001101009",
    ),
    "a violation with another size": (
        edit("violations", lambda t: t.assign(value=590.0)),
        "violations",
        "violations",
        A1,
    ),
    "a border with other metres": (
        edit("borders", lambda t: t.assign(metres=t["metres"].where(t.index != 0, 250.0))),
        "borders",
        "borders",
        "a01-a02",
    ),
    "a border left out": (edit("borders", lambda t: t.iloc[1:]), "borders", "borders", "a01-a02"),
    "a removed building": (lose("buildings", "H00"), "sums", "grids", A1),
    "a removed building, in its list": (lose("buildings", "H00"), "tables", "buildings.csv", "H00"),
    "a building in another unit": (put("buildings", "H00", "unit_id", "a05"), "buildings", "buildings", "H00"),
    "a building in another grid": (put("buildings", "H00", "grid_code", A2), "buildings", "buildings", "H00"),
    "a building by its smaller part": (put("buildings", "H99", "unit_id", "a03"), "buildings", "buildings", "H99"),
    "a scope that leaves out a house": (put("grids", A1, "scope", "金狮小区1-5、10幢"), "scope", "grids", "H12"),
    "a scope that claims another's house": (put("grids", A1, "scope", "金狮小区1-7、10幢"), "scope", "grids", A1),
    "a scope that claims the whole estate": (put("grids", A1, "scope", "金狮小区"), "scope", "grids", A1),
    "no words for the borders": (put("grids", B1, "bounds_text", ""), "scope", "grids", B1),
    "a blind spot": (edit("blind_spots", blind_spot), "blind_spots", "blind_spots", "H77"),
    "a second chief": (edit("posts", second_chief), "posts", "posts", A1),
    "a chief lost": (lose("posts", f"{A2}-chief"), "posts", "posts", A2),
    "a moved vertex": (in_json("grids.geojson", move_vertex), "geojson", "grids.geojson", A2),
    "a left-hand ring": (in_json("grids.geojson", wind_backwards), "geojson", "grids.geojson", A1),
    "too many decimals": (in_json("grids.geojson", add_decimals), "geojson", "grids.geojson", A1),
    "a crs member": (in_json("grids.geojson", lambda c: c.update(crs={})), "geojson", "grids.geojson", "crs"),
    "a feature lost": (in_json("grids.geojson", lambda c: c["features"].pop()), "geojson", "grids.geojson", B1),
    "another property": (
        in_json("grids.geojson", lambda c: c["features"][0]["properties"].update(residents=7)),
        "geojson",
        "grids.geojson",
        A1,
    ),
    "a number for an id": (
        in_json("grids.geojson", lambda c: c["features"][0].update(id=int(A1))),
        "geojson",
        "grids.geojson",
        A1,
    ),
    "a bare infinity": (in_json("grids.geojson", lambda c: c.update(extra=INFINITY)), "geojson", "grids.geojson", ""),
    "a changed workbook": (edit_sheet("H3", 599), "tables", "tables.xlsx", A1),
    "a code turned into a number": (edit_sheet("C3", int(A1)), "tables", "tables.xlsx", A1),
    "a row lost from a list": (drop_line("posts.csv"), "tables", "posts.csv", f"{A1}-chief"),
    "a missing file": (lambda place: (place / "map.html").unlink(), "files", "map.html", "map.html"),
    "a missing record": (lambda place: (place / "plan.json").unlink(), "files", "plan.json", "plan.json"),
    "a missing GeoPackage": (lambda place: (place / "plan.gpkg").unlink(), "files", "plan.gpkg", "plan.gpkg"),
    "a record of the run cut short": (cut_short("run.json"), "files", "run.json", ""),
    "an empty file": (lambda place: (place / "report.html").write_bytes(b""), "files", "report.html", "report.html"),
    "a GeoPackage cut short": (cut_short("plan.gpkg"), "files", "plan.gpkg", ""),
    "a GeoJSON cut short": (cut_short("grids.geojson"), "geojson", "grids.geojson", ""),
    "a workbook cut short": (cut_short("tables.xlsx"), "tables", "tables.xlsx", ""),
    "a missing column": (edit("units", lambda t: t.drop(columns="locked_grid")), "columns", "units", "locked_grid"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, place: Path) -> None:
    plant, rule, layer, identity = FAULTS[name]
    plant(place)
    faults = check(place)
    here = faults[(faults["rule"] == rule) & (faults["layer"] == layer)]
    assert len(here), faults.to_string()
    assert not identity or identity in ";".join(here["ids"]).split(";"), here.to_string()


def test_a_whole_folder_passes(whole: Path) -> None:
    faults = check(whole)
    assert list(faults.columns) == ["rule", "layer", "ids", "message"]
    assert faults.empty, faults.to_string()


def test_a_folder_without_staff_or_buildings_passes(tmp_path: Path) -> None:
    plan = full_plan()
    bare = plan.replace(
        buildings=plan.buildings.iloc[:0],
        units=plan.units.assign(buildings=0),
        grids=plan.grids.assign(buildings=0, scope="一处"),
    )
    faults = check(write(bare, tmp_path / "out", staffed=False))
    assert faults.empty, faults.to_string()


def test_a_geopackage_rewritten_without_change_passes(place: Path) -> None:
    def other_habits(name: str, table: Any) -> Any:
        numbers = [column for column in ("seq", "buildings", "n_grids") if column in table]
        table = table.astype(dict.fromkeys(numbers, "float64"))
        if "community_id" in table and name in ("communities", "units"):
            table = table.assign(community_id=pd.to_numeric(table["community_id"]))
        if "people_known" in table:
            table = table.assign(people_known=table["people_known"].astype(int))
        if isinstance(table, gpd.GeoDataFrame):
            table = table.set_geometry(table.geometry.reverse()).rename_geometry("shape")
        return table.assign(fid_old=range(len(table))).iloc[::-1]

    rewrite(place, other_habits, turned=True)
    faults = check(place)
    assert faults.empty, faults.to_string()


def test_a_geopackage_packed_anew_by_sqlite_passes(place: Path) -> None:
    with sqlite3.connect(place / "plan.gpkg") as base:
        base.execute("VACUUM")
    base.close()
    assert check(place).empty


def test_a_bound_broken_without_declaration_is_found_and_a_declared_one_passes(tmp_path: Path) -> None:
    strict = Rules(size=Size(low=200, target=350, high=500, comfort=(300, 450)), area={})
    plan = made_plan(strict)
    faults = check(write(plan, tmp_path / "silent"))
    assert faults["rule"].tolist() == ["bounds"]
    assert faults["ids"].tolist() == [f"{A1};{B1}"]
    row = plan.violations.iloc[0].to_dict() | {"rule": "size.high", "unit_ids": ""}
    rows = [row | {"grid_codes": code} for code in (A1, B1)]
    declared = plan.replace(violations=pd.DataFrame(rows))
    assert check(write(declared, tmp_path / "declared")).empty


def test_a_hand_edit_is_told_what_to_run_and_in_both_languages(place: Path) -> None:
    assert not check(place)["message"].str.contains("changed after the run").any()
    put("units", "a02", "grid_code", A3)(place)
    english, chinese = check(place), check(place, lang="zh")
    assert english["message"].str.contains("plan.gpkg changed after the run").all()
    assert english["message"].str.contains("gridopt assess").all()
    assert chinese["message"].str.contains("gridopt assess").all()
    assert chinese["rule"].tolist() == english["rule"].tolist()


def test_no_plan_folder_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(TableError, match="no plan folder"):
            check(folder)


def test_the_verifier_shares_no_code_with_those_it_judges() -> None:
    allowed = ("gridopt.contracts", "gridopt.errors", "gridopt.read.plan_folder", "gridopt.verify")
    for module in (Path(__file__).parents[1] / "gridopt" / "verify").glob("*.py"):
        for line in module.read_text("utf-8").splitlines():
            if line.startswith(("from gridopt", "import gridopt")):
                assert line.split()[1].startswith(allowed) or line == "from gridopt.read import plan_folder", line


def test_the_rules_of_the_test_plan_are_met() -> None:
    sizes = full_plan().grids["households"]
    assert sizes.between(RULES.size.low, RULES.size.high).all()


def lattice_folder(place: Path, folder: Path, times: int) -> None:
    """The test plan repeated ``times`` over, a community apart each, written by GDAL's defaults."""
    path = place / "plan.gpkg"
    layers = {str(name): pyogrio.read_dataframe(path, layer=str(name)) for name, _ in pyogrio.list_layers(path)}
    names = ["unit_id", "unit_a", "unit_b", "building_id", "post_id"]
    codes = ["grid_code", "community_id", "grid_codes"]
    out = {}
    for name, table in layers.items():
        copy = np.repeat(np.arange(times), len(table))
        many = pd.concat([table] * times, ignore_index=True)
        for column in many.columns.intersection(names):
            many[column] = [f"{one}_{i}" for one, i in zip(many[column], copy, strict=True)]
        for column in many.columns.intersection(codes):
            many[column] = [one.replace("3204110011", f"{i:010d}") for one, i in zip(many[column], copy, strict=True)]
        if isinstance(many, gpd.GeoDataFrame):
            points, owner = shapely.get_coordinates(many.geometry, return_index=True)
            offset = 800.0 * np.column_stack([copy % 30, copy // 30])
            many = many.set_geometry(shapely.set_coordinates(many.geometry.to_numpy(), points + offset[owner]))
            many = many.set_crs(table.crs)
        out[name] = many if name not in ("townships", "counties", "reach", "violations") else table
    shutil.copytree(place, folder)
    (folder / "plan.gpkg").unlink()
    for name, table in out.items():
        pyogrio.write_dataframe(table, folder / "plan.gpkg", layer=name, driver="GPKG")


def test_six_thousand_units_are_checked_in_a_few_seconds(whole: Path, tmp_path: Path) -> None:
    lattice_folder(whole, tmp_path / "large", 334)
    start = time.process_time()
    faults = check(tmp_path / "large")
    assert time.process_time() - start < 15
    assert not faults["rule"].isin(["total", "geometry", "connected", "borders", "codes", "buildings"]).any()
    assert np.array_equal(faults.loc[faults["rule"] == "tiling", "layer"].unique(), ["townships", "counties"])


def asked(**proximity: Any) -> Callable[[Path], None]:
    return in_json("plan.json", lambda record: record["rules"]["proximity"].update(proximity))


def test_a_falsified_longest_walk_is_found_however_small(place: Path) -> None:
    """The grid of 2 by 3 cells of 100 m has its post in the middle row: nobody walks further than 141.4 m."""
    true = full_plan().grids["walk_max_m"][A1]
    for false in (true - 1.0, true + 1.0, 0.0):
        put("grids", A1, "walk_max_m", false)(place)
        assert ("walks", A1) in {(one.rule, one.ids) for one in check(place).itertuples()}
    put("grids", A1, "walk_max_m", true)(place)
    assert "walks" not in set(check(place)["rule"])


def test_a_walk_on_foot_may_be_longer_than_the_straight_one_but_never_shorter(place: Path) -> None:
    true = full_plan().grids["walk_max_m"][A1]
    asked(metric="walk")(place)
    put("grids", A1, "walk_max_m", true * 1.4)(place)
    assert "walks" not in set(check(place)["rule"])
    put("grids", A1, "walk_max_m", true * 0.9)(place)
    assert "walks" in set(check(place)["rule"])


def test_a_limit_of_walks_that_is_broken_must_be_declared(place: Path) -> None:
    asked(max_walk=120.0)(place)
    rows = check(place).query("rule == 'bounds'")
    assert rows["message"].str.contains("proximity.max_walk = 120.0, undeclared").any()
    assert A1 in ";".join(rows["ids"])


def test_walks_are_checked_from_the_declared_post(place: Path) -> None:
    """With its post in a corner the same grid of 2 by 3 cells has a walk of 223.6 m."""
    units = full_plan().units
    corner = units.index[units["grid_code"] == A1][0]
    others = [units.index[units["grid_code"] == code][0] for code in sorted(set(units["grid_code"]) - {A1})]
    edit("units", lambda table: table.assign(post=["S" * (one in (corner, *others)) for one in table["unit_id"]]))(
        place
    )
    assert A1 in ";".join(check(place).query("rule == 'walks'")["ids"])
    put("grids", A1, "walk_max_m", 100 * 5**0.5)(place)
    assert A1 not in ";".join(check(place).query("rule == 'walks'")["ids"])
    edit("units", lambda table: table.assign(post=["S" * (one in others) for one in table["unit_id"]]))(place)
    silent = check(place).query("message.str.contains('no declared post')")
    assert silent["ids"].tolist() == [A1]
