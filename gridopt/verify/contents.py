"""Is each building in the grid that holds it, is each grid described, and is one person responsible for it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored
from gridopt.verify.shapes import sound

_ALIKE = 1e-6
_CHIEFS = ("chief", "网格长")
_NUMBER = re.compile(r"\s*(\d+)\s*(?:幢|栋|棟|座|号楼|号|號|#楼|#|楼)?\s*")
_LISTED = re.compile(r"\s*(\d+)(?:-(\d+))?\s*(?:幢|栋|棟|座|号楼|号|號|#楼|#|楼)?")
_ONE_SIDE = re.compile(r"[(\uff08]\s*(?:双|单|even|odd)\s*[)\uff09]\s*$")
_PHRASE_ENDS, _LIST_MARKS = "[;\uff1b]", "[、,\uff0c]"


def buildings(stored: Stored) -> Iterator[Fault]:
    """Each building stands in the unit with most of it, and has that unit's grid and community."""
    units, table = once(stored.layers["units"]), once(stored.layers["buildings"])
    homeless = table.index[~table["grid_code"].isin(stored.layers["grids"].index)]
    yield from found(("buildings", "buildings"), homeless, "buildings have no grid that exists", "{n} 幢建筑没有网格")
    lost = table.index[~table["unit_id"].isin(units.index)]
    yield from found(("buildings", "buildings"), lost, "buildings have no unit that exists", "{n} 幢建筑没有划分单元")
    placed = table[table["unit_id"].isin(units.index)]
    for column in ("grid_code", "community_id"):
        expected = placed["unit_id"].map(units[column])
        wrong = placed.index[placed[column] != expected]
        yield from found(
            ("buildings", "buildings"),
            wrong,
            f"buildings have another {column} than their unit",
            f"{{n}} 幢建筑的 {column} 与所在划分单元不符",
        )
    misplaced = placed.index[_misplaced(sound(placed), sound(units))] if len(placed) else placed.index
    yield from found(
        ("buildings", "buildings"),
        misplaced,
        "buildings are listed in a unit that does not hold them",
        "{n} 幢建筑不在所列划分单元内",
    )


def _misplaced(table: Any, units: Any) -> NDArray[np.bool_]:
    """Buildings of which another unit holds more; outside all units, those with another unit nearer."""
    shapes, polygons = table.geometry.to_numpy(), units.geometry.to_numpy()
    stated = units.index.get_indexer(table["unit_id"])
    building, unit = shapely.STRtree(polygons).query(shapes, predicate="intersects")
    touched = np.bincount(building, minlength=len(shapes))
    mine = np.zeros(len(shapes), bool)
    mine[building[stated[building] == unit]] = True
    wrong = (touched > 0) & ~mine
    shared = (touched[building] > 1) & (shapely.get_dimensions(shapes[building]) == 2)
    building, unit = building[shared], unit[shared]
    area = shapely.area(shapely.intersection(shapes[building], polygons[unit]))
    most = np.zeros(len(shapes))
    np.maximum.at(most, building, area)
    own = np.zeros(len(shapes))
    np.maximum.at(own, building[stated[building] == unit], area[stated[building] == unit])
    wrong |= own < most - (0.01 + _ALIKE * most)
    outside = np.flatnonzero(touched == 0)
    nearest = shapely.STRtree(polygons).nearest(shapes[outside])
    gap = shapely.distance(shapes[outside], polygons[stated[outside]])
    wrong[outside] = gap > shapely.distance(shapes[outside], polygons[nearest]) + 0.01
    return wrong


def scopes(stored: Stored) -> Iterator[Fault]:
    """Every grid says what it holds and where it ends, and its words fit its buildings."""
    grids, table = once(stored.layers["grids"]), once(stored.layers["buildings"])
    for column in ("scope", "bounds_text"):
        silent = grids.index[grids[column].str.strip() == ""]
        yield from found(("scope", "grids"), silent, f"grids have no {column}", f"{{n}} 个网格缺少 {column}")
    told = {code: _told(text) for code, text in grids["scope"].items()}
    housed = table[(table["estate"] != "") & table["grid_code"].isin(grids.index)]
    homes = [
        _Home(row.grid_code, _clean(row.estate), _house(row.number), str(row.Index), str(row.township))
        for row in housed.assign(township=housed["grid_code"].map(grids["township_id"])).itertuples()
    ]
    unsaid = [home.building for home in homes if not _covers(told[home.grid_code], home)]
    yield from found(
        ("scope", "grids"), unsaid, "buildings are not in the scope of their grid", "{n} 幢建筑未写入所在网格的范围"
    )
    yield from found(
        ("scope", "grids"),
        _overstated(told, homes),
        "grids claim in their scope what lies in another grid",
        "{n} 个网格的范围写入了其他网格的楼栋",
    )


@dataclass(frozen=True)
class _Home:
    """A building of an estate; ``number`` is None where it has no plain number."""

    grid_code: str
    estate: str
    number: int | None
    building: str
    township: str


def _clean(name: str) -> str:
    """An estate's name as a scope writes it, without the marks between phrases."""
    return re.sub(rf"\s*(?:{_PHRASE_ENDS}|\n)\s*", ",", name).strip()


def _house(number: str) -> int | None:
    match = _NUMBER.fullmatch(number)
    return int(match[1]) if match else None


def _told(scope: str) -> list[str]:
    return [phrase.strip() for phrase in re.split(_PHRASE_ENDS, scope)]


def _covers(phrases: list[str], home: _Home) -> bool:
    """Whether a scope names the estate whole, or the building's number among those listed."""
    mine = [phrase[len(home.estate) :] for phrase in phrases if phrase.startswith(home.estate)]
    if home.number is None:
        return bool(mine)
    return any(rest == "" or home.number in _numbers(rest) for rest in mine)


def _numbers(text: str) -> set[int]:
    """House numbers of a folded list: "1-12、15幢", or one side of a street "2-36号(双)"."""
    step = 2 if _ONE_SIDE.search(text) else 1
    spans = [_LISTED.fullmatch(piece) for piece in re.split(_LIST_MARKS, _ONE_SIDE.sub("", text))]
    ranges = [range(int(span[1]), int(span[2] or span[1]) + 1, step) for span in spans if span]
    return {number for numbers in ranges for number in numbers}


def _overstated(told: dict[str, list[str]], homes: list[_Home]) -> list[str]:
    """Grids that claim an estate whole, or numbers of it, of which they hold nothing but another grid does."""
    numbers: dict[tuple[str, str], dict[str, set[int | None]]] = {}
    for home in homes:
        numbers.setdefault((home.township, home.estate), {}).setdefault(home.grid_code, set()).add(home.number)
    wrong = set()
    for (_, estate), by_grid in numbers.items():
        anywhere = set().union(*by_grid.values())
        for code, own in by_grid.items():
            claims = [phrase[len(estate) :] for phrase in told[code] if phrase.startswith(estate)]
            if len(by_grid) > 1 and ("" in claims or any(_numbers(rest) & (anywhere - own) for rest in claims)):
                wrong.add(code)
    return sorted(wrong)


def responsibility(stored: Stored) -> Iterator[Fault]:
    """No blind spot; and once there are posts, exactly one chief a grid."""
    spots = stored.layers["blind_spots"]
    yield from found(("blind_spots", "blind_spots"), spots["id"].tolist(), "blind spots are left", "尚有 {n} 处盲区")
    posts, grids = stored.layers["posts"], once(stored.layers["grids"])
    if not len(posts):
        return
    served = posts.assign(grid_code=posts["grid_code"].str.split(";")).explode("grid_code")
    strange = sorted(set(served["grid_code"].dropna()) - {""} - set(grids.index))
    yield from found(("posts", "posts"), strange, "posts serve grids that do not exist", "岗位涉及 {n} 个不存在的网格")
    chiefs = served.loc[served["role"].isin(_CHIEFS), "grid_code"].value_counts().reindex(grids.index).fillna(0)
    wrong = grids.index[chiefs != 1]
    yield from found(("posts", "posts"), wrong, "grids have not exactly one chief", "{n} 个网格的网格长不是恰好一名")


def events(stored: Stored) -> Iterator[Fault]:
    """Events are of places that exist, and those of a place's years add up to its row for all years."""
    table = stored.layers["events"]
    known = {"grid": stored.layers["grids"].index, "community": stored.layers["communities"].index}
    places = [one in known.get(level, ()) for level, one in zip(table["level"], table["place_id"], strict=True)]
    strange = table["place_id"][~np.array(places, bool)].unique()
    yield from found(("events", "events"), strange, "events of places that do not exist", "{n} 个地点不存在")
    is_whole = (table["year"] == "all").to_numpy()
    sums = [table[rows].groupby(["level", "place_id"])["events"].sum() for rows in (is_whole, ~is_whole)]
    apart = sums[0].sub(sums[1], fill_value=0.0).abs()
    wrong = apart.index.get_level_values("place_id")[apart > _ALIKE]
    yield from found(("events", "events"), wrong, "events of years do not add up", "{n} 个地点的各年事件数与合计不符")
