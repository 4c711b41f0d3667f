"""An export's files: written aside, in parts where a platform takes no more, read back, then moved in place."""

from __future__ import annotations

import json
import math
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridopt.errors import GridoptError, TableError, preview
from gridopt.publish.atomic import move_all, new_folder, refuse_irregular, write_bytes
from gridopt.publish.export_notes import Note, note
from gridopt.publish.formats import Layer, write_layer
from gridopt.publish.platforms import MEGABYTE, Platform
from gridopt.publish.privacy import COUNTS
from gridopt.publish.properties import KEY, STAFF
from gridopt.publish.record import as_json, file_hashes, plain
from gridopt.read import plan_folder
from gridopt.read.exports import read_export
from gridopt.terms import label

SCHEMA = "gridopt.export/1"
_LEVELS = ("county", "township")
_SUMMED = frozenset({*COUNTS, *STAFF, "buildings", "area_m2"})


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be written: the layer, ``county_id`` and ``township_id`` of its rows, the platform, the record."""

    layer: Layer
    places: pd.DataFrame
    platform: Platform
    record: Mapping[str, Any]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Written:
    """The files in their place, the manifest, and the job's notes with those on its parts."""

    files: tuple[Path, ...]
    manifest: Path
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """One file of an export, with those that belong to it (a Shapefile's)."""

    place_id: str
    layer: Layer
    files: list[Path]

    @property
    def size(self) -> int:
        return sum(file.stat().st_size for file in self.files)


def manifest_name(target: Path) -> str:
    """The name of the list that stands beside an export."""
    return f"{target.name}.manifest.json"


def check_target(target: Path) -> None:
    """Raise `GridoptError` where a file cannot or must not be replaced, before anything is computed."""
    folder = target.absolute().parent
    if not folder.is_dir():
        raise GridoptError(
            f"there is no folder {target.parent} to write {target.name} into. Make it first, or name another.",
            zh=f"没有可写入 {target.name} 的文件夹 {target.parent}。请先新建，或换一个位置。",
        )
    refuse_irregular(target.absolute())
    for place in (folder, target):
        if place.exists() and not place.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise GridoptError(
                f"{place} is read-only and is left as it is. Name another place, or allow writing.",
                zh=f"{place} 为只读，未作改动。请换一个位置，或允许写入。",
            )
    if target.name in plan_folder.FILES and plan_folder.is_plan_folder(folder):
        raise GridoptError(
            f"{target} belongs to the plan folder itself and is left as it is. Name another file.",
            zh=f"{target} 是方案文件夹自身的文件，未作改动。请换一个文件名。",
        )


def put(job: Job, target: Path) -> Written:
    """Write the job's files beside the target, read them back, and put them in place with their manifest."""
    folder = target.absolute().parent
    with new_folder(folder, asked=target) as new:
        parts, level = _fitting(job, new, target)
        faults = [fault for part in parts for fault in _faults(part)]
        if faults:
            raise GridoptError(
                f"what was written does not read back whole: {preview(faults)}. The disk may be full; "
                "older files are as they were.",
                zh=f"写出的文件读回后不完整：{preview(faults)}。磁盘可能已满；原有文件未改动。",
            )
        notes = (*job.notes, *_part_notes(job.platform, parts, level, target))
        names = [file.name for part in parts for file in part.files]
        manifest = manifest_name(target)
        write_bytes(new / manifest, as_json(_manifest(job, parts, new, notes)))
        outdated = _outdated(folder, manifest, names)
        move_all(new, folder, names=[*names, manifest])
    for name in outdated:
        (folder / name).unlink(missing_ok=True)
    return Written(tuple(target.parent / name for name in names), target.parent / manifest, notes)


def _fitting(job: Job, new: Path, target: Path) -> tuple[list[_Part], str]:
    """The whole in one file; by county, then by township, where it is more than the platform takes."""
    everything = np.ones(len(job.places), bool)
    parts, level = [_written("", job.layer.where(everything), new / target.name)], ""
    for deeper in _LEVELS:
        if not any(_is_too_large(part, job.platform) for part in parts):
            break
        ids = job.places[f"{deeper}_id"].astype(str).to_numpy()
        for file in (file for part in parts for file in part.files):
            file.unlink()
        parts = [
            _written(place, job.layer.where(ids == place), new / name)
            for place, name in _part_names(sorted(set(ids)), target)
        ]
        level = deeper
    return parts, level


def _written(place_id: str, layer: Layer, path: Path) -> _Part:
    return _Part(place_id, layer, write_layer(layer, path))


def _part_names(places: list[str], target: Path) -> Iterator[tuple[str, str]]:
    """A name for each place: its id where that can stand in one, else its number."""
    for number, place in enumerate(places, 1):
        is_plain = re.fullmatch(r"[\w-]+", place) is not None
        yield place, f"{target.stem}-{place if is_plain else f'part{number:03d}'}{target.suffix}"


def _is_too_large(part: _Part, platform: Platform) -> bool:
    too_big = bool(platform.most_bytes) and part.size > platform.most_bytes
    return too_big or (bool(platform.most_grids) and len(part.layer.table) > platform.most_grids)


def _part_notes(platform: Platform, parts: list[_Part], level: str, target: Path) -> list[Note]:
    limit = _limit(platform)
    notes = []
    if level:
        words = (label(level, "en"), label(level, "zh"))
        notes.append(
            note("parts", platform=platform.name, limit=limit, n=len(parts), level=words, list=manifest_name(target))
        )
    large = [part.files[0].name for part in parts if _is_too_large(part, platform)]
    if large:
        notes.append(note("too_large", n=len(large), platform=platform.name, limit=limit, files=preview(large)))
    return notes


def _limit(platform: Platform) -> tuple[str, str]:
    size = f"{platform.most_bytes / MEGABYTE:.0f} MB"
    count = platform.most_grids
    return (f"{size}, {count:,} grids", f"{size}、{count:,} 个网格") if count else (size, size)


def _faults(part: _Part) -> list[str]:
    """What a file, read back, says otherwise than was meant."""
    path = part.files[0]
    try:
        stored = read_export(path)
    except TableError as fault:
        return [str(fault)]
    meant = part.layer.table
    if path.suffix.lower() == ".shp":
        meant = meant.rename(columns=dict(part.layer.short))
    if KEY not in stored or sorted(stored[KEY].tolist(), key=str) != sorted(meant[KEY]):
        return [f"{path.name} has other ids ({len(stored)} of {len(meant)} rows)"]
    faults = [f"{path.name} has another sum of {name}" for name in meant if _is_other(stored, meant, str(name))]
    return faults + ([f"{path.name} has other shapes"] if _has_other_shapes(stored, part.layer) else [])


def _is_other(stored: pd.DataFrame, meant: pd.DataFrame, name: str) -> bool:
    """True where the numbers of a column do not add up as meant; columns of text are as they are."""
    if not _is_numeric(meant[name]):
        return False
    values = pd.to_numeric(meant[name], errors="coerce")
    if name not in stored:
        return True
    found = pd.to_numeric(stored[name], errors="coerce")
    total, other = float(values.sum()), float(found.sum())
    return found.notna().sum() != values.notna().sum() or not math.isclose(total, other, rel_tol=1e-9, abs_tol=1e-6)


def _has_other_shapes(stored: pd.DataFrame, layer: Layer) -> bool:
    if "geometry" not in stored:
        return False
    shapes = stored["geometry"].to_numpy()
    if any(shape is None for shape in shapes) or not shapely.is_valid(shapes).all():
        return True
    return not math.isclose(shapely.area(shapes).sum(), shapely.area(layer.shapes).sum(), rel_tol=1e-6)


def _manifest(job: Job, parts: list[_Part], new: Path, notes: tuple[Note, ...]) -> dict[str, Any]:
    """What the files are, how many grids and what sums each has, and what was withheld."""
    listed = []
    for part in parts:
        names = [file.name for file in part.files]
        listed.append(
            {
                "file": names[0],
                "place_id": part.place_id,
                "grids": len(part.layer.table),
                "bytes": part.size,
                "sums": _sums(part.layer),
                "sha256": file_hashes(new, names),
            }
        )
    record = {
        "schema": SCHEMA,
        "platform": job.platform.name,
        "grids": len(job.layer.table),
        "files": listed,
        "notes": [{"en": one.en, "zh": one.zh} for one in notes],
        **job.record,
    }
    return dict(plain(record))


def _sums(layer: Layer) -> dict[str, float]:
    """The sums of the counts that are to be seen, by column; blanked ones are in none of them."""
    names = {column: name for name, column in layer.columns.items() if column in _SUMMED}
    return {column: float(pd.to_numeric(layer.table[name]).sum()) for column, name in sorted(names.items())}


def _is_numeric(values: pd.Series[Any]) -> bool:
    """True for a column of numbers, blanked cells among them or not."""
    given = values.dropna()
    return len(given) > 0 and bool(pd.api.types.is_number(given.iloc[0]))


def _outdated(folder: Path, manifest: str, names: list[str]) -> list[str]:
    """Files that the last export to this target wrote and this one did not."""
    try:
        before = json.loads((folder / manifest).read_text("utf-8"))
        listed = [name for one in before["files"] for name in one["sha256"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    stem = manifest.removesuffix(".manifest.json").rpartition(".")[0]
    ours = [str(name) for name in listed if str(name).startswith(stem) and Path(str(name)).name == name]
    return sorted(name for name in ours if name not in names and (folder / name).is_file())
