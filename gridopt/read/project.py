"""The project file: which layers a city has, where, and under which rules its grids are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyproj

from gridopt.city import Settings
from gridopt.contracts import COUNTED
from gridopt.coordinates import offset_name, parse_crs, require_metric
from gridopt.errors import RuleError
from gridopt.read.basis import Counting, read_counting
from gridopt.read.kinds import Thresholds, read_thresholds
from gridopt.read.project_text import load_project_text, slashes
from gridopt.read.proposals import offered
from gridopt.read.rule_tables import check_keys, read_date, read_rules, table_of
from gridopt.read.settings import read_settings
from gridopt.rules import Rules

LAYERS = (
    "communities units buildings population roads rivers railways walls crossings estates groups dedicated facilities "
    "events roster current_grids decisions codes"
).split()
COLUMN_KEYS = (
    "id name households residents township county area_kind urban_rural_class floors height floor_area dwellings "
    "use estate class width tier date kind community role employment base capacity qualifications current fixed "
    "forbidden keep_whole dedicated category locked_grid grid_code phase number bridge tunnel x y object target "
    "who reason group alias area scope valid_to successor settled"
).split()
COUNTING = ("units", "buildings")
"""Layers whose own counts a rule may name."""
PLACE_KEYS = tuple("path layer crs level band control control_limit matches basis as_of occupancy".split())
NOT_TEXT = ("band", "control_limit", "basis", "as_of", "occupancy")
LEVELS = ("community", "units", "buildings", "estates", "blocks")


@dataclass(frozen=True)
class LayerSpec:
    """Where one layer lies and which of its columns mean what.

    ``path`` is as written, ``file`` the same resolved against the project file's folder; ``columns`` maps
    a key of the project file to the layer's own column name. ``further`` names the counts that rules need
    beyond those of the layer's contract. ``matches`` is a sheet of matches that someone corrected, ``counting``
    what is declared of the layer's counts. ``offset`` is GCJ-02 or BD-09 where ``crs`` names one of them;
    ``control`` the table of control points that ties a local system (file, and path as written), whose largest
    residual may measure ``control_limit`` metres.
    """

    name: str
    path: str
    file: Path
    layer: str | None = None
    crs: pyproj.CRS | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    level: str = "community"
    band: int = 1
    further: tuple[str, ...] = ()
    matches: Path | None = None
    counting: Counting = field(default_factory=Counting)
    offset: str = ""
    control: tuple[Path, str] | None = None
    control_limit: float = 1.0

    @property
    def is_raster(self) -> bool:
        return self.file.suffix.lower() in (".tif", ".tiff")


@dataclass(frozen=True)
class Project:
    """A project file as a value: the city's name and CRS, its layers, rules and settings."""

    file: Path
    name: str
    crs: pyproj.CRS | None
    edition: str | None
    valid_from: str | None
    layers: Mapping[str, LayerSpec]
    rules: Rules
    settings: Settings
    kinds: Thresholds = field(default_factory=Thresholds)


def read_project(path: str | Path, *, lang: str = "en") -> Project:
    """Read and check a project file; no layer is opened, but to tell the columns of one whose id is missing.

    Raises:
        TableError: there is no such file.
        RuleError: it is not TOML, names an unknown key (the nearest known one is shown), lacks
            ``[layers.communities]``, or asks for what this version does not honour.
    """
    file = Path(path)
    tables = load_project_text(file)
    check_keys(tables, ("city", "layers", "rules"), "", is_table=True)
    city = table_of(tables, "city")
    check_keys(city, ("name", "crs", "edition", "valid_from"), "city")
    rule_tables = table_of(tables, "rules")
    rules, settings = read_rules(rule_tables), read_settings(rule_tables, lang)
    named = dict.fromkeys([*rules.columns, *settings.columns])
    further = tuple(name for name in named if name not in (*COUNTED, "id", "x", "y"))
    return Project(
        file=file,
        name=str(city.get("name", file.stem)),
        crs=require_metric(parse_crs(city["crs"], "[city]"), "[city]") if "crs" in city else None,
        edition=str(city["edition"]) if "edition" in city else None,
        valid_from=read_date(city.get("valid_from"), "[city] valid_from"),
        layers=MappingProxyType(_layers(table_of(tables, "layers"), file.parent, further)),
        rules=rules,
        settings=settings,
        kinds=read_thresholds(table_of(rule_tables, "kinds", "rules")),
    )


def _layers(tables: Mapping[str, Any], folder: Path, further: tuple[str, ...]) -> dict[str, LayerSpec]:
    check_keys(tables, LAYERS, "layers", is_table=True)
    if "communities" not in tables:
        raise RuleError(
            "the project file has no [layers.communities]: grids may not cross communities, so their layer is "
            'required. Add:\n[layers.communities]\npath = "..."\nid = "..."',
            zh="项目文件缺少 [layers.communities]：网格不得跨村（社区），必须给出该图层。请添加：\n"
            '[layers.communities]\npath = "..."\nid = "..."',
        )
    # Communities come first whatever the order of the file: every other layer is laid over them.
    named = {name: further if name in COUNTING else () for name in LAYERS if name in tables}
    return {name: _layer(name, table_of(tables, name, "layers"), folder, own) for name, own in named.items()}


def _layer(name: str, table: Mapping[str, Any], folder: Path, further: tuple[str, ...]) -> LayerSpec:
    where = f"layers.{name}"
    keys = tuple(dict.fromkeys((*COLUMN_KEYS, *further)))
    check_keys(table, (*PLACE_KEYS, *keys), where)
    needed = ("path", "id") if name == "communities" else ("path",)
    for key in needed:
        if key not in table:
            there, there_zh = _offered(table, folder, key)
            raise RuleError(
                f'[{where}] needs {key} = "..."; it has {", ".join(table) or "nothing"}{there}.',
                zh=f'[{where}] 须写明 {key} = "..."；现有：{"、".join(table) or "无"}{there_zh}。',
            )
    for key, value in table.items():
        if key not in NOT_TEXT and not (isinstance(value, str) and value):
            raise RuleError(
                f'[{where}] {key} must be text, not {value!r}. Write {key} = "...".',
                zh=f'[{where}] {key} 应为文字，而不是 {value!r}。请写成 {key} = "..."。',
            )
    path, offset = table["path"], offset_name(table.get("crs", ""))
    return LayerSpec(
        name=name,
        path=path,
        file=_resolve(folder, path),
        layer=table.get("layer"),
        crs=parse_crs(table["crs"], f"[{where}]") if "crs" in table and not offset else None,
        columns=MappingProxyType({key: table[key] for key in keys if key in table}),
        level=_choice(table.get("level", "community"), LEVELS, f"[{where}] level"),
        band=_band(table.get("band", 1), where),
        further=further,
        matches=_resolve(folder, table["matches"]) if "matches" in table else None,
        counting=read_counting(table, f"[{where}]"),
        offset=offset,
        control=(_resolve(folder, table["control"]), table["control"]) if "control" in table else None,
        control_limit=_limit(table.get("control_limit", 1.0), where),
    )


def _offered(table: Mapping[str, Any], folder: Path, key: str) -> tuple[str, str]:
    """The columns of the layer that lacks a key, as far as it can be opened."""
    path, layer = table.get("path"), table.get("layer")
    if not isinstance(path, str) or not isinstance(layer, str | None):
        return "", ""
    return offered(_resolve(folder, path), layer, key)


def _resolve(folder: Path, path: str) -> Path:
    as_written = folder / path
    return as_written if as_written.exists() or "\\" not in path else folder / slashes(path)


def _choice(value: str, known: tuple[str, ...], where: str) -> str:
    if value not in known:
        raise RuleError(
            f'{where} = "{value}" is not offered; choose {" or ".join(known)}.',
            zh=f'{where} = "{value}" 不可用，请选 {" 或 ".join(known)}。',
        )
    return value


def _band(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RuleError(
            f"[{where}] band must be a whole number from 1, not {value!r}.",
            zh=f"[{where}] band 应为从 1 起的整数，而不是 {value!r}。",
        )
    return value


def _limit(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise RuleError(
            f"[{where}] control_limit must be a number of metres above 0, not {value!r}.",
            zh=f"[{where}] control_limit 应为大于 0 的米数，而不是 {value!r}。",
        )
    return float(value)
