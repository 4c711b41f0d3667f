"""Communities as one valid coverage: slivers between them mended, what two of them claim put on a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.contracts import DISPUTES
from gridopt.errors import preview
from gridopt.overlay import Shapes, polygonal_parts
from gridopt.read.findings import Findings
from gridopt.read.inhabitants import Inhabitants

SLIVER = 2.0
"""Metres of width up to which an overlap or a gap between communities is a drawing error."""

NOTHING = 1e-6
"""Square metres below which an overlap is rounding."""

ROUNDING = 1e-4
"""Metres of width below which a strip comes from rounding."""

MOST_OF_IT = 0.5
"""Share of a claimant's own land in dispute above which it is taken to be an enclave and keeps it."""

RULES = {
    "enclave": ("most of its land", "占其面积一半以上"),
    "border": ("longer common border", "公共边界较长"),
}
"""Why a claimant is given land until it is decided, in English and in Chinese."""

_SNAPPING = (-1.0, 1e-4, 1e-3, 1e-2)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Connected pieces of land that two communities both claim, with their positions, the lower first."""

    pairs: NDArray[np.int64]
    shapes: Shapes

    def chosen(self, which: NDArray[np.bool_]) -> Overlaps:
        """Some of the pieces."""
        return Overlaps(self.pairs[which], self.shapes[which])


def settled(
    communities: gpd.GeoDataFrame, inside: Inhabitants, findings: Findings
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """(communities that share one boundary line with each neighbour, the disputes between them).

    Overlaps and gaps up to 2 m wide without a building inside are drawing errors: each goes to the
    neighbour with the longest common border (GEOS coverage cleaner). A wider overlap, or one with a
    building inside, is a dispute: it is listed with both claimants and what lies inside, and given until
    it is decided to the claimant that it makes up most of, else to the one whose undisputed land it
    borders longest, else to the lower id. Wider gaps stay open and are named.

    Raises nothing itself; a community that lies wholly in others is a fault in ``findings``.
    """
    names, before = communities.index, communities.geometry.to_numpy()
    if shapely.coverage_is_valid(before, gap_width=SLIVER):
        _note_holes(before, inside, findings)
        return communities, dispute_table([], communities, inside)
    overlaps = overlaps_of(before)
    disputed = _is_wide(overlaps.shapes) | inside.has_building(overlaps.shapes)
    awards = _awarded(before, overlaps.chosen(disputed))
    shapes = _given(before, awards)
    shapes = _without_open_gaps(shapes)
    after = _cleaned(shapes)
    lost = names[shapely.is_empty(after)]
    if len(lost):
        findings.fault(
            f"{len(lost)} communities lie wholly in others: {preview(lost)}; remove them or redraw the others",
            f"{len(lost)} 个村（社区）完全落在其他村（社区）内：{preview(lost)}；请删除或重绘",
        )
        return communities, dispute_table([], communities, inside)
    after = shapely.normalize(after)
    _note_slivers(names, before, overlaps.chosen(~disputed), findings)
    _note_gaps(names, before, after, findings)
    _note_lines(names, (before, after), np.unique(overlaps.pairs), findings)
    _note_holes(after, inside, findings)
    table = dispute_table(awards, communities, inside)
    _note_disputes(table, findings)
    untouched = shapely.equals_exact(after, shapely.normalize(before), 0.0)
    result = np.where(untouched, before, after)
    return communities.set_geometry(gpd.GeoSeries(result, index=names, crs=communities.crs)), table


def overlaps_of(shapes: Shapes) -> Overlaps:
    """Every connected piece of land that two of the polygons cover."""
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    first, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    first = suspects[first]
    pairs = np.unique(np.column_stack([np.minimum(first, other), np.maximum(first, other)])[first != other], axis=0)
    pairs = pairs.reshape(-1, 2).astype(np.int64)
    pieces, pair = polygonal_parts(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]), least_area=NOTHING)
    return Overlaps(pairs[pair], pieces)


def _is_wide(shapes: Shapes) -> NDArray[np.bool_]:
    """Whether a disc of the width of a sliver fits into each polygon."""
    result: NDArray[np.bool_] = ~shapely.is_empty(shapely.buffer(shapes, -SLIVER / 2, quad_segs=2))
    return result


@dataclass(frozen=True)
class Award:
    """A dispute: the land, the claimants by position, the one that is given it, and why."""

    shape: shapely.Geometry
    claimants: tuple[int, int]
    given_to: int
    rule: str

    @property
    def loser(self) -> int:
        """The claimant that does without it until it is decided."""
        low, high = self.claimants
        return low if self.given_to == high else high


def _awarded(shapes: Shapes, disputes: Overlaps) -> list[Award]:
    """Each dispute given by the stated rule, judged by the communities as they were drawn."""
    awards = []
    for (low, high), piece in zip(disputes.pairs.tolist(), disputes.shapes, strict=True):
        shares = [piece.area / shapes[one].area for one in (low, high)]
        if max(shares) > MOST_OF_IT and shares[0] != shares[1]:
            awards.append(Award(piece, (low, high), (low, high)[int(np.argmax(shares))], "enclave"))
            continue
        borders = [_border_with(piece, shapes[one], shapes[two]) for one, two in ((low, high), (high, low))]
        awards.append(Award(piece, (low, high), (low, high)[int(borders[1] > borders[0])], "border"))
    return awards


def _border_with(piece: shapely.Geometry, claimant: shapely.Geometry, rival: shapely.Geometry) -> float:
    """Metres of a disputed piece's outline along the land that only ``claimant`` claims."""
    own = shapely.difference(claimant, rival)
    return round(float(shapely.length(shapely.intersection(piece.boundary, own.boundary))), 3)


def _given(shapes: Shapes, awards: Sequence[Award]) -> Shapes:
    """The communities with each disputed piece in one of them only.

    One after the other: of land that three claim, what the second award leaves is settled by the third.
    """
    result = shapes.copy()
    for award in awards:
        if shapely.intersects(result[award.given_to], award.shape):
            result[award.loser] = _land_of(shapely.difference(result[award.loser], award.shape))
    return result


def _land_of(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a geometry: lines along which an overlay's rounding closed a strip are no land."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts, _ = polygonal_parts(np.array([shape], object))
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _without_open_gaps(shapes: Shapes) -> Shapes:
    """The communities with narrow strips between them filled that run out into the open.

    The coverage cleaner closes holes only. The strips are what a closing (dilation, then erosion, with
    mitred corners) adds to the union of the communities; each goes to the neighbour with the longest
    common border. Notches in the outline of a single community are left alone.
    """
    outlines = shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(shapely.union_all(shapes))))
    widened = shapely.union_all(shapely.buffer(outlines, SLIVER / 2, join_style="mitre"))
    closed = shapely.buffer(widened, -SLIVER / 2, join_style="mitre")
    strips, _ = polygonal_parts(np.array([shapely.difference(closed, shapely.union_all(outlines))], object))
    strips = strips[shapely.area(strips) > ROUNDING * shapely.length(strips)]
    result = shapes.copy()
    strip, community = shapely.STRtree(shapes).query(strips, predicate="intersects")
    near = shapely.buffer(strips[strip], ROUNDING)
    edges = shapely.length(shapely.intersection(near, shapely.boundary(shapes[community])))
    for number in np.unique(strip):
        rows = np.flatnonzero((strip == number) & (edges > SLIVER))
        if len(rows) > 1:
            best = community[rows[np.argmax(np.round(edges[rows], 3))]]
            result[best] = _land_of(shapely.union(result[best], strips[number]))
    return result


def _cleaned(shapes: Shapes) -> Shapes:
    """The polygons as one valid coverage, each in its place, snapped as little as makes it valid.

    The cleaner settles overlaps only: it looks for the neighbours of every gap among all polygons again.
    """
    cleaned = shapes
    for snapping in _SNAPPING:
        try:
            cleaned = _without_gaps(shapely.coverage_clean(shapes, gap_width=0.0, snapping_distance=snapping))
        except shapely.errors.GEOSException:
            continue
        if shapely.coverage_is_valid(cleaned):
            break
    return np.asarray(cleaned, object)


def _without_gaps(shapes: Shapes) -> Shapes:
    """A coverage with each narrow gap in the polygon that it shares the longest border with, the first of equals."""
    gaps = _gaps(shapes)
    gaps = gaps[~_is_wide(gaps)]
    gap, near = shapely.STRtree(shapes).query(gaps, predicate="intersects")
    shared = shapely.intersection(shapely.boundary(gaps[gap]), shapely.boundary(shapes[near]))
    borders = np.round(shapely.length(shared), 3)
    order = np.lexsort((near, -borders, gap))
    order = order[np.unique(gap[order], return_index=True)[1]]
    order = order[borders[order] > 0]
    result = shapes.copy()
    for heir in np.unique(near[order]):
        own = gaps[gap[order][near[order] == heir]]
        result[heir] = shapely.coverage_union_all([shapes[heir], *own])
    return result


def _gaps(shapes: Shapes) -> Shapes:
    """The land that a coverage encloses and no polygon of it covers."""
    outline = shapely.boundary(shapely.coverage_union_all(shapes))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(outline)))
    covered = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="intersects")[0]
    return np.asarray(np.delete(faces, covered), object)


def _note_slivers(names: pd.Index, shapes: Shapes, slivers: Overlaps, findings: Findings) -> None:
    touched = np.unique(slivers.pairs)
    before, twice = float(shapely.area(shapes[touched]).sum()), float(shapely.area(slivers.shapes).sum())
    findings.repair(
        "overlap_sliver",
        names[touched],
        areas=(before, before - twice),
        values=[SLIVER, len(slivers.shapes), twice],
        places=zip(_pair_names(names, slivers.pairs), slivers.shapes, strict=True),
    )


def _pair_names(names: pd.Index, pairs: NDArray[np.int64]) -> list[str]:
    return [f"{names[low]} / {names[high]}" for low, high in pairs.tolist()]


def _note_gaps(names: pd.Index, shapes: Shapes, after: Shapes, findings: Findings) -> None:
    """Land that belonged to nobody and now does; what is thinner than rounding is a line made to agree."""
    strips, owner = _unclaimed(shapely.difference(after, shapes), shapes)
    wide = shapely.area(strips) > ROUNDING * shapely.length(strips)
    strips, owner = strips[wide], owner[wide]
    touched, area = np.unique(owner), float(shapely.area(strips).sum())
    before = float(shapely.area(shapes[touched]).sum())
    findings.repair(
        "gap_sliver",
        names[touched],
        areas=(before, before + area),
        values=[SLIVER, len(strips), area],
        places=zip(names[owner], strips, strict=True),
    )


def _unclaimed(gained: Shapes, shapes: Shapes) -> tuple[Shapes, NDArray[np.int64]]:
    """(connected pieces of what each polygon gained that no polygon covered before, the position of its owner)."""
    pieces, owner = polygonal_parts(gained, least_area=NOTHING)
    piece, near = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    turn = np.arange(len(piece)) - np.searchsorted(piece, piece)
    for now in range(int(turn.max(initial=-1)) + 1):
        first, rival = piece[turn == now], near[turn == now]
        pieces[first] = shapely.difference(pieces[first], shapes[rival])
    strips, piece = polygonal_parts(pieces, least_area=NOTHING)
    return strips, owner[piece]


def _note_lines(
    names: pd.Index, shapes: tuple[Shapes, Shapes], overlapping: NDArray[np.int64], findings: Findings
) -> None:
    """Communities whose lines were only made the same as their neighbours', before and after."""
    before, after = shapes
    changed = shapely.get_num_coordinates(after) != shapely.get_num_coordinates(before)
    alike = shapely.area(shapely.symmetric_difference(before, after)) <= ROUNDING * shapely.length(before)
    noded = np.setdiff1d(np.flatnonzero(changed & alike), overlapping)
    areas = (float(shapely.area(before[noded]).sum()), float(shapely.area(after[noded]).sum()))
    findings.repair("unmatched", names[noded], areas=areas)


def _note_holes(shapes: Shapes, inside: Inhabitants, findings: Findings) -> None:
    """Land enclosed by communities that none of them claims: it is in no grid, so it is said aloud."""
    holes = _gaps(shapes)
    holes = holes[shapely.area(holes) > NOTHING]
    order = np.argsort(-shapely.area(holes), kind="stable")
    labels = [f"{number + 1}" for number in range(len(order))]
    area = float(shapely.area(holes).sum())
    findings.repair(
        "gap_open",
        n=len(holes),
        areas=(area, area),
        values=[len(holes), area, int(inside.buildings_in(holes).sum())],
        places=zip(labels, holes[order], strict=True),
    )


def dispute_table(awards: Sequence[Award], communities: gpd.GeoDataFrame, inside: Inhabitants) -> gpd.GeoDataFrame:
    """The disputes as a layer: the columns of `contracts.DISPUTES`, one connected piece of land a row.

    ``claimants`` and ``names`` list both communities, ``given_to`` and ``rule`` say to whom and why it is
    given until that is decided; ``width_m`` is that of the largest disc inside. Buildings count with at
    least half their footprint inside; people are NaN where no layer tells.
    """
    names, called = communities.index, communities["community"]
    shapes = np.array([award.shape for award in awards], object)
    table = pd.DataFrame(
        {
            "dispute_id": [f"d{number + 1:03d}" for number in range(len(awards))],
            "claimants": [";".join(names[list(award.claimants)]) for award in awards],
            "names": [" / ".join(called.iloc[list(award.claimants)]) for award in awards],
            "given_to": [names[award.given_to] for award in awards],
            "rule": [award.rule for award in awards],
            "area_m2": np.round(shapely.area(shapes), 3),
            "width_m": np.round(_widths(shapes), 2),
            **inside.facts(shapes),
        }
    )
    texts = dict.fromkeys(("dispute_id", "claimants", "names", "given_to", "rule", "building_ids"), "str")
    shapes = shapely.normalize(shapes)
    return gpd.GeoDataFrame(table.astype(texts), geometry=gpd.GeoSeries(shapes, crs=communities.crs))[DISPUTES]


def _widths(shapes: Shapes) -> NDArray[np.float64]:
    """Diameter in metres of the largest disc inside each polygon."""
    if not len(shapes):
        return np.zeros(0)
    return np.asarray(2 * shapely.length(shapely.maximum_inscribed_circle(shapes, tolerance=0.01)), np.float64)


def _note_disputes(disputes: gpd.GeoDataFrame, findings: Findings) -> None:
    area = float(disputes["area_m2"].sum())
    findings.repair(
        "dispute",
        disputes["dispute_id"],
        areas=(area, area),
        values=[SLIVER, area, int(disputes["buildings"].sum())],
        places=zip(disputes["dispute_id"] + " " + disputes["names"], disputes.geometry, strict=True),
    )
