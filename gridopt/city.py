"""A city: its clean layers, rules and settings, the context of every later stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj

from gridopt.contracts import DISPUTES, REPAIR_PLACES, REPAIRS, check_columns, check_listed, empty
from gridopt.coordinates import centre_of
from gridopt.divisions import heads
from gridopt.errors import TableError, preview
from gridopt.rules import Rules
from gridopt.terms import TERMS, label
from gridopt.workload import Workload


@dataclass(frozen=True)
class Settings:
    """Settings of the rooms beside the drawing: codes, staff, tiers, workload, people, publishing.

    Each is the plain table of the project file (``rules.code``, ``rules.staff``, ``rules.tiers``,
    ``rules.workload``, ``rules.people``, ``rules.publish``); the room that uses it turns it into its own value.
    ``lang`` is the language of reasons and remedies, ``"en"`` or ``"zh"``.
    """

    code: Mapping[str, Any] = field(default_factory=dict)
    staff: Mapping[str, Any] = field(default_factory=dict)
    tiers: Mapping[str, Any] = field(default_factory=dict)
    workload: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, Any] = field(default_factory=dict)
    publish: Mapping[str, Any] = field(default_factory=dict)
    lang: str = "en"

    def __post_init__(self) -> None:
        for name in ("code", "staff", "tiers", "workload", "people", "publish"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of units that the workload is counted from."""
        return Workload.from_table(self.workload).columns if self.workload else ()


@dataclass(frozen=True, eq=False)
class City:
    """Clean layers in one metric CRS, the rules, the settings, and every repair on record.

    ``communities`` is indexed by ``community_id`` (text) and has ``community, township_id, county_id,
    area_kind, geometry``. ``layers`` holds the other tables by their name in the project file;
    `City.layer` answers None where one was not given. Tables are values: copy before you change one.
    ``repair_places`` shows the repairs on a map, by their row in ``repairs``; ``disputes`` is the land
    that two communities claim, with the one it is given to until that is decided.
    """

    name: str
    crs: pyproj.CRS
    communities: gpd.GeoDataFrame
    rules: Rules = field(default_factory=Rules)
    layers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    repairs: pd.DataFrame = field(default_factory=lambda: empty(REPAIRS))
    repair_places: pd.DataFrame = field(default_factory=lambda: empty(REPAIR_PLACES))
    disputes: pd.DataFrame = field(default_factory=lambda: empty(DISPUTES))
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    edition: str | None = None
    valid_from: str | None = None

    def __post_init__(self) -> None:
        check_columns(
            self.communities, ["community", "township_id", "county_id", "area_kind", "geometry"], "communities"
        )
        repeated = self.communities.index[self.communities.index.duplicated()]
        if len(repeated):
            raise TableError(
                f"communities: {len(repeated)} ids occur more than once: {preview(repeated)}. Give each its own id.",
                zh=f"村（社区）图层：{len(repeated)} 个编码重复：{preview(repeated)}。请保证编码唯一。",
            )
        check_listed(self.communities.index, "communities")
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))

    @classmethod
    def from_tables(
        cls, communities: gpd.GeoDataFrame, rules: Rules | None = None, *, name: str = "", **layers: pd.DataFrame
    ) -> City:
        """A city from bare tables in one metric CRS; ``communities`` needs an index of ids and a geometry."""
        if communities.crs is None or not communities.crs.is_projected:
            raise TableError(
                f"communities must be in a metric CRS, not {communities.crs}. Reproject with .to_crs(...) first.",
                zh=f"村（社区）图层须为投影坐标系（米），现为 {communities.crs}。请先用 .to_crs(...) 转换。",
            )
        table = communities.copy()
        table.index = pd.Index(table.index.astype(str), name="community_id")
        townships, counties = heads(table.index.tolist(), *centre_of(table.geometry.to_numpy(), table.crs))
        defaults = {"community": table.index, "township_id": townships, "county_id": counties}
        for column, value in {**defaults, "area_kind": "urban"}.items():
            if column not in table:
                table[column] = value
        return cls(name, pyproj.CRS(communities.crs), table.sort_index(), rules or Rules(), layers)

    def layer(self, name: str) -> Any:
        """The clean table of one layer, or None where the city has none."""
        return self.layers.get(name)

    @property
    def named_columns(self) -> tuple[str, ...]:
        """Every column of units that a rule or the workload is counted from, in the contract or beyond it."""
        return tuple(dict.fromkeys([*self.rules.columns, *self.settings.columns]))

    @property
    def declared_columns(self) -> tuple[str, ...]:
        """Columns of units beyond the contract that a plan keeps.

        ``phase`` where units or buildings declare any, ``post`` where the rules name posts of grids.
        """
        layers = [self.layer(name) for name in ("units", "buildings")]
        phased = [table for table in layers if table is not None and "phase" in table]
        has_phases = any((table["phase"].fillna("") != "").any() for table in phased)
        has_posts = any(self.rules.at(kind).proximity.posts for kind in ("", *self.rules.area))
        return ("phase",) * has_phases + ("post",) * has_posts

    @property
    def current_grids(self) -> Any:
        """Today's grids as they were given, or None."""
        return self.layer("current_grids")

    def replace(self, **changes: Any) -> City:
        """The same city with some fields changed."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        layers = ", ".join(f"{name} {len(table):,}" for name, table in self.layers.items())
        return f"<City {self.name!r}: {len(self.communities):,} communities; {layers or 'no further layers'}>"

    def _repr_html_(self) -> str:
        rows = {"communities": len(self.communities), **{name: len(t) for name, t in self.layers.items()}}
        mended = self.repairs["layer"].value_counts().reindex(list(rows)).fillna(0).astype(int)
        lang = self.settings.lang
        table = pd.DataFrame({label("n", lang): rows, label("repairs", lang): mended})
        table.index = [label(f"layer.{name}", lang) if f"layer.{name}" in TERMS else name for name in rows]
        return f"<b>{_escape(self.name)}</b> · {_escape(self.crs.to_string())}{table.to_html()}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
