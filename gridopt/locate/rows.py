"""Rows of events to grids: by building, coordinates, address or community, with the rule that decided each."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.grids.plan import Plan
from gridopt.locate.names import Buildings, Communities
from gridopt.locate.points import locate
from gridopt.locate.report import Located
from gridopt.locate.shifts import likely_shift
from gridopt.read.events import EventRows, event_rows

FAR = 50_000.0
"""Metres from the plan beyond which a place is in another city or country."""

ANSWERS = "grid_code nearest_code distance_m community_id post_id rule carried reason detail doubts".split()
POST_RANK = {("worker", "full_time"): 0, ("worker", "part_time"): 1, ("chief", "part_time"): 2}


@dataclass(frozen=True)
class _Ledger:
    """The answers while they are being found: one table, written by rule, each row once."""

    table: pd.DataFrame

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Rows that no rule has decided."""
        return np.asarray(self.table["rule"] == "", bool)

    def at(self, rows: pd.Index) -> NDArray[np.bool_]:
        """A mask of the rows of these labels."""
        chosen = np.zeros(len(self.table), bool)
        chosen[rows.to_numpy(np.int64)] = True
        return chosen

    def take(self, rows: NDArray[np.bool_], rule: str, grids: pd.Series, communities: pd.Series) -> None:
        """Decide rows by a rule: their grids and communities, from series on the rows' labels."""
        labels = self.table.index[rows]
        strayed = rows & self.table["reason"].isin(["outside", "far"]).to_numpy()
        self.table.loc[labels, "grid_code"] = grids.reindex(labels)
        self.table.loc[labels, "community_id"] = communities.reindex(labels)
        self.table.loc[labels, "rule"] = rule
        self.table.loc[labels, ["reason", "detail"]] = ""
        self.doubt(strayed, "outside")

    def leave(self, rows: NDArray[np.bool_], reason: str, details: pd.Series) -> None:
        """Say why rows stay undecided; a later rule may still decide them."""
        labels = self.table.index[rows]
        self.table.loc[labels, "reason"] = reason
        self.table.loc[labels, "detail"] = details.reindex(labels)

    def excuse(self, answers: pd.Series) -> None:
        """Say of rows still open, and not yet excused, why their names led nowhere."""
        silent = self.table.index[self.is_open & (self.table["reason"] == "").to_numpy()]
        told = answers.reindex(silent).dropna()
        self.table.loc[told.index, "reason"] = [one.reason for one in told]
        self.table.loc[told.index, "detail"] = ["; ".join(one.values) for one in told]

    def doubt(self, rows: NDArray[np.bool_], name: str) -> None:
        self.table.loc[rows, "doubts"] += f"{name};"


def locate_events(
    plan: Plan,
    events: pd.DataFrame | EventRows,
    *,
    posts: pd.DataFrame | None = None,
    crosswalk: Mapping[str, str] | pd.DataFrame | None = None,
    today: datetime.date | None = None,
) -> Located:
    """The grid and post of each row of a table of events, and the rule that decided it.

    ``events`` is a table of any maker's columns (`read.events.COLUMNS`) or what `read_events` made of a file. The rules
    in order: a building's id; coordinates inside a grid; coordinates with swapped axes; an address, by the plan's
    buildings; an estate in one grid; a community of one grid; a community (no grid can be told). Rows that repeat an
    earlier one are set aside. ``crosswalk``, from `gridopt.crosswalk` or a mapping of codes, leads from another
    register or an earlier edition to the plan's communities, by code or former name: ``carried`` says how. ``posts``
    names the post of each grid; days after ``today`` are doubted. No row is lost: `Located.account`.
    """
    rows = events if isinstance(events, EventRows) else event_rows(events)
    index = pd.RangeIndex(len(rows.facts))
    facts = rows.facts.set_axis(index)
    empty = pd.DataFrame({name: pd.Series("", index, dtype=object) for name in ANSWERS})
    ledger = _Ledger(empty.assign(distance_m=np.nan))
    nothing = pd.Series("", index)
    ledger.take(rows.repeated, "repeated", nothing, nothing)
    stated = _stated_communities(facts, Communities(plan, crosswalk))
    buildings = Buildings(plan)
    _by_building(ledger, facts, buildings)
    shift = None
    if rows.points is not None:
        points = rows.points.set_axis(index)
        shift = _shift(plan, points, _places(stated))
        _by_coordinates(ledger, plan, points)
    _by_address(ledger, facts, stated, buildings)
    _by_community(ledger, stated, plan)
    _say_carried(ledger, stated)
    _doubts(ledger, facts, stated, today)
    return replace(_located(ledger.table, rows, posts), shift=shift)


def _stated_communities(facts: pd.DataFrame, communities: Communities) -> pd.Series:
    """The `Answer` of the community that each row names, in its own column or in its address; None where none."""
    pairs = zip(facts["community"], facts["township"], strict=True)
    return pd.Series([communities.find(*pair) if pair[0] else None for pair in pairs], facts.index, dtype=object)


def _by_building(ledger: _Ledger, facts: pd.DataFrame, buildings: Buildings) -> None:
    named = ledger.is_open & (facts["building"] != "").to_numpy()
    known = named & facts["building"].isin(list(buildings.grid_of)).to_numpy()
    ids = facts["building"]
    ledger.take(known, "building", ids.map(buildings.grid_of), ids.map(buildings.community_of))
    ledger.leave(named & ~known, "no_such_building", ids)


def _by_coordinates(ledger: _Ledger, plan: Plan, points: gpd.GeoSeries) -> None:
    grids = plan.grids[["community_id", "geometry"]].reset_index()
    homes = plan.grids["community_id"]
    zero = np.asarray(shapely.equals_exact(points.to_numpy(), shapely.Point(0, 0), 1e-9), bool)
    ledger.doubt(zero & ledger.is_open, "zero")
    placed = np.asarray(~(points.isna() | points.is_empty), bool) & ~zero & ledger.is_open
    plain = placed & _in_range(points)
    found = locate(grids, points[plain])
    ledger.table.loc[plain, ["nearest_code", "distance_m"]] = found[["nearest_code", "distance_m"]]
    inside = plain.copy()
    inside[plain] = found["grid_code"].notna().to_numpy()
    codes = ledger.table["nearest_code"]
    ledger.take(inside, "coordinates", codes, codes.map(homes))
    _by_swapped(ledger, grids, homes, points, placed & ~inside)
    metres = ledger.table["distance_m"].to_numpy(float)
    left = placed & ledger.is_open
    shown = [f"{one / 1000:.1f}" if np.isfinite(one) else "" for one in metres]
    details = pd.Series(shown, ledger.table.index)
    ledger.leave(left & (metres <= FAR), "outside", details)
    ledger.leave(left & ~(metres <= FAR), "far", details)


def _shift(plan: Plan, points: gpd.GeoSeries, communities: pd.Series) -> tuple[str, float, float] | None:
    """The offset that the points most likely carry; points that cannot be in their CRS tell nothing of it."""
    told = np.array(~(points.isna() | points.is_empty) & _in_range(points), bool)
    return likely_shift(plan.grids, points[told], communities[told])


def _by_swapped(
    ledger: _Ledger, grids: gpd.GeoDataFrame, homes: pd.Series, points: gpd.GeoSeries, rest: NDArray[np.bool_]
) -> None:
    """Points that lie in a grid once their axes are swapped: no place can be meant by them as they stand."""
    if not rest.any():
        return
    xy = shapely.get_coordinates(points[rest].to_numpy())[:, ::-1]
    turned = gpd.GeoSeries.from_xy(*xy.T, index=points.index[rest], crs=points.crs)
    sound = _in_range(turned)
    found = locate(grids, turned[sound])
    held = found.index[found["grid_code"].notna()]
    codes = found.loc[held, "grid_code"].astype(object)
    ledger.take(ledger.at(held), "swapped", codes, codes.map(homes))
    ledger.table.loc[held, "nearest_code"] = codes
    ledger.table.loc[held, "distance_m"] = 0.0


def _in_range(points: gpd.GeoSeries) -> NDArray[np.bool_]:
    """Which points can be in their CRS: degrees no larger than degrees go."""
    if points.crs is None or not points.crs.is_geographic:
        return np.ones(len(points), bool)
    x, y = shapely.get_x(points.to_numpy()), shapely.get_y(points.to_numpy())
    return np.asarray((np.abs(x) <= 360) & (np.abs(y) <= 90), bool)


def _by_address(ledger: _Ledger, facts: pd.DataFrame, stated: pd.Series, buildings: Buildings) -> None:
    asked = facts.index[ledger.is_open & (facts["address"] != "").to_numpy()]
    if not len(asked):
        return
    pairs = list(zip(facts.loc[asked, "address"], _places(stated[asked]), strict=True))
    known = {pair: buildings.find(*pair) for pair in set(pairs)}
    answers = pd.Series([known[pair][0] for pair in pairs], asked, dtype=object)
    rules = pd.Series([known[pair][1] for pair in pairs], asked, dtype=object)
    grids = _places(answers)
    homes = grids.map(buildings.community_of_grid)
    for rule in ("address", "estate"):
        held = ledger.at(asked[(grids != "") & (rules == rule)])
        ledger.take(held, rule, grids, homes)
    ledger.excuse(answers)


def _by_community(ledger: _Ledger, stated: pd.Series, plan: Plan) -> None:
    """Rows of which only the community is known: its sole grid, or no grid at all."""
    by_community = plan.grids.reset_index().groupby("community_id")["grid_code"]
    sole = by_community.first()[by_community.size() == 1]
    places = _places(stated)
    known = ledger.is_open & (places != "").to_numpy()
    single = known & places.isin(list(sole.index)).to_numpy()
    ledger.take(single, "sole_grid", places.map(sole), places)
    ledger.take(known & ~single, "community", pd.Series("", places.index), places)
    ledger.excuse(stated)
    ledger.leave(ledger.is_open & (ledger.table["reason"] == "").to_numpy(), "no_place", pd.Series("", places.index))


def _say_carried(ledger: _Ledger, stated: pd.Series) -> None:
    """How a crosswalk led to the community, of rows that only their community decided."""
    ways = pd.Series([one.carried if one is not None else "" for one in stated], stated.index, dtype=object)
    by_name = ledger.table["rule"].isin(["sole_grid", "community"])
    ledger.table.loc[by_name, "carried"] = ways[by_name]


def _places(answers: pd.Series) -> pd.Series:
    """The place of each `Answer`, "" where there is none."""
    return pd.Series([one.place if one is not None else "" for one in answers], answers.index, dtype=object)


def _doubts(ledger: _Ledger, facts: pd.DataFrame, stated: pd.Series, today: datetime.date | None) -> None:
    """What is odd about rows that count all the same."""
    places = _places(stated)
    other = (ledger.table["community_id"] != "") & (places != "") & (ledger.table["community_id"] != places)
    ledger.doubt(other.to_numpy(), "community_differs")
    for fault in ("date", "number"):
        ledger.doubt(facts["faults"].str.contains(f"{fault};").to_numpy(bool), f"{fault}_unread")
    if today is not None:
        ledger.doubt((facts["date"] > pd.Timestamp(today)).to_numpy(), "future")


def _located(table: pd.DataFrame, rows: EventRows, posts: pd.DataFrame | None) -> Located:
    texts = table.drop(columns="distance_m")
    texts["doubts"] = texts["doubts"].str.rstrip(";")
    texts["post_id"] = texts["grid_code"].map(_post_of(posts)).fillna("") if posts is not None else ""
    answers = texts.astype("str").assign(distance_m=table["distance_m"].astype(float))[ANSWERS]
    for name in ("grid_code", "nearest_code"):
        answers[name] = answers[name].where(~answers[name].isin(["", "nan", "None"]), None)
    facts = rows.facts[["date", "kind", "number", "settled"]]
    return Located(answers.set_axis(rows.facts.index), facts, rows.table, rows.points)


def _post_of(posts: pd.DataFrame) -> dict[str, str]:
    """The post that answers for each grid: its first worker, full-time before part-time, else its chief."""
    plain = posts.reset_index() if posts.index.name == "post_id" else posts
    ranks = [POST_RANK.get(pair, 9) for pair in zip(plain["role"], plain["employment"], strict=True)]
    ordered = plain.assign(rank=ranks).query("rank < 9").sort_values(["grid_code", "rank", "post_id"])
    return {str(k): str(v) for k, v in ordered.drop_duplicates("grid_code").set_index("grid_code")["post_id"].items()}
