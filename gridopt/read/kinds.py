"""The kind of area a community is, where nobody stated it: by how densely and how dispersed people live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.errors import RuleError
from gridopt.holders import homes
from gridopt.people import People
from gridopt.read.findings import Findings
from gridopt.read.rule_tables import check_keys
from gridopt.rules import AREA_KINDS
from gridopt.terms import label

Floats = NDArray[np.float64]

SQUARE_KILOMETRE = 1e6
HECTARE_SIDE = 100.0
"""Metres: dispersion is counted in squares of one hectare."""


@dataclass(frozen=True)
class Thresholds:
    """When a community is urban, fringe or rural; the defaults say "confirm locally".

    From ``urban_density`` residents a square kilometre a community is urban, from ``fringe_density`` fringe (1,500
    is the density from which the census of 2000 counted a district as urban). Below that it is rural, unless at
    least a share ``settled`` of its hectares has a building: built up though few live there, it is fringe. Where
    ``unstated`` names a kind, every community of no stated kind is of that kind and nothing is judged.
    """

    urban_density: float = 5000.0
    fringe_density: float = 1500.0
    settled: float = 0.5
    unstated: str = ""

    def kinds(self, densities: Floats, settled: Floats) -> NDArray[np.object_]:
        """The kind of each community by residents a square kilometre and share of hectares with a building."""
        fringe = (densities >= self.fringe_density) | (settled >= self.settled)
        return np.where(densities >= self.urban_density, "urban", np.where(fringe, "fringe", "rural")).astype(object)


def read_thresholds(table: Mapping[str, Any]) -> Thresholds:
    """The ``[rules.kinds]`` table; the defaults hold for what it does not name.

    Raises `RuleError` for unknown keys, for thresholds that are no numbers of 0 or more, for an unknown kind.
    """
    check_keys(table, [one.name for one in fields(Thresholds)], "rules.kinds")
    wrong = {
        key: value
        for key, value in table.items()
        if key != "unstated"
        and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"))
    }
    if wrong:
        listed = ", ".join(f"{key} = {value!r}" for key, value in wrong.items())
        raise RuleError(
            f"[rules.kinds] {listed}: give numbers of 0 or more.", zh=f"[rules.kinds] {listed}：应为不小于 0 的数。"
        )
    if table.get("unstated", AREA_KINDS[0]) not in AREA_KINDS:
        raise RuleError(
            f"[rules.kinds] unstated = {table['unstated']!r} is no area kind; choose {', '.join(AREA_KINDS)}.",
            zh=f"[rules.kinds] unstated = {table['unstated']!r} 不是区域类型；可用：{'、'.join(AREA_KINDS)}。",
        )
    return Thresholds(**table)


def with_kinds(
    communities: gpd.GeoDataFrame,
    unstated: NDArray[np.bool_],
    layers: Mapping[str, pd.DataFrame],
    rules: tuple[Thresholds, People],
    findings: Findings,
) -> gpd.GeoDataFrame:
    """The communities with the kinds of the ``unstated`` ones by density and dispersion, on record.

    People come from the population table, the communities' own columns, units, buildings or the raster, the first
    that knows them; a community whose people nobody knows keeps its kind.
    """
    thresholds, people = rules
    if thresholds.unstated:
        findings.repair(
            "kinds_by_rule", communities.index[unstated], values=[thresholds.unstated, label(thresholds.unstated)]
        )
        return communities.assign(area_kind=communities["area_kind"].mask(unstated, thresholds.unstated))
    densities = _residents(communities, layers, people) / communities.area.to_numpy() * SQUARE_KILOMETRE
    chosen = unstated & ~np.isnan(densities)
    if not chosen.any():
        return communities
    kinds = communities["area_kind"].to_numpy(object).copy()
    kinds[chosen] = thresholds.kinds(densities, _settled(communities, layers.get("buildings")))[chosen]
    counts = pd.Series(kinds[chosen]).value_counts().sort_index()
    findings.repair(
        "kinds_by_density",
        communities.index[chosen],
        values=[
            ", ".join(f"{kind} {n}" for kind, n in counts.items()),
            thresholds.urban_density,
            thresholds.fringe_density,
            thresholds.settled,
            "、".join(f"{label(str(kind))} {n} 个" for kind, n in counts.items()),
        ],
    )
    return communities.assign(area_kind=pd.Series(kinds, communities.index, dtype="str"))


def _residents(communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], people: People) -> Floats:
    """Residents of each community, NaN where no layer knows them."""
    known = np.full(len(communities), np.nan)
    table = layers.get("population")
    level = str(table["level"].iloc[0]) if table is not None and len(table) else ""
    if table is not None and level == "community":
        known = _counts(table.reindex(communities.index), people)
    known = np.where(np.isnan(known), _counts(communities, people), known)
    for name in ("population", "units", "buildings", "estates", "population_cells"):
        layer = layers.get(name)
        if layer is not None and "geometry" in layer and np.isnan(known).any():
            keyed = table.reindex(layer.index) if table is not None and level == name else layer
            counts = _counts(keyed, people)
            place = homes(layer["geometry"].to_numpy(), communities.geometry.to_numpy())
            told = (place >= 0) & ~np.isnan(counts)
            sums = np.bincount(place[told], counts[told], len(communities)).astype(np.float64)
            sums[np.bincount(place[told], minlength=len(communities)) == 0] = np.nan
            known = np.where(np.isnan(known), sums, known)
    return np.asarray(known, np.float64)


def _counts(table: pd.DataFrame, people: People) -> Floats:
    """Residents of each row, from its households where only these are known."""
    return people.residents(table).to_numpy(np.float64)


def _settled(communities: gpd.GeoDataFrame, buildings: pd.DataFrame | None) -> Floats:
    """Share of each community's hectares that has a building; 0 where buildings are not known."""
    if buildings is None or not len(buildings):
        return np.zeros(len(communities))
    place = homes(buildings["geometry"].to_numpy(), communities.geometry.to_numpy())
    points = shapely.get_coordinates(shapely.centroid(buildings["geometry"].to_numpy()))
    squares = np.floor(points / HECTARE_SIDE).astype(np.int64)
    held = np.unique(np.column_stack([place, squares])[place >= 0], axis=0)[:, 0]
    return np.asarray(
        np.bincount(held, minlength=len(communities)) * HECTARE_SIDE**2 / communities.area.to_numpy(), np.float64
    )
