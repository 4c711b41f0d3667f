"""One function a format: `write_export` for those who know what they want."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from gridopt.errors import TableError
from gridopt.grids import Plan
from gridopt.publish.export import Export, ExportOptions, write_export


def write_geojson(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as GeoJSON (RFC 7946); raises `TableError` for a name that does not end in .geojson."""
    return write_export(plan, _ending(path, ".geojson"), **options)


def write_gpkg(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as GeoPackage; raises `TableError` for a name that does not end in .gpkg."""
    return write_export(plan, _ending(path, ".gpkg"), **options)


def write_fgb(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as FlatGeobuf; raises `TableError` for a name that does not end in .fgb."""
    return write_export(plan, _ending(path, ".fgb"), **options)


def write_kml(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as KML; raises `TableError` for a name that does not end in .kml."""
    return write_export(plan, _ending(path, ".kml"), **options)


def write_shp(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as Shapefile in GB18030, names of ten letters; `TableError` for another ending than .shp."""
    return write_export(plan, _ending(path, ".shp"), **options)


def write_csv(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as CSV with a BOM; raises `TableError` for a name that does not end in .csv."""
    return write_export(plan, _ending(path, ".csv"), **options)


def write_xlsx(plan: Plan, path: str | Path, **options: Unpack[ExportOptions]) -> Export:
    """`write_export` as a workbook, codes as text cells; raises `TableError` for another ending than .xlsx."""
    return write_export(plan, _ending(path, ".xlsx"), **options)


def _ending(path: str | Path, ending: str) -> Path:
    target = Path(path)
    if target.suffix.lower() != ending:
        raise TableError(
            f"{target} does not end in {ending}. Name it so, or take write_export, which goes by the ending.",
            zh=f"{target} 不以 {ending} 结尾。请改名，或使用按结尾选择格式的 write_export。",
        )
    return target
