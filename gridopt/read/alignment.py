"""Layers that do not align with the communities: what lies across their borders, and what outside all of them."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.overlay import Owners, largest_owners
from gridopt.read.findings import Findings, Repair

WHOLE = {"units": 0.99, "buildings": 0.95}
"""Layer -> share of a row's area in its community below which it lies across a border."""

NO_PLACES = ("communities", "population_cells")


def across_borders(land: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame]) -> list[Repair]:
    """Units and buildings across a community's border: each stays whole with the community of largest overlap.

    What says itself where it belongs stays there, and is measured against that community: the least and the
    median share inside it tell how badly the two layers align, and what lies mostly in another is named.
    """
    repairs: list[Repair] = []
    for name, whole in WHOLE.items():
        table = layers.get(name)
        if table is None or "geometry" not in table:
            continue
        findings = Findings(name)
        owners = largest_owners(table["geometry"].to_numpy(), land.geometry.to_numpy())
        claimed = _claimed(table, land.index)
        _note_across("across", table, (claimed < 0) & (owners.position >= 0), owners.share, whole, findings)
        shares = _shares_in_claimed(table, land, claimed, owners)
        _note_across("across_named", table, (claimed >= 0) & (owners.position >= 0), shares, whole, findings)
        elsewhere = (owners.position >= 0) & (claimed >= 0) & (owners.position != claimed)
        findings.repair("elsewhere", table.index[elsewhere])
        repairs += findings.repairs
    return repairs


def _note_across(
    kind: str,
    table: pd.DataFrame,
    looked_at: NDArray[np.bool_],
    shares: NDArray[np.float64],
    whole: float,
    findings: Findings,
) -> None:
    across = looked_at & (shares < whole)
    if across.any():
        area = float(shapely.area(table["geometry"].to_numpy()[across]).sum())
        values = [float(shares[across].min()), float(np.median(shares[across]))]
        findings.repair(kind, table.index[across], areas=(area, area), values=values)


def _claimed(table: pd.DataFrame, names: pd.Index) -> NDArray[np.int64]:
    """Position of the community that each row says it belongs to, -1 where it says none."""
    if "community_id" not in table:
        return np.full(len(table), -1, np.int64)
    return np.asarray(names.get_indexer(pd.Index(table["community_id"].fillna(""))), np.int64)


def _shares_in_claimed(
    table: pd.DataFrame, land: gpd.GeoDataFrame, claimed: NDArray[np.int64], owners: Owners
) -> NDArray[np.float64]:
    """Share of each row's area in the community that it says it belongs to; that of its owner where it says none."""
    shares: NDArray[np.float64] = owners.share.copy()
    other = np.flatnonzero((claimed >= 0) & (owners.position != claimed))
    shapes, polygons = table["geometry"].to_numpy()[other], land.geometry.to_numpy()[claimed[other]]
    areas = shapely.area(shapes)
    shared = shapely.area(shapely.intersection(shapes, polygons))
    shares[other] = np.where(areas > 0, shared / np.where(areas > 0, areas, 1.0), 0.0)
    return shares


def outside_all(land: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame]) -> list[Repair]:
    """Rows that touch no community, of every layer that does, for a planner to see before anything is drawn."""
    repairs: list[Repair] = []
    polygons = land.geometry.to_numpy()
    for name, table in layers.items():
        if name in NO_PLACES or "geometry" not in table:
            continue
        findings = Findings(name)
        shapes = table["geometry"].to_numpy()
        touching = np.unique(shapely.STRtree(shapes).query(polygons, predicate="intersects")[1])
        if not len(touching):
            continue
        away = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        away[touching] = False
        findings.repair("outside_buildings" if name == "buildings" else "outside", table.index[away])
        repairs += findings.repairs
    return repairs
