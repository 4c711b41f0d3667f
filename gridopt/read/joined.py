"""Counts that come as a table, put to the communities, units, estates or buildings they are keyed to."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.errors import preview
from gridopt.holders import home_ids
from gridopt.read.findings import Findings
from gridopt.read.layers import Layer
from gridopt.read.matches import Match, Matches, Place, match_rows, place_names, read_confirmed
from gridopt.read.project import LayerSpec
from gridopt.read.synonyms import likeness

COUNTS = ("households", "residents", "dwellings")
COUNTS_ZH = {"households": "户", "residents": "人", "dwellings": "套"}
LEVELS_ZH = {"community": "村（社区）", "units": "划分单元", "buildings": "楼栋", "estates": "小区", "blocks": "街区"}


def joined_counts(
    spec: LayerSpec, layer: Layer, communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], findings: Findings
) -> pd.DataFrame:
    """The counts of a table of ``layers`` by the ids of the places it is keyed to, with its ``level``.

    Rows with an id are joined by it; the others by their names (`matches`), and only what is matched or was
    confirmed counts. ``attrs["matches"]`` holds what became of each row that was joined by name.
    """
    table = layers[spec.name]
    if "id" in layer.given or spec.level == "blocks":
        _check_ids(table.index, spec.level, communities, layers, findings)
        return table.drop(columns=list(_named(table)))
    if spec.level == "community" and "community" not in layer.given and "name" in layer.given:
        # A row that counts a community is called by the community's name.
        table = table.assign(community=table["name"], name="")
    places = _places(spec.level, communities, layers, findings)
    if not findings.faults and not {"community", "estate", "name", "number"} & set(layer.given):
        findings.fault(*_no_keys(layer))
    if findings.faults:
        return table
    known = [place.id for place in places]
    confirmed = read_confirmed(spec.matches, known, findings) if spec.matches else {}
    found = match_rows(table, places, communities, confirmed)
    _report(found, table, spec, findings)
    numbers = [name for name in COUNTS if name in layer.given or (name == "households" and table[name].notna().any())]
    held = np.array([match.status == "matched" for match in found], bool)
    targets = np.array([match.target for match in found], object)[held]
    summed = table.loc[held, list(numbers)].groupby(targets).sum(min_count=1)
    summed.index = pd.Index(summed.index.astype("str"), name="id", dtype="str")
    result = summed.reindex(columns=list(COUNTS)).astype(float).assign(level=spec.level).sort_index()
    result.attrs["matches"] = Matches(found, table[numbers])
    return result


def _no_keys(layer: Layer) -> tuple[str, str]:
    """What to do about a table that says nowhere what its rows count."""
    alike = likeness("id", layer.source_columns).columns
    why, why_zh = "", ""
    if alike:
        why = f' (ids in column "{alike[0]}" are missing or occur more than once: correct them if it is the one)'
        why_zh = f"（列“{alike[0]}”中有编码为空或重复：如即该列，请改正）"
    return (
        f'the table has neither ids nor names{why}; name a column: id = "...", or community, estate, number, '
        'name = "..."',
        f'表中既无编码也无名称{why_zh}；请指明列：id = "..."，或 community、estate、number、name = "..."',
    )


def _named(table: pd.DataFrame) -> list[str]:
    return [name for name in ("township", "community", "estate", "name", "number", "area") if name in table]


def _check_ids(
    ids: pd.Index,
    level: str,
    communities: gpd.GeoDataFrame,
    layers: Mapping[str, pd.DataFrame],
    findings: Findings,
) -> None:
    """Ids of estates and buildings must be ones of their layer; the others are checked where they are read."""
    if level not in ("buildings", "estates"):
        return
    known = [place.id for place in _places(level, communities, layers, findings)]
    strange = ids.difference(known)
    if len(strange) and not findings.faults:
        findings.fault(
            f"{len(strange)} rows name {level} that are not in [layers.{level}]: {preview(strange)}; correct the ids, "
            'or join by names: estate = "...", number = "..."',
            f"{len(strange)} 行的编码不在 [layers.{level}] 中：{preview(strange)}；请改正，"
            '或改按名称对应：estate = "..."、number = "..."',
        )


def _places(
    level: str, communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], findings: Findings
) -> list[Place]:
    """The places that a table may be keyed to, with their names and communities."""
    if level == "community":
        return [Place(str(i), str(i), frozenset(), str(name)) for i, name in communities["community"].items()]
    if level == "units":
        findings.fault(
            'level = "units" needs the units\' ids; name their column: id = "..."',
            'level = "units" 须有划分单元编码；请指明列：id = "..."',
        )
        return []
    table = layers.get(level)
    if table is None and level == "estates" and layers.get("buildings") is not None:
        return _estates_of_buildings(gpd.GeoDataFrame(layers["buildings"]), communities)
    if table is None:
        findings.fault(
            f'level = "{level}" needs [layers.{level}]; add it, or give counts by community',
            f'level = "{level}" 需要 [layers.{level}]；请添加，或按村（社区）给出',
        )
        return []
    shapes = gpd.GeoDataFrame(table)
    if level == "buildings" and layers.get("estates") is not None:
        shapes = _with_estates(shapes, gpd.GeoDataFrame(layers["estates"]))
    homes, names = home_ids(shapes.geometry, communities), place_names(shapes, level)
    shown = _shown(shapes)
    return [Place(str(i), homes[i], own, shown[i]) for i, own in zip(shapes.index, names, strict=True)]


def _with_estates(buildings: gpd.GeoDataFrame, estates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The buildings with the name of the estate they lie in, where they name none themselves."""
    around = home_ids(buildings.geometry, estates).map(estates["name"]).fillna("")
    return buildings.assign(estate=buildings["estate"].where(buildings["estate"] != "", around))


def _estates_of_buildings(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> list[Place]:
    """Estates that only their buildings name; their ids are made of the community and the name."""
    homes = home_ids(buildings.geometry, communities)
    pairs = sorted({(homes[i], name) for i, name in buildings["estate"].items() if name})
    table = pd.DataFrame({"name": [name for _, name in pairs]})
    names = place_names(table, "estates")
    return [Place(f"{home}/{name}", home, own, name) for (home, name), own in zip(pairs, names, strict=True)]


def _shown(table: pd.DataFrame) -> pd.Series:
    parts = [table[key] for key in ("estate", "number") if key in table]
    joined = pd.concat(parts, axis=1).agg("".join, axis=1) if parts else pd.Series("", table.index)
    name: pd.Series = table["name"].where(table["name"] != "", joined)
    return name.where(name != "", pd.Series(table.index.astype(str), table.index))


def _report(found: pd.Series, table: pd.DataFrame, spec: LayerSpec, findings: Findings) -> None:
    """What was matched, and what people must look at, on record."""
    by_status: dict[str, list[str]] = {"matched": [], "doubtful": [], "unmatched": []}
    left_out: list[str] = []
    for row, match in zip(found.index.astype(str), found, strict=True):
        (left_out if match.why == "left_out" else by_status[match.status]).append(row)
    listed: Mapping[str, list[str]] = {
        status: [_entry(found[row]) for row in rows] for status, rows in by_status.items()
    }
    findings.repair("rows_joined", n=len(by_status["matched"]), values=[spec.level, LEVELS_ZH[spec.level]])
    findings.repair("rows_left_out", [_entry(found[row]) for row in left_out])
    for status in ("doubtful", "unmatched"):
        rows = table.loc[by_status[status]]
        findings.repair(f"rows_{status}", listed[status], n=len(rows), values=_counted(rows))


def _counted(rows: pd.DataFrame) -> tuple[str, str]:
    """How many people rows count, in English and in Chinese: only what they count at all."""
    sums = {name: rows[name].sum() for name in COUNTS if name in rows and rows[name].notna().any()}
    return (
        ", ".join(f"{number:,.10g} {name}" for name, number in sums.items()) or "no count",
        "、".join(f"{number:,.10g} {COUNTS_ZH[name]}" for name, number in sums.items()) or "没有数",
    )


def _entry(match: Match) -> str:
    return match.entry or "?"
