"""Is everything there: files, layers, columns, ids?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridopt.errors import TableError
from gridopt.read import plan_folder
from gridopt.verify.faults import Fault, fault, found

_RECORD = "schema city rules seed effort inputs totals objective terms bound gap violations communities".split()
_NUMBERS = "households residents buildings units workload area_m2 walk_mean_m walk_max_m polsby_popper".split()


@dataclass(frozen=True, eq=False)
class Stored:
    """What a folder holds: ``plan.json``, the layers that are whole, the files changed since the run.

    Layers are indexed by their ids, each id once.
    """

    folder: Path
    record: Mapping[str, Any]
    layers: Mapping[str, Any]
    touched: frozenset[str]


def open_folder(folder: Path) -> tuple[Stored, list[Fault]]:
    """The folder's content, and what is missing or cannot be read."""
    faults = _missing_files(folder)
    record, record_faults = _record(folder)
    layers, layer_faults = _layers(folder)
    touched, run_faults = _touched(folder)
    return Stored(folder, record, layers, touched), [*faults, *record_faults, *layer_faults, *run_faults]


def _missing_files(folder: Path) -> list[Fault]:
    names = plan_folder.FILES
    missing = [name for name in names if not (folder / name).is_file()]
    missing += [] if (folder / plan_folder.FIGURES).is_dir() else [plan_folder.FIGURES]
    short = [name for name in names if name not in missing and (folder / name).stat().st_size == 0]
    return [
        *[fault(("files", name), [name], "a file is missing", "文件缺失") for name in missing],
        *[fault(("files", name), [name], "a file is empty", "文件为空") for name in short],
    ]


def _record(folder: Path) -> tuple[dict[str, Any], list[Fault]]:
    if not (folder / "plan.json").exists():
        return {}, []
    try:
        record = plan_folder.read_record(folder)
    except TableError as error:
        return {}, [_unreadable("plan.json", error)]
    missing = [key for key in _RECORD if key not in record]
    faults = found(("files", "plan.json"), missing, "plan.json lacks keys", "plan.json 缺少 {n} 个键")
    return ({} if missing else record), faults


def _layers(folder: Path) -> tuple[dict[str, Any], list[Fault]]:
    if not (folder / "plan.gpkg").exists():
        return {}, []
    try:
        present = plan_folder.layer_names(folder)
    except TableError as error:
        return {}, [_unreadable("plan.gpkg", error)]
    absent = [name for name in plan_folder.LAYERS if name not in present]
    faults = found(("layers", "plan.gpkg"), absent, "plan.gpkg lacks layers", "plan.gpkg 缺少 {n} 个图层")
    layers = {}
    for name in plan_folder.LAYERS:
        if name in present:
            try:
                table = plan_folder.read_layer(folder, name)
            except TableError as error:
                faults.append(_unreadable(name, error))
                continue
            missing = [c for c in plan_folder.LAYERS[name] if c not in {*table.columns, table.index.name}]
            faults += found(("columns", name), missing, "columns are missing", "图层缺少 {n} 列")
            if not missing:
                layers[name] = table
    return layers, faults


def _unreadable(name: str, error: TableError) -> Fault:
    return fault(("files", name), [], f"it cannot be read: {error}", f"无法读取：{error.text('zh')}")


def _touched(folder: Path) -> tuple[frozenset[str], list[Fault]]:
    """Files whose content is another than the run wrote."""
    if not (folder / "run.json").exists():
        return frozenset(), []
    try:
        hashes = dict(plan_folder.read_record(folder, "run.json").get("sha256", {}))
    except TableError as error:
        return frozenset(), [_unreadable("run.json", error)]
    there = [name for name in hashes if (folder / name).is_file()]
    changed = [name for name in there if hashlib.sha256((folder / name).read_bytes()).hexdigest() != hashes[name]]
    return frozenset(changed), []


def ids(stored: Stored) -> Iterator[Fault]:
    """Every id is there once, and no grid holds an empty number."""
    for name in ("grids", "units", "buildings", "communities"):
        table = stored.layers[name]
        repeated = table.index[table.index.duplicated()].unique()
        yield from found(("ids", name), repeated, "ids occur more than once", "{n} 个编码重复")
        yield from found(("ids", name), list(table.index[table.index == ""][:1]), "an id is empty", "有编码为空")
    grids = stored.layers["grids"]
    unknown = grids.index[grids[_NUMBERS].isna().any(axis=1)]
    yield from found(("columns", "grids"), unknown, "grids hold empty numbers", "{n} 个网格含空值")
