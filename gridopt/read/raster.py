"""People from a population raster: the cells with anybody in them, as boxes in the city's CRS."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from gridopt.coordinates import crs_name
from gridopt.errors import TableError, preview
from gridopt.people import MEASURES
from gridopt.read.candidates import Unplaced, candidates, proposals
from gridopt.read.findings import Findings
from gridopt.read.formats import check_file
from gridopt.read.layers import Layer
from gridopt.read.project import LayerSpec

MOST_CELLS = 200_000_000
"""Cells that may be read within the communities' bounds."""

COVERED = 0.99
"""Share of a community's area on the raster below which it lies only partly on it."""

MISSING = 0.5
"""The share below which its people are not known."""

NARROW = 0.01
"""Metres along a border that are no land."""

_STRIP = 2**24


def read_population_cells(spec: LayerSpec, communities: gpd.GeoDataFrame) -> Layer:
    """The cells of a GeoTIFF with people in them, within the communities' bounding box.

    Index ``cell_id`` (row and column in the file), columns ``residents`` and ``geometry``: the cell's outline in
    the communities' CRS. Only that window of the file is read; nodata cells hold nobody.

    Raises:
        TableError: no CRS, no such band, no overlap with the communities, more than `MOST_CELLS` cells,
            negative values, or nobody in any cell.
    """
    check_file(spec.file, spec.path)
    findings = Findings(spec.name)
    try:
        with rasterio.open(spec.file, driver="GTiff") as raster:
            crs = _crs(raster, spec, communities, findings)
            window = _window(raster, crs, communities, findings) if crs else None
            findings.close()
            if crs is None or window is None:
                raise AssertionError("a raster without a window is a fault")
            _check_cover(raster, crs, communities, findings)
            rows, columns, people = _inhabited(raster, spec.band, window, findings)
            corners = _corners(raster, rows, columns)
    except RasterioError as error:
        raise TableError(
            f"{spec.path} cannot be read: it is damaged or cut off ({str(error).rstrip('.')}). Export it again.",
            zh=f"{spec.path} 无法读取：文件已损坏或不完整（{str(error).rstrip('.')}）。请重新导出为 GeoTIFF。",
        ) from error
    findings.close()
    target = pyproj.CRS(communities.crs)
    names = [f"{row:06d}-{column:06d}" for row, column in zip(rows, columns, strict=True)]
    cells = gpd.GeoDataFrame({"residents": people}, geometry=shapely.polygons(corners), crs=crs, index=names)
    cells.index = cells.index.astype("str").rename("cell_id")
    if crs != target:
        findings.repair("reprojected", n=len(cells), values=[crs_name(crs), crs_name(target)])
        cells = cells.to_crs(target)
    findings.repair("raster_nobody", communities.index[~_have_cells(communities, cells)])
    return Layer(cells, spec.file.stem, crs_name(crs), len(cells), tuple(findings.repairs), ("residents",), spec.level)


def _crs(
    raster: DatasetReader, spec: LayerSpec, communities: gpd.GeoDataFrame, findings: Findings
) -> pyproj.CRS | None:
    if spec.band > raster.count:
        findings.fault(
            f"{spec.path} has {raster.count} band(s), not a band {spec.band}; correct band = ...",
            f"{spec.path} 只有 {raster.count} 个波段，没有第 {spec.band} 波段；请改正 band = ...",
        )
    if spec.crs is not None:
        return spec.crs
    if raster.crs is None:
        _propose_crs(raster, spec, communities, findings)
        return None
    return pyproj.CRS.from_wkt(raster.crs.to_wkt())


def _propose_crs(raster: DatasetReader, spec: LayerSpec, communities: gpd.GeoDataFrame, findings: Findings) -> None:
    """A fault with the CRSs that would bring the raster to the communities."""
    frame, near = gpd.GeoSeries([shapely.box(*raster.bounds)]), communities.geometry.to_crs(4326)
    findings.unplaced = Unplaced(spec.name, frame, near, tuple(candidates(frame, near)))
    if findings.unplaced.found:
        findings.fault(*proposals(findings.unplaced))
        return
    findings.fault(
        'the raster names no coordinate reference system, and none that is usual fits; add the line crs = "EPSG:..."',
        '栅格没有坐标系，常用坐标系均不吻合；请添加一行 crs = "EPSG:..."',
    )


def _window(raster: DatasetReader, crs: pyproj.CRS, communities: gpd.GeoDataFrame, findings: Findings) -> Window | None:
    change = pyproj.Transformer.from_crs(communities.crs, crs, always_xy=True)
    west, south, east, north = change.transform_bounds(*communities.total_bounds.tolist())
    back = ~raster.transform
    x, y = np.array([west, west, east, east]), np.array([south, north, south, north])
    columns, rows = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    left, right = max(int(np.floor(columns.min())), 0), min(int(np.ceil(columns.max())), raster.width)
    top, bottom = max(int(np.floor(rows.min())), 0), min(int(np.ceil(rows.max())), raster.height)
    if left >= right or top >= bottom:
        bounds = ", ".join(f"{value:,.6f}".rstrip("0").rstrip(".") for value in raster.bounds)
        findings.fault(
            f"the raster ({bounds} in {crs_name(crs)}) does not touch the communities; it is another place: "
            "give the raster of this one, or correct its CRS",
            f"栅格范围（{bounds}，{crs_name(crs)}）与村（社区）没有重叠；可能是其他地方的数据：请改用本地的栅格，或改正其坐标系",
        )
        return None
    n_cells = (right - left) * (bottom - top)
    if n_cells > MOST_CELLS:
        findings.fault(
            f"the raster has {n_cells:,} cells within the communities' bounds, above {MOST_CELLS:,}; "
            "aggregate it to larger cells",
            f"栅格在村（社区）范围内有 {n_cells:,} 个像元，超过 {MOST_CELLS:,}；请先聚合为较大像元",
        )
        return None
    return Window(left, top, right - left, bottom - top)


def _check_cover(raster: DatasetReader, crs: pyproj.CRS, communities: gpd.GeoDataFrame, findings: Findings) -> None:
    """Communities that leave the raster are on record; one mostly outside, of no other total, is a fault."""
    outline = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * (raster.width, raster.height)
    frame = shapely.Polygon(_placed(raster, outline[:, 0], outline[:, 1]))
    land = communities.geometry.to_crs(crs).to_numpy()
    shares = shapely.area(shapely.intersection(land, frame)) / shapely.area(land)
    partly = shares < COVERED
    findings.repair("raster_partly", communities.index[partly], values=[float(shares.min())])
    stated = communities.reindex(columns=list(MEASURES)).notna().any(axis=1).to_numpy(bool)
    lost = communities.index[(shares < MISSING) & ~stated]
    if len(lost):
        findings.fault(
            f"the raster covers less than {MISSING:.0%} of {len(lost)} communities: {preview(lost)}; their people are "
            "not known: use a raster of the whole city, or give totals as columns of [layers.communities]",
            f"栅格对 {len(lost)} 个村（社区）的覆盖不足 {MISSING:.0%}：{preview(lost)}；其人口未知："
            "请换用覆盖全市的栅格，或在 [layers.communities] 的列中给出总数",
        )


def _have_cells(communities: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which communities share land, not only a border, with any of these cells."""
    inner = shapely.buffer(communities.geometry.to_numpy(), -NARROW)
    found = np.zeros(len(communities), bool)
    found[shapely.STRtree(cells.geometry.to_numpy()).query(inner, predicate="intersects")[0]] = True
    return found


def _inhabited(
    raster: DatasetReader, band: int, window: Window, findings: Findings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Row, column and people of every cell with people, read in strips so that memory stays small."""
    height = max(_STRIP // int(window.width), 1)
    found, negative = [], 0
    for top in range(0, int(window.height), height):
        strip = Window(window.col_off, window.row_off + top, window.width, min(height, window.height - top))
        values = raster.read(band, window=strip, masked=True).astype(np.float64).filled(np.nan)
        negative += int((values < 0).sum())
        rows, columns = np.nonzero(np.isfinite(values) & (values > 0))
        found.append((rows + int(strip.row_off), columns + int(strip.col_off), values[rows, columns]))
    if negative:
        findings.fault(
            f"{negative:,} cells hold negative values; set the raster's nodata value or correct them",
            f"{negative:,} 个像元为负值；请设置栅格的无数据值或改正",
        )
    rows, columns, people = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not len(people):
        findings.fault(
            "no cell within the communities' bounds holds any people; check the band and the place",
            "村（社区）范围内所有像元人口均为 0；请检查波段和位置",
        )
    return rows, columns, people


def _corners(raster: DatasetReader, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 4, 2) outlines of cells in the raster's CRS; rotated rasters too."""
    across = columns[:, None] + np.array([0, 1, 1, 0])
    down = rows[:, None] + np.array([0, 0, 1, 1])
    return _placed(raster, across, down)


def _placed(raster: DatasetReader, across: NDArray[np.int64], down: NDArray[np.int64]) -> NDArray[np.float64]:
    """Coordinates in the raster's CRS of corners by their column and row, in a last axis of two."""
    forward = raster.transform
    x = forward.a * across + forward.b * down + forward.c
    y = forward.d * across + forward.e * down + forward.f
    return np.stack([x, y], axis=-1)
