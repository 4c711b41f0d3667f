"""The layers of a plan folder: a plan's tables flattened, sorted, and rolled up to townships and counties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.contracts import FACILITIES, SURROUNDINGS, check_columns, empty
from gridopt.grids import Plan
from gridopt.publish.geopackage import normalised
from gridopt.read.plan_folder import LAYERS, single_parts, typed

_KEPT_BY_GEOPACKAGE = {"fid", "geom", "ogc_fid"}
_SORTED_BY = {
    "grids": ["grid_code"],
    "units": ["unit_id"],
    "borders": ["unit_a", "unit_b", "kind"],
    "buildings": ["building_id"],
    "communities": ["community_id"],
    "posts": ["post_id"],
    "events": ["level", "place_id", "year"],
    "codes": ["grid_code", "valid_from"],
    "facilities": ["facility_id"],
    **{name: columns[:1] for name, columns in SURROUNDINGS.items()},
}
_SHOWN = (
    "grids",
    "units",
    "buildings",
    "communities",
    "townships",
    "counties",
    "blind_spots",
    "disputes",
    "facilities",
    *SURROUNDINGS,
)


def plan_layers(
    plan: Plan,
    *,
    posts: pd.DataFrame | None = None,
    reach: pd.DataFrame | None = None,
    blind_spots: gpd.GeoDataFrame | None = None,
) -> dict[str, Any]:
    """Every layer of the folder by name, in the order of `LAYERS`, indexes as columns, empty where not given."""
    tables = {
        "grids": plan.grids,
        "units": plan.units,
        "borders": plan.borders,
        "buildings": _numbered(plan.buildings),
        "communities": plan.communities,
        "townships": _roll_up(plan, "township"),
        "counties": _roll_up(plan, "county"),
        "posts": None if posts is None else _held(posts),
        "reach": reach,
        "events": plan.details.get("events"),
        "blind_spots": blind_spots,
        "violations": plan.violations,
        "repairs": plan.city.repairs,
        "disputes": plan.city.disputes,
        "codes": _codes(plan),
        "facilities": _given(plan, "facilities", FACILITIES),
        **{name: _given(plan, name, columns) for name, columns in SURROUNDINGS.items()},
    }
    return {name: _flat(table, name, plan.city.crs) for name, table in tables.items()}


def settled(plan: Plan) -> Plan:
    """The same plan as it would be read back: rows by id, rings and parts in one order, so every page is too."""
    return plan.replace(
        grids=_in_order(plan.grids),
        units=_in_order(plan.units),
        buildings=_in_order(plan.buildings),
        communities=_in_order(plan.communities),
    )


def _in_order(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = table.sort_index()
    return rows.set_geometry(single_parts(normalised(rows.geometry)))


def _flat(table: pd.DataFrame | None, name: str, crs: Any) -> Any:
    """A table as its layer shows it: contract columns first, sorted by its ids, the index a column."""
    columns = LAYERS[name]
    given = empty(columns) if table is None else table
    if given.index.name in columns and given.index.name not in given:
        given = given.reset_index()
    if not len(given) and name in _SHOWN and "geometry" not in given:
        given = gpd.GeoDataFrame(given, geometry=gpd.GeoSeries([], crs=crs), crs=crs)
    check_columns(given, columns, name)
    flat = typed(given, columns).drop(columns=[c for c in given if str(c).lower() in _KEPT_BY_GEOPACKAGE])
    if name in _SORTED_BY:
        flat = flat.sort_values(_SORTED_BY[name], kind="stable")
    if name not in _SHOWN:
        return pd.DataFrame(flat).reset_index(drop=True)
    shown = gpd.GeoDataFrame(flat, geometry="geometry").reset_index(drop=True)
    return shown if shown.crs is not None else shown.set_crs(crs)


def _numbered(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Buildings with the ``number`` column that a scope is written from, empty where the layer has none."""
    return buildings if "number" in buildings else buildings.assign(number="")


def _given(plan: Plan, layer: str, columns: Sequence[str]) -> Any:
    """A layer of the city with the columns that the folder keeps, so that a stored plan is shown and measured alike."""
    given = plan.city.layer(layer)
    if given is None:
        return None
    lacking = {name: np.nan if name == "width" else "" for name in columns[1:-1] if name not in given}
    table = given.rename_geometry("geometry") if given.geometry.name != "geometry" else given
    named = table.set_axis(pd.Index(given.index.map(str), name=columns[0])).assign(**lacking)
    return named[columns[1:]].to_crs(plan.city.crs).reset_index()


def _held(posts: pd.DataFrame) -> pd.DataFrame:
    """Posts with the columns of who holds them, for tables that only say what is needed."""
    unknown: dict[str, Any] = {"status": "needed", "staff_id": "", "walk_m": np.nan, "minutes_day": np.nan}
    return posts.assign(**{name: value for name, value in unknown.items() if name not in posts})


def _codes(plan: Plan) -> Any:
    """Every code ever used: those on record, and the plan's own where the record lacks them."""
    recorded = plan.codes.reset_index() if plan.codes.index.name == "grid_code" else plan.codes
    fresh = plan.grids.index.difference(pd.Index(recorded["grid_code"]))
    own = plan.grids.loc[fresh, ["valid_from", "valid_to"]].assign(successor="").reset_index()
    if not len(recorded):
        return own
    return pd.concat([recorded, own.astype(object)], ignore_index=True) if len(own) else recorded


def _roll_up(plan: Plan, level: str) -> gpd.GeoDataFrame:
    """One row a township or county: what its grids add up to, and their common outline."""
    key = f"{level}_id"
    grids, communities = plan.grids, plan.communities
    names = plan.city.communities
    if level in names:
        called = names.groupby(names[key])[level].first()
    else:
        called = pd.Series("", index=pd.Index([], dtype="str"))
    sums = grids.groupby(key)[["households", "residents", "buildings", "area_m2"]].sum()
    shapes = communities.geometry.groupby(communities[key]).agg(lambda parts: shapely.union_all(parts.to_numpy()))
    table = sums.assign(
        n_grids=grids[key].value_counts(),
        n_communities=communities[key].value_counts(),
        **{level: called.reindex(sums.index).fillna("").astype("str")},
    )
    if level == "township":
        table["county_id"] = communities.groupby(key)["county_id"].first()
    shown = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=plan.city.crs), crs=plan.city.crs)
    shown.index.name = key
    return shown.sort_index()
