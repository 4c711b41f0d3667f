"""Which layers lie in a folder, what each seems to be, and which of its columns mean what."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.coordinates import crs_name
from gridopt.errors import GridoptError
from gridopt.read import osm
from gridopt.read.columns import parse_numbers
from gridopt.read.contents import kind_of
from gridopt.read.decisions import known_headers
from gridopt.read.formats import GEOGRAPHIC, RASTERS, SHEETS, layer_names, open_layer
from gridopt.read.layers import NUMBER_KEYS
from gridopt.read.project import LAYERS
from gridopt.read.repair import kinds_of
from gridopt.read.synonyms import surest
from gridopt.read.vectors import named

DEEPEST = 3
"""Levels of sub-folders that are looked into."""

LAYER_WORDS = {
    "communities": "communities community villages village 社区 村界 村社区 里界 村里 行政村",
    "units": "units base_areas base_units 划分单元 单元 最小统计区 最小統計區",
    "buildings": "buildings building footprints 建筑 建築 楼栋 房屋 楼幢",
    "population": "population pop people blocks block census 人口 户数 街区 统计小区 普查小区",
    "roads": "roads road streets highways 道路 路网 街道中心线",
    "rivers": "rivers river water waterways 河流 水系 河道",
    "railways": "railways railway rail 铁路 鐵路",
    "walls": "walls wall fences 围墙 圍牆",
    "crossings": "crossings crossing bridges gates 桥梁 通道 出入口",
    "estates": "estates estate compounds 小区 住宅小区",
    "groups": "groups hamlets 村民小组 自然村",
    "dedicated": "dedicated institutions 专属",
    "facilities": "facilities facility police 设施 派出所 警务室",
    "events": "events event incidents reports work_orders 事件 工单",
    "roster": "roster staff workers 花名册 人员 网格员",
    "current_grids": "current_grids grids grid 现有网格 现状网格 网格",
    "decisions": "decisions",
}
"""Layer of the project file -> words that a file or layer of that kind is named with."""

LAYER_KINDS = {
    "communities": "polygon",
    "units": "polygon",
    "buildings": "polygon point",
    "population": "table raster polygon",
    "roads": "line polygon",
    "rivers": "line polygon",
    "railways": "line polygon",
    "walls": "line polygon",
    "crossings": "point line polygon",
    "estates": "polygon",
    "groups": "polygon point",
    "dedicated": "polygon",
    "facilities": "point table",
    "events": "point table",
    "roster": "table",
    "current_grids": "polygon",
    "decisions": "table",
}

KEYS_OF = {
    "communities": "id name township county area_kind urban_rural_class households residents",
    "units": "id households residents",
    "buildings": "id name number floors height floor_area households dwellings use estate group",
    "population": "id households residents",
    "crossings": "id name class",
    "estates": "id name",
    "groups": "id name",
    "dedicated": "id name",
    "facilities": "id name tier",
    "events": "id date kind community number",
    "roster": "id name role employment base capacity",
    "current_grids": "id name grid_code",
    "decisions": "",
    **dict.fromkeys(("roads", "rivers", "railways", "walls"), "id name class width"),
}


LIKE_COMMUNITIES = "units municipalities municipality boundary boundaries admin 行政区 界线".split()
"""What a community layer may also be called where none is named so, the surest first."""

NEEDED = {"communities": ("id",), "facilities": ("tier",), "population": ("id",)}
"""Layer -> the columns without which it cannot be read."""


@dataclass(frozen=True)
class Found:
    """A layer that lies in a folder.

    ``role`` is the layer of the project file that it seems to be, "" where nothing speaks for one;
    ``columns`` maps keys to the columns that seem to carry them. ``unique`` are the columns that could
    be an id, ``numeric`` those that hold numbers. ``level`` says what its counts are of, "" for communities.
    """

    path: str
    layer: str | None
    rows: int
    kind: str
    crs: str | None = None
    names: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    trouble: str = ""
    role: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    level: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the layer has the columns that its role cannot do without."""
        return (
            self.kind == "raster"
            or self.level == "blocks"
            or all(key in self.columns for key in NEEDED.get(self.role, ()))
        )


def scan_folder(folder: str | Path) -> list[Found]:
    """Every readable layer of a folder, sorted by path and layer, each role given to its likeliest layer.

    Hidden folders and plan folders (with a ``run.json`` or ``plan.json``) are passed over. A layer that
    cannot be read is listed with its ``trouble``.
    """
    root = Path(folder)
    found = [layer for file in _files(root, DEEPEST) for layer in _layers_of(file, root)]
    return _with_roles(found)


def _files(folder: Path, depth: int) -> Iterator[Path]:
    known = {*GEOGRAPHIC, *SHEETS, *RASTERS} - {".dbf", ".json", ".txt"}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and depth and not entry.name.startswith("."):
            if not any((entry / name).exists() for name in ("run.json", "plan.json")):
                yield from _files(entry, depth - 1)
        elif entry.is_file() and entry.suffix.lower() in known and not entry.name.startswith((".", "~$")):
            yield entry


def _layers_of(file: Path, root: Path) -> list[Found]:
    path = file.relative_to(root).as_posix()
    if file.suffix.lower() in RASTERS:
        return [Found(path, None, 0, "raster")]
    try:
        names = layer_names(file, path=path)
        if kind_of(file) in (".pbf", ".osm"):
            with named(path):
                return [_described(path, name, table) for name, table in osm.read_layers(file).items()]
        return [_layer(file, path, name if len(names) > 1 else None) for name in names]
    except GridoptError as error:
        return [Found(path, None, 0, "", trouble=str(error))]


def _layer(file: Path, path: str, name: str | None) -> Found:
    return _described(path, name, open_layer(file, name, path=path).table)


def _described(path: str, name: str | None, table: pd.DataFrame) -> Found:
    kind, crs = "table", None
    if isinstance(table, gpd.GeoDataFrame):
        kinds = pd.Series(kinds_of(table.geometry.to_numpy())).value_counts()
        kind = str(kinds.index[0]) if len(kinds) else ""
        crs = crs_name(table.crs) if table.crs is not None else None
    names = tuple(str(column) for column in table.columns if column != "geometry")
    unique = tuple(column for column in names if table[column].is_unique and table[column].notna().all())
    numeric = tuple(column for column in names if _holds_numbers(table[column]))
    return Found(path, name, len(table), kind, crs, names, unique, numeric)


def _holds_numbers(values: pd.Series) -> bool:
    numbers, unread, _ = parse_numbers(values)
    return bool(np.isfinite(numbers).any() and not unread.any())


def _with_roles(found: Sequence[Found]) -> list[Found]:
    """The layers with their roles: the surest likeness is settled first, each role and layer once."""
    scores = [(-_likeness(layer, role), LAYERS.index(role), i) for i, layer in enumerate(found) for role in LAYER_WORDS]
    roles: dict[int, str] = {}
    for score, role, i in sorted(scores):
        if score < 0 and i not in roles and LAYERS[role] not in roles.values():
            roles[i] = LAYERS[role]
    if "units" in roles.values():
        # Units that bring their own counts need no raster to share people out by.
        roles = {i: role for i, role in roles.items() if not (role == "population" and found[i].kind == "raster")}
    elif "population" not in roles.values():
        roles |= [(i, "population") for i in _finest_counts(found, roles)][:1]
    placed = [_with_role(layer, roles[i]) if i in roles else layer for i, layer in enumerate(found)]
    land = sum(layer.rows for layer in placed if layer.role == "communities")
    return [_by_block(layer, land) if layer.role == "population" else layer for layer in placed]


def _finest_counts(found: Sequence[Found], roles: Mapping[int, str]) -> list[int]:
    """Polygons with counts that nothing else is known of, more than there are communities, the most first."""
    land = sum(found[i].rows for i, role in roles.items() if role == "communities")
    finer = [i for i, layer in enumerate(found) if i not in roles and 0 < land < layer.rows and _has_counts(layer)]
    return sorted(finer, key=lambda i: -found[i].rows)


def _has_counts(layer: Found) -> bool:
    """Whether a layer is one of polygons with households or residents."""
    counted = {"households", "residents"} & _with_role(layer, "population").columns.keys()
    return layer.kind == "polygon" and bool(counted)


def _by_block(layer: Found, n_communities: int) -> Found:
    """A population layer of more polygons than there are communities counts the people of blocks."""
    is_finer = layer.kind == "polygon" and layer.rows > n_communities
    return dataclasses.replace(layer, level="blocks") if is_finer else layer


def _likeness(layer: Found, role: str) -> float:
    """How much speaks for a layer being of a role: 0 nothing, 3 its name exactly."""
    if layer.trouble or layer.kind not in LAYER_KINDS[role].split():
        return 0
    if role == "decisions":
        # Whatever its name, a table that says what was decided of what.
        return 3 if {"kind", "object"} <= known_headers(layer.names).keys() else 0
    return _likeness_of_name(layer, role)


def _likeness_of_name(layer: Found, role: str) -> float:
    own = (layer.layer or Path(layer.path).stem).lower()
    if role == "units" and not {"households", "residents"} & _with_role(layer, role).columns.keys():
        return 0
    if role == "population" and layer.kind == "polygon" and not _has_counts(layer):
        return 0
    words = LAYER_WORDS[role].split()
    if own in words:
        return 3
    pieces = own.replace("-", "_").split("_")
    if any(word in pieces or (not word.isascii() and word in own) for word in words):
        return 2
    return _likeness_of_boundaries(own, layer.rows) if role == "communities" else 0


def _likeness_of_boundaries(name: str, rows: int) -> float:
    """How much speaks for boundaries of no stated kind being communities: of several levels the finest."""
    if name in LIKE_COMMUNITIES:
        return 1 - LIKE_COMMUNITIES.index(name) / len(LIKE_COMMUNITIES)
    kind, _, level = name.partition("_")
    return int(level) / 100 if kind == "boundaries" and level.isdigit() and rows > 1 else 0


def _with_role(layer: Found, role: str) -> Found:
    columns: dict[str, str] = {}
    for key in KEYS_OF[role].split():
        fitting = layer.unique if key == "id" else layer.numeric if key in NUMBER_KEYS else layer.names
        match = surest(key, fitting)
        if match is not None and match not in columns.values():
            columns[key] = match
    return dataclasses.replace(layer, role=role, columns=columns)
