"""The facts that a planner checks before drawing: what each layer holds and how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.read.alignment import outside_all
from gridopt.read.basis import stated_counts
from gridopt.read.findings import places_table, repairs_table
from gridopt.read.matches import HEADINGS, STATUSES, Matches
from gridopt.read.plausibility import outliers
from gridopt.read.repair import kinds_of

PEOPLE = ("households", "residents")


@dataclass(frozen=True, eq=False)
class Inspection:
    """A city that was read, and its facts as tables.

    layers       one row a layer: file, layer, kind of geometry, rows found and kept, CRS, the columns used
    totals       households and residents by the layer that states them, with the rows that state none
    townships    communities, area, households and residents by township
    barriers     lines by layer, class and barrier, with their number and length
    decisions    the rows of the decisions table, who made each and when, and what each stands for where that is known
    repairs      everything that was mended or left out while reading, and what lies outside every community
    places       where each of these faults is, by its row in ``repairs``
    disputes     land that two communities claim, what lies inside, and who is given it for now
    """

    city: City
    layers: pd.DataFrame
    totals: pd.DataFrame
    townships: pd.DataFrame
    barriers: pd.DataFrame
    decisions: pd.DataFrame
    repairs: pd.DataFrame
    places: gpd.GeoDataFrame
    disputes: gpd.GeoDataFrame

    @cached_property
    def columns(self) -> pd.DataFrame:
        """Which column of each layer was taken for what, and why: declared, its own name, or a known synonym."""
        rows = [
            (layer, key, column, source.get("why", {}).get(key, ""))
            for layer, table in _tables(self.city).items()
            for source in [table.attrs.get("source", {})]
            for key, column in source.get("columns", {}).items()
        ]
        return pd.DataFrame(rows, columns=["layer", "key", "column", "why"], dtype="str")

    @cached_property
    def counts(self) -> pd.DataFrame:
        """What each count stands for: its basis, its date, and its ratio to the first of the same measure."""
        return stated_counts(_tables(self.city))

    @cached_property
    def outliers(self) -> pd.DataFrame:
        """Figures that cannot well be true, with the likely cause."""
        return outliers(self.city, self.city.settings.lang)

    @cached_property
    def matches(self) -> pd.DataFrame:
        """Rows of the population table joined by name that nobody confirmed yet: what they may stand for, and why."""
        found = matches_of(self.city)
        table = pd.DataFrame(columns=list(HEADINGS)) if found is None else found.table(self.city.settings.lang)
        rest: pd.DataFrame = table[~table["status"].isin(["matched", STATUSES["matched"]])]
        return rest


def matches_of(city: City) -> Matches | None:
    """What became of the rows of the population table that were joined by name, None where none was."""
    table = city.layer("population")
    found = None if table is None else table.attrs.get("matches")
    return found if isinstance(found, Matches) else None


def inspect_city(city: City, *, meanings: Mapping[int, str] | None = None) -> Inspection:
    """The facts of a city as it was read; nothing is drawn.

    ``meanings`` says what each row of the decisions table stands for, by its number in the spreadsheet.
    """
    decisions = _decisions(city, meanings or {})
    tables = (_layers(city), _totals(city), _townships(city), _barriers(city), decisions)
    return Inspection(city, *tables, *_record(city), _shaped(city.disputes, city))


def _record(city: City) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """The city's repairs and their places, with what lies outside every community added to both."""
    outside = outside_all(city.communities, city.layers)
    tables = [city.repairs, repairs_table(outside, city.settings.lang)]
    added = places_table(outside, city.layers, city.crs)
    places = [_shaped(city.repair_places, city), added.assign(repair=added["repair"] + len(city.repairs))]
    repairs = pd.concat([table for table in tables if len(table)] or tables[1:], ignore_index=True)
    found = [table for table in places if len(table)] or places[1:]
    return repairs, gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=city.crs)


def _shaped(table: pd.DataFrame, city: City) -> gpd.GeoDataFrame:
    """A table with its shapes, also where it has no row."""
    if isinstance(table, gpd.GeoDataFrame):
        return table
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([], crs=city.crs), crs=city.crs)


def _tables(city: City) -> dict[str, pd.DataFrame]:
    return {"communities": city.communities, **city.layers}


def _layers(city: City) -> pd.DataFrame:
    rows = []
    for name, table in _tables(city).items():
        source, mark = table.attrs.get("source", {}), city.inputs.get(name, {})
        kinds = sorted(set(kinds_of(table.geometry.to_numpy())) - {""}) if isinstance(table, gpd.GeoDataFrame) else []
        rows.append(
            {
                "layer": name,
                "path": source.get("path", ""),
                "source_layer": mark.get("layer", ""),
                "geometry": " ".join(kinds) or "table",
                "rows_found": source.get("rows", len(table)),
                "rows": len(table),
                "crs": mark.get("crs") or "",
                "columns": ", ".join(f"{key}={column}" for key, column in source.get("columns", {}).items()),
            }
        )
    return pd.DataFrame(rows)


def _decisions(city: City, meanings: Mapping[int, str]) -> pd.DataFrame:
    table = city.layer("decisions")
    columns = ["row", "kind", "object", "target", "community", "who", "date", "means"]
    if table is None:
        return pd.DataFrame(columns=columns)
    ordered: pd.DataFrame = table.sort_values("row", kind="stable")
    means = [meanings.get(int(row), "") for row in ordered["row"]]
    return pd.DataFrame(ordered.assign(means=means)[columns])


def _totals(city: City) -> pd.DataFrame:
    rows = []
    for name, table in _tables(city).items():
        for measure in PEOPLE:
            if measure in table and table[measure].notna().any():
                missing = int(table[measure].isna().sum())
                rows.append(
                    {
                        "measure": measure,
                        "layer": name,
                        "total": float(table[measure].sum()),
                        "rows": len(table) - missing,
                        "missing": missing,
                    }
                )
    return pd.DataFrame(rows, columns=["measure", "layer", "total", "rows", "missing"])


def _townships(city: City) -> pd.DataFrame:
    """Sums by township: people from the units where there are any, else from the communities."""
    communities = city.communities
    table = pd.DataFrame(
        {"township_id": communities["township_id"], "communities": 1, "area_km2": communities.area / 1e6}
    )
    for measure in PEOPLE:
        stated = _stated(city, measure)
        if stated is not None:
            table[measure] = stated.reindex(communities.index)
    return table.groupby("township_id", sort=True).sum().reset_index()


def _stated(city: City, measure: str) -> pd.Series | None:
    """A measure by community: its own control total, else the sum of the units whose inside point it holds."""
    population, units = city.layer("population"), city.layer("units")
    if population is not None and (population["level"] == "community").all() and population[measure].notna().any():
        return pd.Series(population[measure])
    if measure in city.communities:
        return pd.Series(city.communities[measure])
    if units is None or units[measure].isna().all():
        return None
    points = gpd.GeoDataFrame(units[[measure]], geometry=units.representative_point(), crs=units.crs)
    joined = gpd.sjoin(points, city.communities[["geometry"]], predicate="within")
    owner = joined.columns[-1]
    sums: pd.Series = joined.groupby(owner)[measure].sum()
    return sums


def _barriers(city: City) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"layer": name, "class": table["class"], "barrier": table["barrier"], "km": table.length / 1000})
        for name, table in city.layers.items()
        if "barrier" in table
    ]
    columns = ["layer", "class", "barrier", "lines", "km"]
    if not parts:
        return pd.DataFrame(columns=columns)
    lines = pd.concat(parts).groupby(["layer", "class", "barrier"], sort=True)["km"].agg(["size", "sum"]).reset_index()
    return lines.set_axis(columns, axis=1)
