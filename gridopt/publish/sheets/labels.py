"""The letters of a sheet's map: grids first, then neighbours, roads, estates, gates, building numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.drawing import SOFT, Scene, gate_symbols
from gridopt.publish.sheets.paper import INK, Page, Type, lines_of, text_box
from gridopt.publish.sheets.placing import (
    Floats,
    Form,
    Placed,
    Taken,
    Wish,
    along,
    around,
    inside_points,
    label_boxes,
    place,
)
from gridopt.read.numbers import SUFFIXES

GRID_SIZES = (11.0, 9.0, 7.5, 6.0)
NEIGHBOUR = Type(9.5, "bold")
ROADS = (Type(7.0), Type(6.0), Type(5.0))
ESTATE = (Type(6.5, "bold"), Type(5.5, "bold"))
GATE = Type(5.0)
NUMBERS = (Type(5.0), Type(4.2))
"""Building numbers at 4.2 points are 1.1 mm high: the least that a print shows."""
STYLES = {"neighbour": SOFT, "water": "#2f5f7a", "estate": "#202020", "gate": "#202020"}
OURS = 0.2
"""Share of an estate's land that a community holds at least where its name is written there."""
_MEASURE_WORD = re.compile(rf"(?<=\d)(?:{'|'.join(SUFFIXES)})$")
LEADER_MM = tuple(range(6, 61, 3))
"""How far from its grid a label may stand that does not fit inside."""


@dataclass(frozen=True, eq=False)
class Lettered:
    """The labels that were placed, and how many building numbers found no room."""

    placed: tuple[Placed, ...]
    numbers_left: int


def letter(page: Page, atlas: Atlas, scene: Scene, taken: Taken) -> Lettered:
    """Write the names of a map, none over another or over what is ``taken`` already."""
    measure = partial(text_box, letters=page.letters)
    placed = [one for one in _grids(page, atlas, scene, taken) if one is not None]
    gates = scene.view.rows(atlas.plan.city.layer("crossings"))
    if gates is not None:
        for symbol in gate_symbols(gates, scene.view):
            taken.add(symbol)
    for wishes in (_neighbours(atlas, scene), _lines(atlas, scene), _estates(atlas, scene), _gates(atlas, scene)):
        placed += [found for wish in wishes if (found := place(wish, taken, measure))]
    numbers = [place(wish, taken, measure) for wish in _numbers(atlas, scene)]
    placed += [one for one in numbers if one is not None]
    for one in placed:
        _write(page, one)
    return Lettered(tuple(placed), sum(one is None for one in numbers))


def _write(page: Page, label: Placed) -> None:
    at, kind = (label.x, label.y), label.form.kind
    if label.style == "grid":
        box = label_boxes(np.array([[label.x, label.y, label.angle]]), *text_box(label.form.text, kind, page.letters))
        page.polygons(box, facecolors="#ffffffe0", edgecolors="none")
    colour = STYLES.get(label.style, INK)
    style = {"ha": "center", "va": "center", "rotation": label.angle, "color": colour}
    page.write(at, label.form.text, kind, halo=label.style != "number", **style)


def _grids(page: Page, atlas: Atlas, scene: Scene, taken: Taken) -> Iterator[Placed | None]:
    """Name and code inside each grid, the smallest grids first; a line leads to those that no form fits into."""
    measure = partial(text_box, letters=page.letters)
    crowded = []
    buildings = _footprints(atlas, scene)
    for row in np.argsort(shapely.area(scene.shapes).round(3), kind="stable"):
        code, shape = str(scene.grids.index[row]), scene.shapes[row]
        forms, inner = grid_forms(atlas, scene.grids, row), _inner(shape)
        # A number without a name is like that of a house: only where no name fits.
        bare = [form for form in forms if form.text == forms[-1].text]
        wishes = [Wish(some, inside_points(inner), inner, "grid", buildings) for some in (forms[: -len(bare)], bare)]
        found = next(filter(None, (place(wish, taken, measure) for wish in wishes)), None)
        if found is None:
            crowded.append((code, shape, forms))
        yield found
    for _, shape, forms in crowded:
        point = np.array(shapely.point_on_surface(shape).coords[0])
        short = [form for form in forms if form.kind.size <= GRID_SIZES[2]]
        places = _outside(point, scene.community)
        found = place(Wish(short, places, None, "grid"), taken, measure)
        if found is not None:
            page.lines([shapely.linestrings([point, (found.x, found.y)])], linewidths=0.7)
            page.polygons([shapely.points(point).buffer(0.6)], facecolors=INK)
        yield found


def _inner(shape: shapely.Geometry) -> shapely.Geometry:
    """The grid without the breadth of its border; the grid itself where nothing else is left."""
    inner = shapely.buffer(shape, -0.5)
    return shape if inner.is_empty else inner


def _outside(point: Floats, community: shapely.Geometry) -> Floats:
    """Places around a point, those beyond the community's border first, then the nearest."""
    angles = np.radians(np.arange(0, 360, 15))
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    at = np.concatenate([point + ways * distance for distance in LEADER_MM])
    distance = np.repeat(LEADER_MM, len(ways))
    own = shapely.distance(community, shapely.points(at)) < 4
    order = np.lexsort((np.arange(len(at)), distance, own))
    return np.column_stack([at, np.zeros(len(at))])[order]


def grid_forms(atlas: Atlas, grids: gpd.GeoDataFrame, row: int) -> list[Form]:
    """How a grid may be called on the map: name and whole code, then shorter and smaller."""
    code, community_id = str(grids.index[row]), str(grids["community_id"].iloc[row])
    name = short_name(str(grids["name"].iloc[row]), str(grids["community"].iloc[row]))
    name = atlas.letters.name(name, "")
    last = code.removeprefix(community_id).lstrip("-") or code
    texts = [f"{name}\n{code}", f"{name}\n{last}", name, last] if name else [code, last]
    texts = [text for text in dict.fromkeys(texts) if text]
    ways = [Form(text, Type(size, "bold")) for text in texts[:2] for size in GRID_SIZES[:3]]
    return ways + [Form(text, Type(size, "bold")) for text in texts[1:] for size in GRID_SIZES[1:]]


def short_name(name: str, community: str) -> str:
    """A grid's name without that of its community, which stands in the title."""
    return name.removeprefix(community).strip() or name


def _neighbours(atlas: Atlas, scene: Scene) -> Iterator[Wish]:
    """The communities around, inside what the frame shows of them."""
    near = scene.view.rows(atlas.plan.city.communities)
    if near is None:
        return
    own = set(scene.grids["community_id"])
    shown = scene.view.shown(near.geometry.to_numpy())
    for community_id, name, shape in zip(near.index, near["community"], shown, strict=True):
        text = atlas.letters.name(str(name or ""), str(community_id))
        area = shapely.difference(shape, scene.community)
        if community_id not in own:
            yield Wish([Form(text, NEIGHBOUR), Form(text, Type(7.5, "bold"))], inside_points(area), area, "neighbour")


def _lines(atlas: Atlas, scene: Scene) -> Iterator[Wish]:
    """Names of water, railways and roads along them, the longest lines first; water also inside its area."""
    for layer, style in (("rivers", "water"), ("railways", ""), ("roads", "")):
        table = scene.view.rows(atlas.plan.city.layer(layer))
        if table is None:
            continue
        named = table[table["name"].fillna("").map(lambda name: bool(name) and atlas.letters.writes(name))]
        merged = {
            str(name): scene.view.shown(np.array([shapely.union_all(rows.geometry.to_numpy())], dtype=object))[0]
            for name, rows in named.groupby("name", sort=True)
        }
        for name, shape in sorted(merged.items(), key=lambda one: (-round(one[1].length, 1), one[0])):
            forms = [Form(name, kind) for kind in ROADS]
            places = _line_places(shape, text_box(name, ROADS[0], atlas.letters)[0], scene)
            yield Wish(forms, places, None, style)


def _line_places(shape: shapely.Geometry, length: float, scene: Scene) -> Floats:
    """Places along a line or within an area, those inside the community first."""
    if shapely.get_dimensions(shape) == 2:
        return inside_points(shape)
    lines = lines_of(shapely.line_merge(shape))
    found = [along(line, length) for line in sorted(lines, key=lambda line: (-round(line.length, 1), line.wkb))]
    if not found:
        return np.empty((0, 3))
    places = np.concatenate(found)
    near = shapely.distance(scene.community, shapely.points(places[:, :2])) < 2
    return places[np.argsort(~near, kind="stable")]


def _estates(atlas: Atlas, scene: Scene) -> Iterator[Wish]:
    """Estates inside their own land."""
    layers = [scene.view.rows(atlas.plan.city.layer(name)) for name in ("estates", "dedicated", "groups")]
    buildings = _footprints(atlas, scene)
    for table in layers:
        if table is None:
            continue
        whole = scene.view.project(table.geometry.to_numpy())
        shapes = shapely.intersection(whole, scene.community)
        is_ours = shapely.area(shapes) > OURS * shapely.area(whole)
        named = zip(table["name"].fillna("")[is_ours], shapes[is_ours], strict=True)
        for name, shape in sorted(named, key=lambda one: str(one[0])):
            if name and atlas.letters.writes(name):
                yield Wish([Form(name, kind) for kind in ESTATE], inside_points(shape), None, "estate", buildings)


def _gates(atlas: Atlas, scene: Scene) -> Iterator[Wish]:
    """Names of gates and bridges beside their symbols."""
    table = scene.view.rows(atlas.plan.city.layer("crossings"))
    if table is None:
        return
    points = shapely.get_coordinates(shapely.point_on_surface(scene.view.project(table.geometry.to_numpy())))
    for name, at in sorted(zip(table["name"].fillna(""), points.tolist(), strict=True)):
        if name and atlas.letters.writes(name):
            width, height = text_box(name, GATE, atlas.letters)
            places = around(np.array(at), 1.0)
            places[:, :2] += np.sign(places[:, :2] - at) * np.array([width / 2 + 0.4, height / 2 + 0.4])
            yield Wish([Form(name, GATE)], places, None, "gate")


def _numbers(atlas: Atlas, scene: Scene) -> Iterator[Wish]:
    """The number of each building in its middle; those without room there beside it, on no other building."""
    buildings, shapes = atlas.buildings(str(scene.grids["community_id"].iloc[0])), _footprints(atlas, scene)
    tree = shapely.STRtree(shapes)
    for row, text in enumerate(atlas.numbers.loc[buildings.index]):
        if not text or not atlas.letters.writes(text):
            continue
        short = _MEASURE_WORD.sub("", text)
        forms = [Form(text, kind) for kind in NUMBERS] + [Form(short, NUMBERS[-1])] * (short != text)
        middle, beside = _building_places(shapes[row])
        boxes = label_boxes(beside, *text_box(text, NUMBERS[-1], atlas.letters))
        other = tree.query(boxes, predicate="intersects")
        clear = np.bincount(other[0][other[1] != row], minlength=len(boxes)) == 0
        yield Wish(forms, np.concatenate([middle, beside[clear]]), None, "number")


def _footprints(atlas: Atlas, scene: Scene) -> NDArray[np.object_]:
    return scene.view.project(atlas.buildings(str(scene.grids["community_id"].iloc[0])).geometry.to_numpy())


def _building_places(shape: shapely.Geometry) -> tuple[Floats, Floats]:
    """The middle of a building, and places beside it."""
    west, south, east, north = shape.bounds
    at = np.array(shapely.point_on_surface(shape).coords[0])
    beside = around(at, 1.0)
    beside[:, :2] += np.sign(beside[:, :2] - at) * np.array([(east - west) / 2, (north - south) / 2 + 0.4])
    return np.array([[*at, 0.0]]), beside
