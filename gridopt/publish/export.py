"""Grids on a city's platforms: in their coordinates, under their names, within their limits, safe for the public."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.coordinates import OFFSETS
from gridopt.errors import RuleError
from gridopt.grids import Plan
from gridopt.publish.export_files import Job, check_target, manifest_name, put
from gridopt.publish.export_notes import Note, note
from gridopt.publish.formats import Layer, check_ending, cut_texts
from gridopt.publish.geojson import DECIMALS, rounded
from gridopt.publish.platforms import Platform, platform_crs, platform_degrees, platform_named
from gridopt.publish.privacy import Suppression, blanked, suppress, withheld
from gridopt.publish.properties import (
    KEY,
    PROPERTIES,
    check_names,
    inside_points,
    named,
    property_table,
    short_names,
)

_log = logging.getLogger("gridopt")


class ExportOptions(TypedDict, total=False):
    """What may be asked of an export.

    to        a platform of `platforms.PLATFORM_NAMES`; ``"wgs84"`` unless given
    names     ``"en"``, ``"zh"`` or a mapping of columns to names, which also chooses the columns
    public    True blanks small counts and what would reveal them
    simplify  metres by which shared borders may be simplified, 0 for not at all
    posts     the table of `staff`, for the numbers of chiefs, workers and advisers
    """

    to: str
    names: str | Mapping[str, str]
    public: bool
    simplify: float
    posts: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Export:
    """What was written: the files, the manifest beside them, what was withheld, and what must be said."""

    files: tuple[Path, ...]
    manifest: Path
    n_grids: int
    withheld: pd.DataFrame
    notes: tuple[Note, ...]


def write_export(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """Write every grid of a plan for a platform, in the format of the name's ending; see `ExportOptions`.

    Endings: .geojson (RFC 7946), .gpkg, .fgb, .kml, .shp (GB18030), .csv (with BOM), .xlsx. Coordinates are the
    platform's own, seven decimals, the borders of neighbours the same vertices. What is larger than the
    platform takes is written in parts by county, or township. ``PATH.manifest.json`` lists files, sums and
    what was withheld. Everything is read back (count, ids, validity, sums) before it replaces older files.
    Raises `RuleError` for an unknown platform or names, `TableError` for an unknown ending, `GridoptError`
    where the target is read-only, no regular file, or cannot be written whole; older files then stand.
    """
    made = export(plan, path, **options)
    for one in made.notes:
        _log.warning("%s", one.text(plan.city.settings.lang))
    return made


def export(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` without a word: the notes are in the answer."""
    target = Path(path)
    platform = platform_named(options.get("to", "wgs84"))
    check_ending(target)
    asked_names = options.get("names", "en")
    names = check_names(asked_names)
    tolerance = _tolerance(options.get("simplify", 0.0))
    is_public = options.get("public", False)
    check_target(target)
    table = property_table(plan, options.get("posts"))
    notes = _usual_notes(platform, is_public=is_public)
    table, said = _simplified(table, tolerance)
    notes += said
    if not isinstance(asked_names, str):
        notes += _left_out(names)
    suppression = suppress(table) if is_public else Suppression(np.zeros(len(table), bool), _NOTHING)
    secret = withheld(table, suppression, names)
    notes += _secret_notes(suppression, manifest_name(target))
    layer = _layer(blanked(table, suppression.grids), platform, names, "zh" if asked_names == "zh" else "en")
    notes += _format_notes(layer, target)
    record = {
        "coordinates": platform.coordinates,
        "public": is_public,
        "simplify_m": tolerance,
        "names": {name: column for column, name in names.items()},
        "withheld": secret.to_dict("records"),
    }
    written = put(Job(layer, table[["county_id", "township_id"]], platform, record, tuple(notes)), target)
    return Export(written.files, written.manifest, len(table), secret, written.notes)


_NOTHING = pd.DataFrame({"level": pd.Series(dtype="str"), "place_id": pd.Series(dtype="str")})


def _tolerance(metres: float) -> float:
    if isinstance(metres, int | float) and math.isfinite(metres) and metres >= 0:
        return float(metres)
    raise RuleError(
        f"simplify = {metres!r} is no number of metres from 0 up.", zh=f"化简容差 {metres!r} 不是不小于 0 的米数。"
    )


def _usual_notes(platform: Platform, *, is_public: bool) -> list[Note]:
    notes = []
    if platform.is_public and not is_public:
        notes.append(note("unprotected", platform=platform.name))
    if platform.coordinates in OFFSETS:
        notes.append(note("shifted", coordinates=platform.coordinates))
    if platform.has_law:
        notes.append(note("law", coordinates=platform.coordinates))
    return notes


def _left_out(names: Mapping[str, str]) -> list[Note]:
    columns = [name for name in PROPERTIES if name not in names and name != KEY]
    return [note("left_out", columns=", ".join(columns))] if columns else []


def _simplified(table: gpd.GeoDataFrame, tolerance: float) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Shared borders with fewer vertices: as a coverage, so that neighbours keep one line and no sliver opens."""
    if not tolerance:
        return table, []
    shapes = table.geometry.to_numpy()
    if not shapely.coverage_is_valid(shapes):
        return table, [note("unsimplified")]
    fewer = shapely.coverage_simplify(shapes, tolerance)
    if shapely.is_empty(fewer).any() or not shapely.is_valid(fewer).all():
        return table, [note("unsimplified")]
    before, after = (int(shapely.get_num_coordinates(one).sum()) for one in (shapes, fewer))
    said = note("simplified", tolerance=tolerance, before=before, after=after)
    return table.set_geometry(gpd.GeoSeries(fewer, table.index, crs=table.crs)), [said]


def _layer(table: gpd.GeoDataFrame, platform: Platform, names: Mapping[str, str], lang: str) -> Layer:
    """The rows in the platform's degrees and under their final names, label points inside their grids."""
    shapes = rounded(gpd.GeoSeries(platform_degrees(platform, table.geometry.to_numpy(), table.crs)))
    points = shapely.points(table[["label_x", "label_y"]].to_numpy(float))
    points = inside_points(shapes, platform_degrees(platform, points, table.crs))
    degrees = shapely.get_coordinates(points).round(DECIMALS)
    plain = pd.DataFrame(table.drop(columns="geometry")).assign(label_x=degrees[:, 0], label_y=degrees[:, 1])
    return Layer(
        named(plain, names, lang),
        shapes,
        platform_crs(platform),
        colours=table["colour"].tolist(),
        short=short_names(names),
        columns={KEY: KEY} | {name: column for column, name in names.items()},
        shapes_in_csv=platform.shapes_in_csv,
    )


def _secret_notes(suppression: Suppression, list_name: str) -> list[Note]:
    notes = []
    if suppression.grids.any():
        notes.append(note("withheld", n=int(suppression.grids.sum()), list=list_name))
    if len(suppression.totals):
        notes.append(note("totals", n=len(suppression.totals)))
    return notes


def _format_notes(layer: Layer, target: Path) -> list[Note]:
    """What a Shapefile cannot hold."""
    if target.suffix.lower() != ".shp":
        return []
    shortened = [f"{name} = {short}" for name, short in layer.short.items() if name != short]
    cut = cut_texts(layer)
    notes = [note("short_names", names=", ".join(shortened))] if shortened else []
    return notes + ([note("cut_texts", columns=", ".join(cut))] if cut else [])
