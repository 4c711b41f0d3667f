"""What each line is to a grid: a wall that none crosses, a seam that makes a good border, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.read.columns import texts
from gridopt.read.findings import Findings
from gridopt.read.repair import kinds_of
from gridopt.terms import label

WIDE_WATER = 20.0
"""Metres of width above which water is a wall even without a name."""

PREFIX = {"roads": "road", "rivers": "water", "railways": "rail", "walls": "wall"}
"""Layer -> the first word of its keys in ``governance.barriers``: ``"road.primary"``."""

_ROADS = {
    "wall": "motorway motorway_link trunk trunk_link",
    "seam": "primary primary_link secondary secondary_link tertiary tertiary_link unclassified residential "
    "living_street pedestrian road busway",
    "none": "service footway path cycleway steps track bridleway corridor construction proposed rest_area services "
    "platform raceway escape tunnel viaduct bridge",
}
_RAILWAYS = {
    "wall": "rail light_rail narrow_gauge high_speed",
    "seam": "tram preserved",
    "none": "subway monorail funicular platform station abandoned disused razed dismantled construction proposed "
    "tunnel viaduct bridge",
}
_WATERS = {
    "water": "river riverbank stream canal drain ditch lake reservoir pond water dock wadi basin tidal_channel",
    "none": "dam weir culvert tunnel lock_gate waterfall pressurised",
}
_WALLS = {"seam": "wall estate_wall fence hedge city_wall retaining_wall guard_rail", "none": "gate entrance"}
CLASSES = {"roads": _ROADS, "railways": _RAILWAYS, "rivers": _WATERS, "walls": _WALLS}

CHINESE = {
    "roads": {
        "高速公路": "motorway", "高速": "motorway", "快速路": "trunk", "城市快速路": "trunk", "国道": "trunk",
        "省道": "primary", "县道": "secondary", "乡道": "tertiary", "村道": "unclassified",
        "主干路": "primary", "主干道": "primary", "次干路": "secondary", "次干道": "secondary", "支路": "tertiary",
        "街巷": "residential", "巷": "residential", "弄": "residential", "里弄": "residential", "胡同": "residential",
        "步行街": "pedestrian", "小区道路": "service", "小区路": "service", "内部道路": "service", "园路": "footway",
        "人行道": "footway", "步道": "footway", "小路": "path", "机耕路": "track", "隧道": "tunnel", "高架": "viaduct",
        "高架路": "viaduct", "高架桥": "viaduct", "匝道": "motorway_link",
    },
    "railways": {
        "铁路": "rail", "高铁": "high_speed", "高速铁路": "high_speed", "普速铁路": "rail", "轻轨": "light_rail",
        "有轨电车": "tram", "地铁": "subway", "隧道": "tunnel", "高架": "viaduct",
    },
    "rivers": {
        "河": "river", "河流": "river", "江": "river", "运河": "canal", "渠": "canal", "干渠": "canal", "沟渠": "ditch",
        "沟": "ditch", "溪": "stream", "小溪": "stream", "湖": "lake", "湖泊": "lake", "水库": "reservoir",
        "塘": "pond",
        "池塘": "pond", "暗渠": "culvert", "水坝": "dam",
    },
    "walls": {
        "围墙": "wall", "小区围墙": "estate_wall", "院墙": "wall", "栅栏": "fence", "围栏": "fence", "大门": "gate",
        "出入口": "gate",
    },
}  # fmt: skip
"""Class names as Chinese layers write them -> the names used here (those of OpenStreetMap)."""

_USUAL = {
    "roads": ("road", "seam"),
    "railways": ("rail", "wall"),
    "rivers": ("water", "seam"),
    "walls": ("wall", "seam"),
}
_RIVERS_WITH_NAMES = ("river", "riverbank", "canal", "lake", "reservoir")


def with_barriers(table: gpd.GeoDataFrame, restated: Mapping[str, str], findings: Findings) -> gpd.GeoDataFrame:
    """Lines with ``class`` in one vocabulary, ``width`` in metres and ``barrier``: wall, seam or none.

    ``table`` has ``name, class, width, bridge, tunnel`` and a geometry. Defaults by class: motorways, trunk
    roads, railways at grade and named rivers or water wider than `WIDE_WATER` are walls; other public
    roads, small water and estate walls are seams; ways inside an estate, tunnels and bridges are nothing.
    ``restated`` (``{"road.primary": "wall"}``) overrules the class, as written or as translated. A class in
    no list is treated as the layer's usual one, on record.
    """
    layer = findings.layer
    written = texts(table["class"])
    usual, usual_barrier = _USUAL[layer]
    standard = [_standard(text, layer) or usual for text in written.tolist()]
    widths = _widths(table)
    barriers = _defaults(layer, standard, usual_barrier)
    if layer == "rivers":
        named = (table["name"] != "").to_numpy() & np.isin(standard, _RIVERS_WITH_NAMES)
        open_water = barriers == "water"
        barriers[open_water] = np.where((named | (widths > WIDE_WATER))[open_water], "wall", "seam")
    off_ground = _claimed(table, "bridge") | _claimed(table, "tunnel")
    barriers[off_ground] = "none"
    strange = ~np.isin(standard, [name for names in CLASSES[layer].values() for name in names.split()])
    unknown = sorted({standard[i] for i in np.flatnonzero(strange)} - _restated_classes(restated, layer))
    findings.repair(
        "unknown_class",
        table.index[np.isin(standard, unknown)],
        values=[", ".join(unknown), usual_barrier, label(usual_barrier)],
    )
    prefix = PREFIX[layer]
    for i, (class_, text) in enumerate(zip(standard, written.tolist(), strict=True)):
        ruling = restated.get(f"{prefix}.{text}", restated.get(f"{prefix}.{class_}"))
        barriers[i] = barriers[i] if ruling is None or off_ground[i] else ruling
    return table.drop(columns=["bridge", "tunnel"]).assign(**{"class": standard, "width": widths, "barrier": barriers})


def _standard(text: str, layer: str) -> str:
    return CHINESE[layer].get(text, text.lower())


def _defaults(layer: str, classes: Sequence[str], usual: str) -> NDArray[np.object_]:
    known = {name: barrier for barrier, names in CLASSES[layer].items() for name in names.split()}
    otherwise = "water" if layer == "rivers" else usual
    return np.array([known.get(name, otherwise) for name in classes], dtype=object)


def _restated_classes(restated: Mapping[str, str], layer: str) -> set[str]:
    keys = [key.partition(".") for key in restated]
    return {_standard(class_, layer) for prefix, _, class_ in keys if prefix == PREFIX[layer]}


def _widths(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Widths as given; water drawn as a polygon has its area over half its outline where none is given."""
    given: NDArray[np.float64] = table["width"].to_numpy(np.float64)
    shapes = table.geometry.to_numpy()
    drawn = (kinds_of(shapes) == "polygon") & np.isnan(given)
    measured: NDArray[np.float64] = given.copy()
    measured[drawn] = 2 * shapely.area(shapes[drawn]) / shapely.length(shapes[drawn])
    return measured


def _claimed(table: gpd.GeoDataFrame, column: str) -> NDArray[np.bool_]:
    denied = texts(table[column]).str.lower().isin(["", "no", "0", "false", "否", "f"])
    return ~denied.to_numpy(np.bool_)
