"""What several layers state of the same people, by community: which of them counts, and where they are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.holders import estate_ids, home_ids
from gridopt.homes import is_home
from gridopt.people import MEASURES, People
from gridopt.read.findings import Findings
from gridopt.terms import label

CLOSE = 0.01
"""Share by which two statements of one community's people may differ without a word of it."""

CLOSE_BY_AREA = 0.05
"""The same where one of the two is taken by shares of area or from the cells of a raster."""

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Statement:
    """Households and residents by community as one layer states them, NaN where it does not.

    ``whole`` tells for each community and measure whether nobody is left out, so that less is a contradiction as
    well as more; ``enough`` where these counts are all that is needed to know the people; ``role`` is what becomes
    of the layer where another one counts.
    """

    said: tuple[str, str]
    sums: pd.DataFrame
    whole: pd.DataFrame
    role: str = "unused"
    close: float = CLOSE
    enough: pd.DataFrame | None = None

    @property
    def tells(self) -> NDArray[np.bool_]:
        """Which communities' people this layer is enough to know."""
        known = self.whole if self.enough is None else self.enough
        result: NDArray[np.bool_] = known.any(axis=1).to_numpy(bool)
        return result


def note_apart(tables: Tables, people: People, findings: Findings) -> None:
    """Put it on record where layers state other totals for a community than the layer that counts, with the ratio.

    What counts, for each measure, is the first that states it of: ready-made units with counts, blocks, the
    population table, the communities, buildings, the raster (`gridopt.units`).
    """
    stated = _statements(tables, people)
    unknown = np.ones(len(tables["communities"]), bool)
    for one in stated:
        unknown &= ~one.tells
    _note_unknown(tables, tables["communities"].index[unknown], findings)
    for measure in MEASURES:
        known = [one for one in stated if one.sums[measure].notna().any()]
        for other in known[1:]:
            _compare(measure, known[0], other, findings)


def _note_unknown(tables: Tables, unknown: pd.Index, findings: Findings) -> None:
    """Put it on record which of these communities nobody counts, and which homes others of them leave out.

    Those where every home lies in an estate that a table counts, or has a count of its own, are known.
    """
    units, buildings = tables.get("units"), tables.get("buildings")
    if units is not None and _counts(units).notna().to_numpy().any():
        findings.repair("units_uncounted", unknown)
        return
    if not len(unknown) or buildings is None or not len(buildings):
        findings.repair("people_unknown", unknown)
        return
    homes = home_ids(buildings["geometry"], _communities(tables))
    here = buildings[(_lived_in(buildings) & homes.isin(unknown)).to_numpy(bool)]
    counted = _home_counts(here, tables).notna()
    owners = homes[here.index]
    whole = counted.groupby(owners).all().any(axis=1)
    findings.repair("people_unknown", unknown.difference(whole.index[whole]))
    partly = counted.any(axis=1).groupby(owners).any() & ~whole
    rows = here[~counted.any(axis=1) & owners.map(partly)]
    places = zip(rows.index.astype(str), rows["geometry"], strict=True)
    findings.repair("homes_uncounted", rows.index, values=[int(partly.sum())], places=places)


def _home_counts(buildings: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Counts that buildings have, or the estates that they lie in: for these the estate's own, which they share."""
    counts = _own_counts(buildings, tables)
    table, drawn = _of_level(tables, "estates"), tables.get("estates")
    if table is not None:
        estates = None if drawn is None else gpd.GeoDataFrame(drawn)
        members = estate_ids(gpd.GeoDataFrame(buildings), estates, _communities(tables))
        counts = _counts(table).reindex(members).set_axis(members.index).fillna(counts)
    return counts


def _own_counts(buildings: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Counts of buildings by the table that is keyed to them, else by their own columns."""
    counts, table = _counts(buildings), _of_level(tables, "buildings")
    return counts if table is None else _counts(table).reindex(counts.index).fillna(counts)


def _compare(measure: str, first: Statement, other: Statement, findings: Findings) -> None:
    ours, theirs = first.sums[measure], other.sums[measure]
    close = max(first.close, other.close)
    more = theirs > ours * (1 + close) + 0.5
    less = (theirs < ours * (1 - close) - 0.5) & other.whole[measure]
    apart = ((more | less) & first.whole[measure]).to_numpy(bool)
    if not apart.any():
        return
    compared = (ours.notna() & theirs.notna() & (other.whole[measure] | apart)).to_numpy(bool)
    sums = float(ours[compared].sum()), float(theirs[compared].sum())
    ratio = sums[1] / sums[0] if sums[0] else float("inf")
    values = [measure, first.said[0], sums[0], other.said[0], sums[1], ratio]
    values += [label(measure), first.said[1], other.said[1]]
    findings.repair(f"totals_{other.role}", ours.index[apart], values=values)


def _statements(tables: Tables, people: People) -> list[Statement]:
    """Every layer that states people, the one that counts first."""
    ready = list(_of_units(tables, people))
    blocks = list(_of_blocks(tables, people))
    return [*ready, *blocks, *_of_communities(tables), *_of_buildings(tables), *_of_estates(tables), *_of_cells(tables)]


def _of_units(tables: Tables, people: People) -> Iterator[Statement]:
    """Ready-made units with counts of their own, or of a table by unit; the measure they lack as it will follow."""
    units = tables.get("units")
    if units is None or not len(units):
        return
    counts = _counts(units)
    table = _of_level(tables, "units")
    if table is not None:
        counts = counts.fillna(_counts(table).reindex(counts.index))
    for measure in MEASURES:
        if counts[measure].isna().all():
            counts[measure] = people.counted_from(measure, counts)
    if counts.notna().any(axis=None):
        homes = home_ids(units.geometry, _communities(tables))
        given = units["community_id"] if "community_id" in units else pd.Series("", units.index)
        one = _summed(("[layers.units]", "[layers.units]"), counts, given.where(given != "", homes), tables)
        yield replace(one, enough=one.sums.notna())


def _of_blocks(tables: Tables, people: People) -> Iterator[Statement]:
    """Blocks by shares of area: homes, which settle it in the end, may stand otherwise."""
    blocks = _of_level(tables, "blocks")
    if blocks is None:
        return
    counts = _counts(blocks)
    for measure in MEASURES:
        counts[measure] = counts[measure].fillna(people.counted_from(measure, counts))
    said = "[layers.population] by block", "[layers.population]（按街区）"
    yield _shared(said, counts, blocks, tables)


def _of_communities(tables: Tables) -> Iterator[Statement]:
    """The table of totals, and the columns of the communities."""
    table, own = _of_level(tables, "community"), tables["communities"]
    for said, stated in (("[layers.population]", table), ("[layers.communities]", own)):
        if stated is not None:
            counts = _counts(stated).reindex(own.index)
            yield Statement((said, said), counts, counts.notna())


def _of_buildings(tables: Tables) -> Iterator[Statement]:
    """Buildings' own counts, and those of a table by building; whole where every home has one."""
    buildings = tables.get("buildings")
    if buildings is None or not len(buildings):
        return
    counts = _own_counts(buildings, tables)
    if counts.notna().any(axis=None):
        homes = home_ids(buildings["geometry"], _communities(tables))
        counts = counts.mask(~_lived_in(buildings), counts.fillna(0.0))
        yield _summed(("[layers.buildings]", "[layers.buildings]"), counts, homes, tables, role="weights")


def _lived_in(buildings: pd.DataFrame) -> pd.Series:
    return is_home(buildings["use"]) if "use" in buildings else pd.Series(True, buildings.index)


def _of_estates(tables: Tables) -> Iterator[Statement]:
    """A table by estate; its estates need not be all the homes of a community."""
    table, estates = _of_level(tables, "estates"), tables.get("estates")
    if table is None:
        return
    if estates is not None:
        homes = home_ids(estates["geometry"], _communities(tables)).reindex(table.index).fillna("")
    else:
        homes = pd.Series(table.index.str.partition("/").get_level_values(0), table.index)
    said = "[layers.population] by estate", "[layers.population]（按小区）"
    one = _summed(said, _counts(table), homes, tables, role="weights")
    yield replace(one, whole=one.whole & False)


def _of_cells(tables: Tables) -> Iterator[Statement]:
    """The raster, which tells where people are only where no building does."""
    cells, buildings = tables.get("population_cells"), tables.get("buildings")
    if cells is None or not len(cells):
        return
    role = "weights" if buildings is None or not len(buildings) else "unused"
    said = "[layers.population] (raster)", "[layers.population]（栅格）"
    yield _shared(said, _counts(cells), cells, tables, role=role)


def _shared(
    said: tuple[str, str], counts: pd.DataFrame, polygons: pd.DataFrame, tables: Tables, *, role: str = "unused"
) -> Statement:
    """Counts of polygons shared out to communities by area."""
    land, shapes = _communities(tables).geometry, polygons["geometry"].to_numpy()
    place, polygon = shapely.STRtree(shapes).query(land.to_numpy(), predicate="intersects")
    pieces = shapely.area(shapely.intersection(land.to_numpy()[place], shapes[polygon]))
    parts = counts.iloc[polygon].mul(pieces / shapely.area(shapes[polygon]), axis=0)
    one = _summed(said, parts, land.index.to_series().iloc[place], tables, role=role, close=CLOSE_BY_AREA)
    return replace(one, enough=one.sums.notna())


def _summed(
    said: tuple[str, str],
    counts: pd.DataFrame,
    homes: pd.Series,
    tables: Tables,
    *,
    role: str = "unused",
    close: float = CLOSE,
) -> Statement:
    """Counts of places summed by the community of each."""
    communities, places = tables["communities"].index, homes.to_numpy()
    sums = counts.groupby(places).sum(min_count=1).reindex(communities)
    unknown = counts.isna().groupby(places).any().reindex(communities, fill_value=True)
    return Statement(said, sums.astype(float), sums.notna() & ~unknown.astype(bool), role, close)


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """Households and residents of a table, NaN where it has none."""
    return pd.DataFrame({name: table.get(name, np.nan) for name in MEASURES}, table.index, dtype=float)


def _of_level(tables: Tables, level: str) -> pd.DataFrame | None:
    """The population table's rows of one level, if it has any."""
    table = tables.get("population")
    if table is None:
        return None
    rows = table[table["level"] == level] if "level" in table else table[: len(table) * (level == "community")]
    return rows if len(rows) else None


def _communities(tables: Tables) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(tables["communities"])
