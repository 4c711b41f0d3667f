"""Clean coverages: no slivers, no gaps between neighbours, every vertex of a shared line in both rings."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.errors import TableError, preview
from gridopt.terms import label
from gridopt.units.record import Record
from gridopt.units.stitch import stitched

SLIVER = 1.0
"""Mean width in metres (twice the area over the perimeter) up to which an overlap or gap is a drawing error."""

_SNAPPING = (-1.0, 1e-4, 1e-3, 1e-2)
"""Snapping distances to try in turn; -1 lets GEOS choose."""


def clean_coverage(polygons: gpd.GeoSeries, record: Record, *, layer: str) -> gpd.GeoSeries:
    """The polygons as one clean coverage: slivers mended and recorded, wider overlaps an error.

    ``polygons`` is indexed by id and sorted; an id keeps its place. Gaps narrower than `SLIVER` go
    to the neighbour with the longest shared border, wider gaps stay open.
    """
    shapes = polygons.to_numpy()
    if shapely.coverage_is_valid(shapes, gap_width=SLIVER):
        return polygons
    refuse_overlaps(polygons, layer)
    mended = noded(shapes, gap_width=SLIVER)
    lost = polygons.index[shapely.is_empty(mended)]
    if len(lost):
        raise TableError(
            f"{layer}: {len(lost)} polygons lie wholly in slivers of others: {preview(lost)}. Remove or redraw them.",
            zh=f"{label(f'layer.{layer}', 'zh')}图层：{len(lost)} 个"
            f"面完全落在其他面的碎缝中：{preview(lost)}。请删除或重绘。",
        )
    moved = shapely.area(shapely.symmetric_difference(shapes, mended))
    changed = np.flatnonzero(
        (moved > 1e-6) | (shapely.get_num_coordinates(shapes) < shapely.get_num_coordinates(mended))
    )
    if len(changed):
        record.add(
            layer,
            ("slivers or unmatched vertices between neighbours", "相邻面之间有碎缝或公共边节点不一致"),
            ids=polygons.index[changed],
            action=(
                f"shared lines made identical; {moved.sum():.2f} m2 changed hands",
                f"已统一公共边，涉及面积 {moved.sum():.2f} 平方米",
            ),
            area_before=shapely.area(shapes).sum(),
            area_after=shapely.area(mended).sum(),
        )
    return gpd.GeoSeries(mended, index=polygons.index, crs=polygons.crs)


def noded(polygons: NDArray[np.object_], *, gap_width: float = 0.0) -> NDArray[np.object_]:
    """The same polygons with every vertex of a shared line in both rings.

    Vertices that lack in a ring are put into it; only where that makes no clean coverage are all lines drawn anew
    (GEOS coverage cleaner), which takes several times as long and moves vertices.
    """
    if len(polygons) < 2:
        return polygons
    matching = stitched(polygons)
    if shapely.coverage_is_valid(matching, gap_width=gap_width):
        return matching
    for snapping in _SNAPPING:
        try:
            return np.asarray(shapely.coverage_clean(polygons, gap_width=gap_width, snapping_distance=snapping), object)
        except shapely.errors.GEOSException:
            continue
    raise TableError(
        "the polygons cannot be made one clean coverage: their borders nearly coincide. Snap them to each other first.",
        zh="各面边界近似重合而不一致，无法整理为一套完整覆盖。请先在 GIS 中捕捉对齐。",
    )


def dissolve(polygons: NDArray[np.object_], labels: NDArray[np.int64]) -> NDArray[np.object_]:
    """One polygon a label, 0 .. max, from a clean coverage."""
    order = np.argsort(labels, kind="stable")
    cuts = np.searchsorted(labels[order], np.arange(int(labels.max(initial=-1)) + 2))
    joined = np.empty(len(cuts) - 1, object)
    for place, (first, last) in enumerate(pairwise(cuts.tolist())):
        members = polygons[order[first:last]]
        joined[place] = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
    return joined


def refuse_overlaps(polygons: gpd.GeoSeries, layer: str) -> None:
    """Raise a `TableError` for overlaps wider than slivers: they are disputes, listed and never settled."""
    shapes = polygons.to_numpy()
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    near, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    near = suspects[near]
    low, high = np.minimum(near, other), np.maximum(near, other)
    pairs = np.unique(np.column_stack([low, high])[low < high], axis=0)
    overlaps = shapely.buffer(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]), 0)
    areas, lengths = shapely.area(overlaps), shapely.length(overlaps)
    wide = np.flatnonzero(2 * areas > SLIVER * np.where(lengths > 0, lengths, np.inf))
    if len(wide):
        ids = polygons.index
        named = [f"{ids[pairs[k, 0]]} / {ids[pairs[k, 1]]} ({areas[k]:,.0f} m2)" for k in wide]
        raise TableError(
            f"{layer}: {len(wide)} pairs of polygons overlap by more than a sliver ({SLIVER:g} m): {preview(named)}. "
            "Who owns the land must be decided by hand: redraw one of each pair.",
            zh=f"{label(f'layer.{layer}', 'zh')}图层：{len(wide)} 对"
            f"面重叠超过碎缝宽度（{SLIVER:g} 米）：{preview(named)}。"
            "归属须人工确认，请修改其中一个面。",
        )
