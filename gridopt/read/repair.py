"""Geometry made fit to compute with, every change on record with the area before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import EXCHANGE, crs_name
from gridopt.errors import preview
from gridopt.read.findings import Findings, Place, Repair

KIND_NAMES = {"polygon": ("polygons", "面"), "line": ("lines", "线"), "point": ("points", "点")}
_FIRST_COLLECTION = 4
_KIND_OF_TYPE = ["point", "line", "line", "polygon", "point", "line", "polygon", "mixed"]


def kinds_of(shapes: NDArray[np.object_]) -> NDArray[np.str_]:
    """``point``, ``line``, ``polygon`` or ``mixed`` for each geometry, "" where there is none."""
    names = np.array([*_KIND_OF_TYPE, ""])
    return names[np.where(shapely.is_empty(shapes), -1, shapely.get_type_id(shapes))]


def declared_crs(table: gpd.GeoDataFrame, crs: pyproj.CRS | None, findings: Findings) -> gpd.GeoDataFrame:
    """The layer with the CRS that its file or the project file declares; without either it is a fault.

    Coordinates that cannot be in that CRS are a fault too, with a hint where longitude and latitude
    are swapped.
    """
    if crs is not None and table.crs is not None and pyproj.CRS(table.crs) != crs:
        findings.repair("declared_crs", n=len(table), values=[crs_name(table.crs), crs_name(crs)])
    if crs is not None:
        table = table.set_crs(crs, allow_override=True)
    bounds = table.total_bounds
    if table.crs is None:
        x, y = bounds[:2]
        findings.fault(
            f"the layer names no coordinate reference system (its coordinates begin near {x:.6g}, {y:.6g}); "
            'add the line crs = "EPSG:..."',
            f'图层没有坐标系（坐标约为 {x:.6g}，{y:.6g}）；请添加一行 crs = "EPSG:..."',
        )
    elif not (table.crs.is_geographic or table.crs.is_projected):
        findings.fault(*_no_map_system(table.crs))
    elif np.isfinite(bounds).all():
        fault = range_fault(bounds, pyproj.CRS(table.crs))
        if fault:
            findings.fault(*fault)
    return table


_TYPES_ZH = {"Vertical CRS": "高程基准", "Engineering CRS": "独立（工程）坐标系"}


def _no_map_system(crs: pyproj.CRS) -> tuple[str, str]:
    """What to do about a layer whose coordinates are neither degrees nor those of a map."""
    if crs.is_geocentric:
        return (
            f"{crs_name(crs)} counts metres from the middle of the Earth; save the layer in longitude and latitude "
            '(EPSG:4326), or declare crs = "EPSG:..." if its coordinates are in another CRS',
            f"{crs_name(crs)} 是地心直角坐标系；请以经纬度（EPSG:4326）另存图层，"
            '如坐标实为其他坐标系，请声明 crs = "EPSG:..."',
        )
    kind_zh = _TYPES_ZH.get(crs.type_name, "特殊坐标系")
    return (
        f'{crs_name(crs)} ({crs.type_name}) does not say where on the Earth the layer lies; declare crs = "EPSG:..." '
        'if its coordinates are in a known CRS, or tie it by control points: control = "points.csv"',
        f'{crs_name(crs)} 是{kind_zh}，未说明图层在地球上的位置；如坐标属于已知坐标系，请声明 crs = "EPSG:..."，'
        '否则请用控制点联系：control = "points.csv"',
    )


def range_fault(bounds: NDArray[np.float64], crs: pyproj.CRS) -> tuple[str, str] | None:
    """What is wrong, in English and in Chinese, with coordinates that cannot be in a CRS; None if nothing is."""
    west, south, east, north = bounds
    in_degrees = -180.001 <= west <= east <= 360 and -90 <= south <= north <= 90
    box = f"x {west:.6g}~{east:.6g}, y {south:.6g}~{north:.6g}"
    if crs.is_geographic and not in_degrees:
        swapped = -90 <= west <= east <= 90 and -180 <= south <= north <= 180
        if swapped:
            return (
                f"the coordinates ({box}) do not fit {crs_name(crs)}: longitude and latitude are swapped. "
                f"{EXCHANGE[0]}",
                f"坐标（{box}）与 {crs_name(crs)} 不符：经纬度颠倒。{EXCHANGE[1]}",
            )
        return (
            f"the coordinates ({box}) do not fit {crs_name(crs)}: they are in another CRS; "
            'correct the layer or declare crs = "EPSG:..."',
            f'坐标（{box}）与 {crs_name(crs)} 不符：疑似属于其他坐标系；请改正图层或声明 crs = "EPSG:..."',
        )
    if crs.is_projected and max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        return (
            f'the coordinates ({box}) look like degrees, not like {crs_name(crs)}; declare crs = "EPSG:4326"',
            f'坐标（{box}）像是经纬度，而不是 {crs_name(crs)}；请声明 crs = "EPSG:4326"',
        )
    return None


def flattened(table: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """The layer without third coordinates, as two-dimensional as its CRS."""
    shapes = table.geometry.to_numpy()
    deep = shapely.has_z(shapes) | shapely.has_m(shapes)
    if deep.any():
        findings.repair("z", n=int(deep.sum()))
        table = table.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), index=table.index, crs=table.crs))
    if table.crs is not None and len(table.crs.axis_info) > 2:
        table = table.set_crs(pyproj.CRS(table.crs).to_2d(), allow_override=True)
    return table


def projected(table: gpd.GeoDataFrame, crs: pyproj.CRS, findings: Findings) -> gpd.GeoDataFrame:
    """The layer in the city's CRS, its rings in normal order; coordinates that the transform refuses are a fault."""
    source = table.crs
    if table.crs is not None and pyproj.CRS(table.crs) != crs:
        findings.repair("reprojected", n=len(table), values=[crs_name(table.crs), crs_name(crs)])
        table = table.to_crs(crs)
    with np.errstate(invalid="ignore"):  # of coordinates that are not finite, which are a fault below
        shapes = _plain(shapely.normalize(table.geometry.to_numpy()))
    findings.repairs = [_measured(repair, source, crs, shapes) for repair in findings.repairs]
    broken = ~np.isfinite(shapely.bounds(shapes)).all(axis=1) & ~(shapely.is_empty(shapes) | shapely.is_missing(shapes))
    if broken.any():
        rows = np.flatnonzero(broken) + 1
        findings.fault(
            f"{len(rows)} rows have coordinates that do not exist in their CRS: rows {preview(rows)}; "
            "check crs and the order of longitude and latitude",
            f"{len(rows)} 行的坐标在其坐标系中不存在：第 {preview(rows)} 行；请检查 crs 及经纬度顺序",
        )
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=crs))


def _measured(repair: Repair, source: pyproj.CRS | None, crs: pyproj.CRS, shapes: NDArray[np.object_]) -> Repair:
    """What was noted before the layer was projected, with its areas and places in the city's CRS.

    Dropping a third coordinate changes no area; of a repeated row one copy stays.
    """
    if repair.kind == "z":
        total = float(np.round(shapely.area(shapes[np.isfinite(shapely.area(shapes))]).sum(), 3))
        return replace(repair, area_before=total, area_after=total)
    if repair.kind != "duplicate_rows" or not repair.places or source is None:
        return repair
    moved = gpd.GeoSeries([shape for _, shape in repair.places], crs=source).to_crs(crs)
    places = tuple(zip((name for name, _ in repair.places), shapely.force_2d(moved.to_numpy()), strict=True))
    area = float(np.round(moved.area.sum(), 3))
    if len(places) < repair.n:
        return replace(repair, places=places)
    return replace(repair, places=places, area_before=2 * area, area_after=area)


def _plain(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Collections of a single part as that part: formats wrap them so, and the part is the same."""
    lone = (shapely.get_num_geometries(shapes) == 1) & (shapely.get_type_id(shapes) >= _FIRST_COLLECTION)
    result = shapes.copy()
    result[lone] = shapely.get_geometry(shapes[lone], 0)
    return result


def repaired(
    table: gpd.GeoDataFrame, kinds: Sequence[str], findings: Findings, *, whole: bool = False
) -> gpd.GeoDataFrame:
    """The layer with valid geometry of the wanted kinds; rows that have none are kept out and named.

    Invalid polygons are rebuilt from their rings (GEOS structure method) and keep their polygonal parts.
    ``whole`` makes a row that would be kept out a fault: a community may not be lost.
    """
    given, names = table.geometry.to_numpy(), np.asarray(table.index, dtype=object)
    shapes = given.copy()
    faulty = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    before = float(shapely.area(shapes[faulty]).sum())
    shapes[faulty] = shapely.make_valid(shapes[faulty], method="structure", keep_collapsed=False)
    mixed = kinds_of(shapes) == "mixed"
    if "polygon" in kinds:
        shapes[mixed] = [_polygonal(shape) for shape in shapes[mixed]]
    shapes[faulty] = _plain(shapely.normalize(shapes[faulty]))
    found = kinds_of(shapes)
    reasons = {
        "no_geometry": shapely.is_missing(given),
        "malformed": (found == "") & ~faulty & ~shapely.is_missing(given),
        "collapsed": (found == "") & faulty,
        "wrong_kind": ~np.isin(found, [*kinds, ""]),
    }
    kept = np.isin(found, list(kinds))
    mended = faulty & kept
    if "polygon" in kinds:
        findings.repair("parts_dropped", names[mixed & kept & ~faulty])
    findings.repair("invalid", names[mended], areas=(before, float(shapely.area(shapes[mended]).sum())))
    for reason, rows in reasons.items():
        places = list(zip(names[rows], given[rows], strict=True))
        _leave_out(reason, places, kinds, findings, fatal=whole or not kept.any())
    result: gpd.GeoDataFrame = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))[kept]
    return result


def _leave_out(reason: str, places: list[Place], kinds: Sequence[str], findings: Findings, *, fatal: bool) -> None:
    """Name the rows that have no geometry of use, each with what it has; a fault where none may be lost.

    Rows without an id are told as such.
    """
    places = [(name, shape) for name, shape in places if name]
    if not places:
        return
    names = [name for name, _ in places]
    if not fatal:
        shown = [(name, shape) for name, shape in places if shape is not None and not shape.is_empty]
        findings.repair(reason, names, places=shown)
        return
    wanted = " or ".join(KIND_NAMES[kind][0] for kind in kinds)
    wanted_zh = "或".join(KIND_NAMES[kind][1] for kind in kinds)
    what, what_zh = {
        "no_geometry": ("no geometry", "没有几何"),
        "malformed": ("a ring that is not closed or has too few points", "环未闭合或点数不足"),
        "collapsed": ("a geometry without area", "几何没有面积"),
        "wrong_kind": (f"a geometry that is not {wanted}", f"几何不是{wanted_zh}"),
    }[reason]
    findings.fault(
        f"{len(names)} rows have {what}: {preview(sorted(names))}; draw them as {wanted} or remove them",
        f"{len(names)} 行{what_zh}：{preview(sorted(names))}；请绘为{wanted_zh}或删除",
    )


def polygons_of(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """The polygons of a layer, whatever else its rows hold; its shapes as they are where there are none."""
    parts = shapely.get_parts(table.geometry.to_numpy())
    polygons = parts[shapely.get_dimensions(parts) == 2]
    return np.asarray(polygons if len(polygons) else table.geometry.to_numpy(), object)


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == 2]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def without_repeated_footprints(table: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """Buildings with each footprint once: of exact duplicates the lowest id stays."""
    ordered = table.sort_index()
    repeated = repeated_footprints(ordered)
    area = float(ordered.geometry[repeated].area.sum())
    places = zip(ordered.index[repeated], ordered.geometry[repeated], strict=True)
    findings.repair("duplicate_footprints", ordered.index[repeated], areas=(2 * area, area), places=places)
    result: gpd.GeoDataFrame = ordered[~repeated]
    return result


def repeated_footprints(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which polygons are the same as one further up."""
    shapes = table.geometry.to_numpy()
    alike = np.flatnonzero(of_one_box(shapes) & (kinds_of(shapes) == "polygon"))
    result = np.zeros(len(shapes), bool)
    result[alike] = pd.Series(shapely.to_wkb(shapes[alike])).duplicated().to_numpy()
    return result


def of_one_box(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which geometries have the bounding box of another: only these can be the same."""
    with np.errstate(invalid="ignore"):  # of coordinates that are not finite
        boxes = pd.DataFrame(shapely.bounds(shapes))
    return boxes.duplicated(keep=False).to_numpy(bool)


def centred(table: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """The layer as points: polygons and lines are represented by a point inside them."""
    shapes = table.geometry.to_numpy()
    spread = shapely.get_dimensions(shapes) > 0
    findings.repair("centred", table.index[spread])
    points = np.where(spread, shapely.point_on_surface(shapes), shapes)
    return table.set_geometry(gpd.GeoSeries(points, index=table.index, crs=table.crs))
