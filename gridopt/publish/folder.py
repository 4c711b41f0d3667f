"""The plan folder: everything written aside, read back, and only then put in the place of the old."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.errors import GridoptError, TableError, preview
from gridopt.grids import Plan
from gridopt.publish import geojson, tables
from gridopt.publish.atomic import LEFTOVERS, move_all, new_folder, write_bytes
from gridopt.publish.geopackage import write_geopackage
from gridopt.publish.layers import plan_layers, settled
from gridopt.publish.record import as_json, file_hashes, plan_record, run_record
from gridopt.read import plan_folder
from gridopt.read.plan_folder import FIGURES, FILES, INDEXES, LISTS
from gridopt.workers import side_by_side

_log = logging.getLogger("gridopt")

BESIDE, LARGE = 2, 500
"""Processes that write the files of a large plan, where there are as many cores, and units that make a plan large:
for fewer a process would cost more than it does."""

AT_ONCE = 25_000
"""Rows of a layer that are read back together."""


@dataclass(frozen=True, eq=False)
class Publication:
    """What goes into a folder: the plan, the tables of the later stages, and the language of its pages.

    ``today`` is the assessment of the grids in force, for the report's before and after.
    """

    plan: Plan
    posts: pd.DataFrame | None = None
    reach: pd.DataFrame | None = None
    blind_spots: gpd.GeoDataFrame | None = None
    today: Plan | None = None
    lang: str = "zh"


Page = Callable[[Publication, Path], None]
"""Writes pages for people (a map, a report) into a folder."""


def publish(
    plan: Plan,
    folder: str | Path,
    *,
    posts: pd.DataFrame | None = None,
    reach: pd.DataFrame | None = None,
    today: Plan | None = None,
    lang: str | None = None,
) -> Path:
    """Write a plan folder: GeoPackage, GeoJSON, tables, records, offline map and report.

    ``posts`` and ``reach`` are written as given, empty where not given; ``today`` is the plan that
    `assess` made of the grids in force. ``lang`` defaults to the city's own. All files are first
    written into ``folder/.new-<pid>`` and read back, then moved, ``run.json`` last; other people's
    files stay. Raises `GridoptError` where the folder exists and holds something else than a plan,
    or where the files could not be written whole: the old folder is then as it was.
    """
    from gridopt.coverage import blind_spots

    # The libraries of each page are loaded where it is made, side by side.
    def draw_map(shown: Publication, place: Path) -> None:
        from gridopt.publish.maps import write_map

        write_map(shown.plan, place / "map.html", posts=shown.posts, reach=shown.reach, lang=shown.lang)

    def draw_report(shown: Publication, place: Path) -> None:
        from gridopt.publish.report import write_report

        posts, reach, today = shown.posts, shown.reach, shown.today
        write_report(shown.plan, place, posts=posts, reach=reach, today=today, lang=shown.lang)

    spots = blind_spots(plan, posts)
    told = _with_events(settled(plan))
    publication = Publication(told, posts, reach, spots, today, lang or plan.city.settings.lang)
    return write_folder(publication, folder, pages=(draw_map, draw_report))


def _with_events(plan: Plan) -> Plan:
    """The plan with its events by grid and year: of the city's own events, else as the plan was stored with them.

    Stored ones are left out where their places are no longer the plan's: its grids have been coded anew since.
    """
    from gridopt.locate import event_table

    events = event_table(plan) if plan.city.layer("events") is not None else plan.details.get("events")
    if events is not None:
        places = pd.Index(events["place_id"])
        events = events if (places.isin(plan.grids.index) | places.isin(plan.communities.index)).all() else None
    return plan.replace(details={**plan.details, "events": events})


def write_folder(publication: Publication, folder: str | Path, *, pages: Sequence[Page]) -> Path:
    """`publish` with the makers of its pages named."""
    started = datetime.now(UTC)
    target = Path(folder)
    refuse_foreign(target)
    with new_folder(target) as new:
        layers = _layers(publication)
        _write_files(publication, layers, new, pages)
        names = _written(new)
        _read_back(new, layers, names)
        hashes = file_hashes(new, names)
        write_bytes(new / "run.json", as_json(run_record(publication.plan, started, hashes)))
        outdated = _outdated_figures(target, names)
        move_all(new, target, names=[*names, "run.json"])
    (target / FIGURES).mkdir(exist_ok=True)
    for name in outdated:
        (target / name).unlink(missing_ok=True)
    _log.info("published %d grids in %s", publication.plan.n_grids, target)
    return target


def refuse_foreign(target: Path) -> None:
    """Raise `GridoptError` where the folder exists and holds something else than a plan."""
    if not target.exists() or plan_folder.is_plan_folder(target):
        return
    if not target.is_dir() or any(not inside.name.startswith(LEFTOVERS) for inside in target.iterdir()):
        raise GridoptError(
            f"{target} exists and is not a plan folder; it is left as it is. Name a new folder with --out.",
            zh=f"{target} 已存在且不是方案文件夹，未作改动。请用 --out 指定新文件夹。",
        )


def _layers(publication: Publication) -> dict[str, Any]:
    posts, reach, spots = publication.posts, publication.reach, publication.blind_spots
    return plan_layers(publication.plan, posts=posts, reach=reach, blind_spots=spots)


def _workers(layers: Mapping[str, Any]) -> int:
    """How many processes write and read back files: the libraries of a page are loaded once more in a process."""
    return min(BESIDE, os.cpu_count() or 1) if len(layers["units"]) >= LARGE else 1


def _write_files(publication: Publication, layers: Mapping[str, Any], new: Path, pages: Sequence[Page]) -> None:
    """Every file but ``run.json``, none of which waits for another: those that take longest first."""
    plan, lang = publication.plan, publication.lang

    def lists() -> None:
        for name, content in tables.lists(layers).items():
            write_bytes(new / name, content)

    files: list[Callable[[], object]] = [
        *(partial(page, publication, new) for page in reversed(pages)),
        partial(write_geopackage, layers, new / "plan.gpkg"),
        lambda: write_bytes(new / "tables.xlsx", tables.workbook(plan, layers, lang)),
        lists,
        lambda: write_bytes(new / "grids.geojson", geojson.grid_features(layers["grids"])),
        lambda: write_bytes(new / "plan.json", as_json(plan_record(plan))),
    ]
    for _ in side_by_side(_done, files, workers=_workers(layers)):
        pass


def _done(file: Callable[[], object]) -> None:
    file()


def _written(new: Path) -> list[str]:
    """Every file of the new folder by its relative name: the known ones in their order, then the figures."""
    missing = [name for name in FILES if name != "run.json" and not (new / name).is_file()]
    if missing:
        raise GridoptError(f"{preview(missing)} were not written.", zh=f"{preview(missing)} 未写出。")
    figures = sorted(path.relative_to(new).as_posix() for path in (new / FIGURES).rglob("*") if path.is_file())
    return [*[name for name in FILES if name != "run.json"], *figures]


def _read_back(new: Path, layers: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise unless every file says what was meant: a full disk can leave short files without an error."""
    faults = [f"{name} is empty" for name in names if (new / name).stat().st_size == 0]
    ordered = sorted(layers.items(), key=lambda one: -len(one[1]))
    checks = [partial(_layer_faults, new, name, meant, first) for name, meant in ordered for first in _runs(meant)]
    checks += [partial(check, new, layers) for check in (_sheet_faults, _page_faults, _list_faults)]
    for found in side_by_side(_found, checks, workers=_workers(layers)):
        faults += found
    if faults:
        raise GridoptError(
            f"what was written does not read back whole: {preview(faults)}. The disk may be full; "
            "the old folder is as it was.",
            zh=f"写出的文件读回后不完整：{preview(faults)}。磁盘可能已满；原文件夹未改动。",
        )


def _found(check: Callable[[], list[str]]) -> list[str]:
    """The faults that a check finds; a file that cannot be read is one."""
    try:
        return check()
    except TableError as fault:
        return [str(fault)]


def _runs(table: Any) -> range:
    """Where the runs of rows begin that are read back together."""
    return range(0, max(len(table), 1), AT_ONCE)


def _layer_faults(new: Path, name: str, table: Any, first: int) -> list[str]:
    """What one run of a layer's rows says otherwise than meant, the last run with all that may follow."""
    is_last = first + AT_ONCE >= len(table)
    rows = slice(first, None if is_last else first + AT_ONCE)
    meant = table.iloc[rows]
    stored = plan_folder.read_layer(new, name, rows=rows) if name in plan_folder.layer_names(new) else None
    if stored is None or len(stored) != len(meant):
        return [f"layer {name} has {0 if stored is None else first + len(stored)} of {len(table)} rows"]
    index = INDEXES.get(name)
    faults = []
    if index and list(stored.index) != meant[index].tolist():
        faults.append(f"layer {name} has other ids")
    for column in meant.select_dtypes("number").columns:
        if column not in stored or not np.isclose(stored[column].sum(), meant[column].sum(), rtol=1e-12, atol=1e-9):
            faults.append(f"layer {name} has another sum of {column}")
    if "geometry" in meant and len(meant):
        before, after = meant["geometry"].to_numpy(), stored["geometry"].to_numpy()
        if not np.allclose(shapely.area(before), shapely.area(after), rtol=1e-12, equal_nan=True):
            faults.append(f"layer {name} has other shapes")
    return faults


def _sheet_faults(new: Path, layers: Mapping[str, Any]) -> list[str]:
    lacks = set(layers["grids"]["grid_code"]) - set(plan_folder.read_sheet(new, "grids")["grid_code"])
    return ["tables.xlsx lacks grids"] if lacks else []


def _page_faults(new: Path, layers: Mapping[str, Any]) -> list[str]:
    grids, faults = layers["grids"], []
    if [feature.get("id") for feature in plan_folder.read_features(new)["features"]] != grids["grid_code"].tolist():
        faults.append("grids.geojson has other ids")
    if plan_folder.read_record(new)["totals"]["grids"] != len(grids):
        faults.append("plan.json has other totals")
    return faults


def _list_faults(new: Path, layers: Mapping[str, Any]) -> list[str]:
    rows = {name: len(plan_folder.read_list(new, name)) for name in LISTS}
    wrong = [name for name, n in rows.items() if n != len(layers[name.removesuffix(".csv")])]
    return [f"{name} has another number of rows" for name in wrong]


def _outdated_figures(target: Path, names: Sequence[str]) -> list[str]:
    """Figures that an earlier run wrote and this one did not; pictures that we did not write stay."""
    try:
        before = plan_folder.read_record(target, "run.json").get("sha256", {})
    except TableError:
        return []
    ours = [str(name) for name in before if str(name).startswith(f"{FIGURES}/") and ".." not in str(name)]
    return sorted(name for name in ours if name not in names and (target / name).is_file())
