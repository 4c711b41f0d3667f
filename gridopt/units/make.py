"""Units of a city, ready-made or built, with their people, buildings and groups."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.contracts import unit_columns
from gridopt.errors import TableError, preview
from gridopt.people import MEASURES
from gridopt.units.built import built_units
from gridopt.units.by_block import blocks_of, people_by_block, people_of_blocks
from gridopt.units.counts import DRAWN, Places, add_counts, place_buildings
from gridopt.units.further import with_further
from gridopt.units.groups import phases, unmixed
from gridopt.units.keyed import with_keyed_counts
from gridopt.units.people import control_totals, home_weights, people_in_units, raster_weights, uncounted_beyond
from gridopt.units.posts import with_posts
from gridopt.units.ready import given_people, has_people, ready_units
from gridopt.units.record import Record
from gridopt.units.towers import over_slices
from gridopt.units.workload import workload


def make_units(city: City, *, workers: int | None = 1) -> gpd.GeoDataFrame:
    """The units of a city: its ready-made layer, else built from barriers and buildings.

    Indexed by ``unit_id``, sorted as text, with the columns of `contracts.UNITS`; ``grid_code`` is ""
    until grids are drawn, ``attrs["repairs"]`` holds what was mended, one dict a row. Units tile
    every community. A count missing in a ready-made layer stays NaN with ``people_known`` False; where
    units have no counts, the control totals of communities are apportioned to them and conserved.
    ``workers`` processes (None: one a core) build them; the units do not depend on how many.

    Raises `TableError` for units outside every community, unknown or repeated ids, overlaps wider than
    slivers and communities without units or control totals.
    """
    record = Record(city.settings.lang)
    city = with_keyed_counts(city)
    given = city.layer("units")
    totals: pd.DataFrame | None = None
    if given is not None and len(given):
        units = ready_units(city, given, record)
    else:
        units, totals = built_units(city, record, workers=workers)
    buildings = _buildings(city)
    places = None if buildings is None else place_buildings(buildings, units)
    if places is not None:
        places.report(record)
    if given is not None and len(given) and has_people(city, given):
        people = given_people(city, units, record)
    else:
        people = _apportioned(city, units, totals, places, record)
    units = units.assign(**{name: people[name] for name in (*MEASURES, "people_known")})
    if buildings is not None and places is not None:
        units = units.assign(phase=phases(units, buildings, places.unit_ids))
    units = add_counts(units, buildings, None if places is None else places.unit_ids, city.layer("events"))
    units = with_further(city, units, places, record)
    units = units.assign(workload=workload(units, city.settings.workload, city.layer("events")))
    return _finished(with_posts(city, unmixed(units, record)), city.named_columns, record)


def _buildings(city: City) -> gpd.GeoDataFrame | None:
    """The buildings in the order of their ids, so that sums do not depend on the order of rows."""
    buildings = city.layer("buildings")
    return buildings.sort_index() if buildings is not None and len(buildings) else None


def _apportioned(
    city: City, units: gpd.GeoDataFrame, totals: pd.DataFrame | None, places: Places | None, record: Record
) -> pd.DataFrame:
    """Control totals shared out to units by their buildings, else by the raster, else by area."""
    buildings, cells, blocks = _buildings(city), city.layer("population_cells"), blocks_of(city)
    if blocks is not None:
        known = people_of_blocks(city, blocks, buildings, places, record)
        return people_by_block(known, units, buildings, places).assign(people_known=True)
    weights: pd.Series | pd.DataFrame
    if places is not None and buildings is not None:
        way = "floor area and dwellings of homes", "住宅建筑面积和套数"
        across = uncounted_beyond(buildings, places.beyond)
        each = {name: home_weights(buildings, name) for name in MEASURES}
        _note_across(each["residents"], across, record)
        held = {name: each[name].mask(across, 0.0) for name in MEASURES}
        weights = pd.DataFrame({name: over_slices(held[name], places.unit_ids, buildings, units) for name in MEASURES})
    elif cells is not None and len(cells):
        weights, way = raster_weights(cells, units), ("raster cells by share of area", "栅格按面积比例")
    else:
        weights, way = pd.Series(units.area, index=units.index), ("area", "面积")
    if totals is None:
        parents = units["community_id"]
        homes = places.unit_ids.map(parents) if places is not None else pd.Series(dtype="str")
        totals = control_totals(city, city.communities.geometry.sort_index(), homes, record)
    people = people_in_units(units, totals, weights, record)
    _check_conserved(people, totals, units)
    record.add(
        "population",
        ("apportioned", "人口分摊"),
        n=len(totals),
        action=(
            f"control totals of {len(totals)} communities shared out by {way[0]}; every total kept",
            f"{len(totals)} 个村（社区）的控制数按{way[1]}分摊，各总数不变",
        ),
    )
    return people.assign(people_known=True)


def _note_across(weights: pd.Series, across: pd.Series, record: Record) -> None:
    """The homes across the border that hold nobody of the totals, and what share they would have held."""
    share = weights[across].sum() / max(weights.sum(), 1e-300)
    if share > 0:
        record.add(
            "population",
            (f"homes more than {DRAWN:g} m beyond every unit", f"住宅位于所有划分单元之外超过 {DRAWN:g} 米"),
            ids=across.index[across & (weights > 0)],
            action=(
                f"hold nobody of the control totals (as homes inside they would hold {share:.1%})",
                f"不参与控制数分摊（若在界内将占 {share:.1%}）",
            ),
        )


def _check_conserved(people: pd.DataFrame, totals: pd.DataFrame, units: gpd.GeoDataFrame) -> None:
    sums = people[list(MEASURES)].groupby(units["community_id"]).sum().reindex(totals.index)
    apart = (sums - totals[list(MEASURES)]).abs().max(axis=1) > 1e-9 * totals[list(MEASURES)].max(axis=1).clip(lower=1)
    if apart.any():
        ids = totals.index[apart]
        raise TableError(
            f"population: {len(ids)} communities have control totals that are not numbers of 0 or more: "
            f"{preview(ids)}. Correct them in [layers.population] or [layers.communities].",
            zh=f"人口：{len(ids)} 个村（社区）的控制数不是非负数：{preview(ids)}。请改正后重试。",
        )


def _finished(units: gpd.GeoDataFrame, named: Sequence[str], record: Record) -> gpd.GeoDataFrame:
    """The columns of the contract, in order, those that rules name, phases and posts if any; repairs in ``attrs``."""
    known = [name for name in ("phase", "post") if name in units and (units[name] != "").any()]
    table = units.assign(grid_code="")[[*unit_columns(named), *known]].sort_index()
    table.attrs["repairs"] = tuple(record.rows)
    return table
