"""A map of everything that was mended, listed or left out, and the table that leads to each place on it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.publish.colours import kind_colours
from gridopt.publish.markup import text
from gridopt.read.inspection import Inspection
from gridopt.terms import TERMS, label

BARRIER_COLOURS = {"wall": "#b2182b", "seam": "#2166ac", "none": "#bbbbbb"}
BARRIERS_ZH = {"wall": "不可跨越", "seam": "宜作边界", "none": "无影响"}
COLOURS = ("#e66101", "#5e3c99", "#1b7837", "#0571b0", "#a6611a", "#c51b7d", "#4d4d4d", "#008b8b")
"""Colours of the rows of the record, in turn."""

MOST_BUILDINGS = 20_000
"""Buildings drawn in the background; in a larger city only those near a fault are."""

MOST_NAMED = 12
"""Places of a row that have a button of their own; the others are found through the row's own button."""

NEARBY = 100.0
Shapes = NDArray[np.object_]


def fault_map(inspection: Inspection, lang: str) -> str:
    """The map: communities by area kind, buildings, barriers with their class, and every fault that has a place."""
    bounds = _bounds(inspection)
    west, south, east, north = bounds
    pad = 0.02 * max(east - west, north - south)
    frame = f"{-pad:.1f} {-pad:.1f} {east - west + 2 * pad:.1f} {north - south + 2 * pad:.1f}"
    corner = (west, north)
    step = max(east - west, north - south) / 4000
    layers = [
        *_communities(inspection, corner, step, lang),
        *_background(inspection, corner, step),
        *_faults(inspection.places, corner, step),
    ]
    words = ("整图", "放大", "缩小") if lang == "zh" else ("whole map", "closer", "farther")
    tools = "".join(
        f'<button type="button" data-zoom="{zoom}">{word}</button>'
        for zoom, word in zip(("0", "0.5", "2"), words, strict=True)
    )
    return (
        f'<div class="map"><svg class="faults" viewBox="{frame}">{"".join(layers)}</svg>'
        f'<div class="tools">{tools}{_kind_key(inspection, lang)}{_barrier_key(inspection, lang)}</div></div>'
    )


def _bounds(inspection: Inspection) -> tuple[float, float, float, float]:
    west, south, east, north = (float(one) for one in inspection.city.communities.total_bounds)
    return west, south, max(east, west + 1e-6), max(north, south + 1e-6)


def _communities(inspection: Inspection, corner: tuple[float, float], step: float, lang: str) -> list[str]:
    """Every community in the colour of its area kind, with its name and kind to be read under the pointer."""
    table = inspection.city.communities
    colours = kind_colours(table["area_kind"])
    shapes = shapely.simplify(table.geometry.to_numpy(), step)
    return [
        f'<path d="{_paths(shapes[place : place + 1], corner)}" fill="{colours[kind]}" stroke="#777">'
        f"<title>{text(f'{name} ({_kind(kind, lang)})')}</title></path>"
        for place, (name, kind) in enumerate(zip(table["community"], table["area_kind"], strict=True))
    ]


def _kind(kind: str, lang: str) -> str:
    return label(kind, lang) if kind in TERMS else kind


def _background(inspection: Inspection, corner: tuple[float, float], step: float) -> list[str]:
    def drawn(shapes: Shapes, style: str, detail: float) -> str:
        return f'<path d="{_paths(shapely.simplify(shapes, detail), corner)}" {style}/>'

    city = inspection.city
    layers = []
    buildings = city.layer("buildings")
    if buildings is not None:
        near = _near_faults(buildings.geometry.to_numpy(), inspection.places)
        layers.append(drawn(near, 'fill="#d9d2c3" stroke="none"', min(step, 0.5)))
    for name in ("roads", "rivers", "railways", "walls"):
        lines = city.layer(name)
        for barrier, colour in BARRIER_COLOURS.items() if lines is not None else ():
            chosen = lines.geometry[lines["barrier"] == barrier].to_numpy()
            width = 2 if barrier == "wall" else 1
            layers.append(drawn(chosen, f'fill="none" stroke="{colour}" stroke-width="{width}"', step))
    return layers


def _near_faults(shapes: Shapes, places: gpd.GeoDataFrame) -> Shapes:
    """The buildings to draw: all of a small city, in a large one those around the faults."""
    if len(shapes) <= MOST_BUILDINGS or not len(places):
        return shapes[:MOST_BUILDINGS]
    west, south, east, north = places.bounds.to_numpy().T
    around = shapely.box(west - NEARBY, south - NEARBY, east + NEARBY, north + NEARBY)
    found = np.unique(shapely.STRtree(shapes).query(around)[1])
    near: Shapes = shapes[found[:MOST_BUILDINGS]]
    return near


def _faults(places: gpd.GeoDataFrame, corner: tuple[float, float], step: float) -> list[str]:
    """Each place as its outline and a dot of a size of its own, so that it is seen from afar."""
    drawn = []
    for row, number, name, shape in zip(places["repair"], _numbers(places), places["id"], places.geometry, strict=True):
        colour, title = COLOURS[int(row) % len(COLOURS)], f"<title>{int(row) + 1}. {text(name)}</title>"
        data = f'data-row="{int(row)}" data-place="{number}" stroke="{colour}"'
        outline = _paths(np.array([shapely.simplify(shape, min(step, 0.2))], object), corner)
        fill = colour if shapely.get_dimensions(shape) == 2 else "none"
        point = shapely.point_on_surface(shape)
        x, y = point.x - corner[0], corner[1] - point.y
        drawn.append(f'<path class="fault" {data} fill="{fill}" d="{outline}">{title}</path>')
        drawn.append(f'<path class="fault dot" {data} d="M{x:.1f},{y:.1f}h.01">{title}</path>')
    return drawn


def _numbers(places: pd.DataFrame) -> Iterable[int]:
    """The number of each place inside its row of the record."""
    numbers: list[int] = places.groupby("repair").cumcount().tolist()
    return numbers


def _kind_key(inspection: Inspection, lang: str) -> str:
    """What the colours of communities mean."""
    numbers = inspection.city.communities["area_kind"].value_counts()
    return "".join(
        f'<span><span class="kind" style="background:{colour}"></span>{text(_kind(kind, lang))} {numbers[kind]}</span>'
        for kind, colour in kind_colours(numbers.index).items()
    )


def _barrier_key(inspection: Inspection, lang: str) -> str:
    if not len(inspection.barriers):
        return ""
    words = BARRIERS_ZH if lang == "zh" else {"wall": "wall", "seam": "seam", "none": "no barrier"}
    return "".join(f'<span style="color:{BARRIER_COLOURS[kind]}">━ {word}</span>' for kind, word in words.items())


def record_table(shown: pd.DataFrame, places: gpd.GeoDataFrame, lang: str) -> str:
    """The record as a table: each row leads to its places on the map, each named place to itself.

    ``shown`` is the repairs table with its texts ready for people; the last column holds the buttons.
    """
    columns = [name for name in shown.columns if name not in ("ids", "编号")]
    heads = "".join(f"<th>{text(name)}</th>" for name in columns)
    where = "图上位置" if lang == "zh" else "where"
    by_row = {int(row): table for row, table in places.groupby("repair")}
    rows = []
    for number, row in enumerate(shown.to_dict("records")):
        cells = "".join(f"<td>{text(row[name])}</td>" for name in columns)
        ids = row.get("ids", row.get("编号", ""))
        links = _links(number, by_row[number], lang) if number in by_row else text(ids)
        mark = f'<span class="mark" style="background:{COLOURS[number % len(COLOURS)]}"></span>'
        label = f"{mark if number in by_row else ''}{number + 1}"
        rows.append(f'<tr data-row="{number}"><td class="num">{label}</td>{cells}<td>{links}</td></tr>')
    return f"<table><thead><tr><th>#</th>{heads}<th>{where}</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"


def dispute_list(shown: pd.DataFrame, places: gpd.GeoDataFrame) -> str:
    """The disputes as a table; the name of each leads to its place on the map."""
    numbered = places.assign(place=list(_numbers(places)))
    disputes = numbered[numbered["layer"] == "communities"].assign(dispute=numbered["id"].str.split(" ").str[0])
    found = disputes.drop_duplicates("dispute", keep="last").set_index("dispute")
    heads = "".join(f"<th>{text(name)}</th>" for name in shown.columns)
    rows = []
    for name, *cells in shown.itertuples(index=False, name=None):
        link = text(name)
        if name in found.index:
            at = found.loc[name]
            data = f'data-row="{at["repair"]}" data-place="{at["place"]}"'
            link = f'<button type="button" {data}>{text(name)}</button>'
        rows.append(f"<tr><td>{link}</td>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>")
    return f'<table class="decide"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _links(number: int, places: gpd.GeoDataFrame, lang: str) -> str:
    every = f"全部 {len(places)} 处" if lang == "zh" else f"all {len(places)}"
    buttons = [f'<button type="button" data-row="{number}">{every}</button>']
    for place, name in enumerate(places["id"].head(MOST_NAMED)):
        buttons.append(f'<button type="button" data-row="{number}" data-place="{place}">{text(name)}</button>')
    return "".join(buttons) + (" …" if len(places) > MOST_NAMED else "")


def _paths(shapes: Shapes, corner: tuple[float, float]) -> str:
    """Shapes as one SVG path in metres from the north-west corner of the map."""
    pieces = []
    for part in shapely.get_parts(shapes[~shapely.is_missing(shapes)]):
        if part.is_empty:
            continue
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings if part.geom_type != "GeometryCollection" else ():
            points = shapely.get_coordinates(ring)
            if not np.isfinite(points).all():
                continue
            pairs = " ".join(f"{x - corner[0]:.1f},{corner[1] - y:.1f}" for x, y in points)
            pieces.append(f"M{pairs}" if len(points) > 1 else f"M{pairs}h1v1")
    return "".join(pieces)


def area_text(value: float) -> str:
    """Square metres as a planner reads them, more exactly the smaller they are."""
    if math.isnan(value):
        return ""
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"
