"""The letters of a sheet's map: grids first, then neighbours, roads, estates, gates, building numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import numpy as np
import shapely

from gridopt.publish.lettering import Lettering
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
NUMBERS, LARGE_NUMBERS = (Type(5.0), Type(4.2)), (Type(6.0), Type(5.0))
"""Building numbers at 4.2 points are 1.1 mm high: the least that a print shows."""
STYLES = {"neighbour": SOFT, "water": "#2f5f7a", "estate": "#202020", "gate": "#202020"}
OURS = 0.2
"""Share of an estate's land that a community holds at least where its name is written there."""
_MEASURE_WORD = re.compile(rf"(?<=\d)(?:{'|'.join(SUFFIXES)})$")
LEADER_MM = tuple(range(6, 61, 3))
"""How far from its grid a label may stand that does not fit inside."""
NUMBER_LEADER_MM = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
LEADERS = {"grid": (0.7, 0.6), "number": (0.4, 0.3)}
"""Width in points of the line that leads to what a label names, and radius in millimetres of its end."""


@dataclass(frozen=True, eq=False)
class Lettered:
    """Where the names of a map stand, and the number of each building, None for those that found no room."""

    names: tuple[Placed, ...]
    numbers: Mapping[str, Placed | None]

    @property
    def left(self) -> list[str]:
        """Buildings whose numbers found no room."""
        return [building_id for building_id, found in self.numbers.items() if found is None]

    def without(self, buildings: Collection[str]) -> Lettered:
        """The same letters without the numbers of some buildings."""
        return Lettered(self.names, {one: found for one, found in self.numbers.items() if one not in buildings})

    def moved(self, x: float, y: float) -> Lettered:
        """The same letters elsewhere on the sheet."""
        names = tuple(one.moved(x, y) for one in self.names)
        return Lettered(names, {key: one and one.moved(x, y) for key, one in self.numbers.items()})

    def take(self, taken: Taken, letters: Lettering) -> None:
        """Keep the ground of these letters free from now on."""
        for one in (*self.names, *filter(None, self.numbers.values())):
            at = np.array([[one.x, one.y, one.angle]])
            taken.add(label_boxes(at, *text_box(one.form.text, one.form.kind, letters))[0])


def lettered_map(atlas: Atlas, scene: Scene, taken: Taken) -> Lettered:
    """Find room for the names of a map, none over another or over what is ``taken`` already; numbers come last."""
    names = [*_grids(atlas, scene, taken), *_names(atlas, scene, taken)]
    return Lettered(tuple(names), _numbered(atlas, scene, taken, NUMBERS))


def lettered_detail(atlas: Atlas, scene: Scene, taken: Taken) -> Lettered:
    """Find room for the letters of an enlarged map: building numbers, for which it is drawn, come first."""
    numbers = _numbered(atlas, scene, taken, LARGE_NUMBERS)
    measure = partial(text_box, letters=atlas.letters)
    wishes = (_grid_wishes(atlas, scene, row) for row in range(len(scene.shapes)) if not scene.shapes[row].is_empty)
    grids = [next(filter(None, (place(wish, taken, measure) for wish in some)), None) for some in wishes]
    return Lettered((*filter(None, grids), *_names(atlas, scene, taken)), numbers)


def _names(atlas: Atlas, scene: Scene, taken: Taken) -> list[Placed]:
    """Names of neighbours, roads, water, estates and gates."""
    measure = partial(text_box, letters=atlas.letters)
    gates = scene.view.rows(atlas.plan.city.layer("crossings"))
    if gates is not None:
        for symbol in gate_symbols(gates, scene.view):
            taken.add(symbol)
    kinds = (_neighbours(atlas, scene), _lines(atlas, scene), _estates(atlas, scene), _gates(atlas, scene))
    return [found for wishes in kinds for wish in wishes if (found := place(wish, taken, measure))]


def _numbered(atlas: Atlas, scene: Scene, taken: Taken, kinds: Sequence[Type]) -> dict[str, Placed | None]:
    measure = partial(text_box, letters=atlas.letters)
    return {one: place(wish, taken, measure) for one, wish in _numbers(atlas, scene, kinds)}


def pointed(atlas: Atlas, scene: Scene, taken: Taken, lettered: Lettered) -> Lettered:
    """The letters again, with numbers that found no room written a little aside, a line leading to their buildings."""
    tree, numbers = shapely.STRtree(scene.footprints), dict(lettered.numbers)
    rows = {str(one): row for row, one in enumerate(scene.buildings.index)}
    for building_id in lettered.left:
        shape, form = scene.footprints[rows[building_id]], Form(atlas.numbers.loc[building_id], NUMBERS[0])
        x, y = shapely.point_on_surface(shape).coords[0]
        places = _ways(np.array([x, y]), NUMBER_LEADER_MM)
        boxes = label_boxes(places, *text_box(form.text, form.kind, atlas.letters))
        lines = shapely.linestrings([[(x, y), (east, north)] for east, north in places[:, :2].tolist()])
        clear = np.bincount(tree.query(boxes, predicate="intersects")[0], minlength=len(boxes)) == 0
        clear &= taken.is_free(lines)
        found = place(Wish([form], places[clear], None, "number"), taken, partial(text_box, letters=atlas.letters))
        numbers[building_id] = found and replace(found, points_to=(x, y))
    return replace(lettered, numbers=numbers)


def write(page: Page, lettered: Lettered) -> None:
    """Write the letters of a map."""
    for one in (*lettered.names, *filter(None, lettered.numbers.values())):
        _write(page, one)


def _write(page: Page, label: Placed) -> None:
    at, kind = (label.x, label.y), label.form.kind
    if label.points_to is not None:
        width, dot = LEADERS[label.style]
        page.lines([shapely.linestrings([label.points_to, at])], linewidths=width)
        page.polygons([shapely.points(label.points_to).buffer(dot)], facecolors=INK)
    if label.style in ("grid", "detail") or label.points_to is not None:
        box = label_boxes(np.array([[label.x, label.y, label.angle]]), *text_box(label.form.text, kind, page.letters))
        rim = {"edgecolors": INK, "linewidths": 1.1} if label.style == "detail" else {"edgecolors": "none"}
        page.polygons(box, facecolors="#ffffffe0", **rim)
    colour = STYLES.get(label.style, INK)
    style = {"ha": "center", "va": "center", "rotation": label.angle, "color": colour}
    page.write(at, label.form.text, kind, halo=label.style != "number", **style)


def _grids(atlas: Atlas, scene: Scene, taken: Taken) -> Iterator[Placed]:
    """Name and code inside each grid, the smallest grids first; a line leads to those that no form fits into."""
    measure = partial(text_box, letters=atlas.letters)
    crowded = []
    for row in np.argsort(shapely.area(scene.shapes).round(3), kind="stable"):
        wishes = _grid_wishes(atlas, scene, row)
        found = next(filter(None, (place(wish, taken, measure) for wish in wishes)), None)
        if found is None:
            crowded.append(row)
        else:
            yield found
    for row in crowded:
        x, y = shapely.point_on_surface(scene.shapes[row]).coords[0]
        short = [form for form in grid_forms(atlas, scene.grids, row) if form.kind.size <= GRID_SIZES[2]]
        places = _outside(np.array([x, y]), scene.community)
        found = place(Wish(short, places, None, "grid"), taken, measure)
        if found is not None:
            yield replace(found, points_to=(x, y))


def _grid_wishes(atlas: Atlas, scene: Scene, row: int) -> Iterator[Wish]:
    """What is written inside a grid; a number without a name is like that of a house: only where no name fits."""
    forms, inner = grid_forms(atlas, scene.grids, row), _inner(scene.shapes[row])
    bare = [form for form in forms if form.text == forms[-1].text]
    for some in (forms[: -len(bare)], bare):
        yield Wish(some, inside_points(inner), inner, "grid", scene.footprints)


def _inner(shape: shapely.Geometry) -> shapely.Geometry:
    """The grid without the breadth of its border; the grid itself where nothing else is left."""
    inner = shapely.buffer(shape, -0.5)
    return shape if inner.is_empty else inner


def _outside(point: Floats, community: shapely.Geometry) -> Floats:
    """Places around a point, those beyond the community's border first, then the nearest."""
    places = _ways(point, LEADER_MM)
    own = shapely.distance(community, shapely.points(places[:, :2])) < 4
    return places[np.argsort(own, kind="stable")]


def _ways(point: Floats, distances: Sequence[float]) -> Floats:
    """Places all around a point, the nearest first."""
    angles = np.radians(np.arange(0, 360, 15))
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    at = np.concatenate([point + ways * distance for distance in distances])
    return np.column_stack([at, np.zeros(len(at))])


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
    for table in layers:
        if table is None:
            continue
        whole = scene.view.project(table.geometry.to_numpy())
        shapes = shapely.intersection(whole, scene.community)
        is_ours = shapely.area(shapes) > OURS * shapely.area(whole)
        named = zip(table["name"].fillna("")[is_ours], shapes[is_ours], strict=True)
        for name, shape in sorted(named, key=lambda one: str(one[0])):
            if name and atlas.letters.writes(name):
                yield Wish(
                    [Form(name, kind) for kind in ESTATE], inside_points(shape), None, "estate", scene.footprints
                )


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


def _numbers(atlas: Atlas, scene: Scene, kinds: Sequence[Type]) -> Iterator[tuple[str, Wish]]:
    """The number of each building in its middle; those without room there beside it, on no other building."""
    shapes, tree = scene.footprints, shapely.STRtree(scene.footprints)
    for row, (building_id, text) in enumerate(atlas.numbers.loc[scene.buildings.index].items()):
        if not text or shapes[row].is_empty or not atlas.letters.writes(text):
            continue
        short = _MEASURE_WORD.sub("", text)
        forms = [Form(text, kind) for kind in kinds] + [Form(short, kinds[-1])] * (short != text)
        middle, beside = _building_places(shapes[row])
        boxes = label_boxes(beside, *text_box(text, kinds[-1], atlas.letters))
        other = tree.query(boxes, predicate="intersects")
        clear = np.bincount(other[0][other[1] != row], minlength=len(boxes)) == 0
        yield str(building_id), Wish(forms, np.concatenate([middle, beside[clear]]), None, "number")


def _building_places(shape: shapely.Geometry) -> tuple[Floats, Floats]:
    """The middle of a building, and places beside it."""
    west, south, east, north = shape.bounds
    at = np.array(shapely.point_on_surface(shape).coords[0])
    beside = around(at, 1.0)
    beside[:, :2] += np.sign(beside[:, :2] - at) * np.array([(east - west) / 2, (north - south) / 2 + 0.4])
    return np.array([[*at, 0.0]]), beside
