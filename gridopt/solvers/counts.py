"""How many grids are asked of each community: numbers for places, shared out inside the bounds."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import RuleError, preview
from gridopt.graph import UnitGraph
from gridopt.rules import Rules
from gridopt.solvers.clash_words import Words
from gridopt.solvers.community import Bindings, Community, community_of
from gridopt.solvers.numbers import shared_out
from gridopt.solvers.piece import first_number
from gridopt.solvers.pieces import Piece, take_apart
from gridopt.solvers.reasons import Row, row_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    """The numbers of grids that a community or a piece of one may have.

    ``alone`` grids are there whatever the target (institutions, locked grids, units above a limit, the fewest parts
    of a group that is split); besides these the totals admit ``least`` to ``most``, ``wish`` of them of target size.
    """

    alone: int
    least: int
    most: int
    wish: float

    @classmethod
    def of(cls, community: Community, pieces: Sequence[Piece]) -> Room:
        """The room of a community: that of its pieces together."""
        rooms = [_room(community, piece) for piece in pieces]
        alone, least, most = (sum(getattr(room, name) for room in rooms) for name in ("alone", "least", "most"))
        return cls(alone, least, most, sum(room.wish for room in rooms))


def _room(community: Community, piece: Piece) -> Room:
    if piece.role != "free":
        return Room(number_of(community, piece, aim=community.rules.size.target), 0, 0, 0.0)
    total, n_posts = float(community.graph.weights[piece.units, 0].sum()), _posts_in(community, piece)
    if n_posts:
        return Room(0, n_posts, n_posts, float(n_posts))
    least, most = (number_of(community, piece, aim=aim) for aim in (np.inf, max(total, 1.0) * 1e-9))
    return Room(0, least, max(least, most), total / community.rules.size.target)


def _posts_in(community: Community, piece: Piece) -> int:
    return int(np.isin(community.posts, piece.units).sum())


def number_of(community: Community, piece: Piece, *, aim: float) -> int:
    """The number of grids that a piece is to have: nearest to total / ``aim``, the fewest for a group that is split."""
    if piece.role == "alone":
        return 1
    totals = community.graph.weights[piece.units].sum(axis=0)
    chosen = float(community.high[0]) if piece.role == "split" else aim
    return first_number(totals, community, aim=chosen, most=len(np.unique(piece.groups)))


def aims(community: Community, pieces: Sequence[Piece], *, firm: int) -> list[float]:
    """The size by which each free piece's number of grids is chosen: the target, or what meets the number asked for.

    That number, less the ``firm`` grids of the other pieces, is shared out as totals are over communities.
    """
    sizes = [community.rules.size.target] * len(pieces)
    if community.count is None:
        return sizes
    free = [i for i, piece in enumerate(pieces) if piece.role == "free"]
    shares = _shares(community.count - firm, [_room(community, pieces[i]) for i in free])
    for i, share in zip(free, shares, strict=True):
        sizes[i] = float(community.graph.weights[pieces[i].units, 0].sum()) / max(share, 1)
    return sizes


def _shares(number: int, rooms: Sequence[Room]) -> list[int]:
    """Grids of each room, those that stand alone included: ``number`` in all, or the nearest that there is room for."""
    alone, least, most = (
        np.array([getattr(room, name) for room in rooms], np.int64) for name in ("alone", "least", "most")
    )
    searched = int(np.clip(number - alone.sum(), least.sum(), most.sum()))
    wishes = np.array([room.wish for room in rooms])
    return [int(one) for one in alone + shared_out(searched, wishes, most, least=least)]


@dataclass(frozen=True)
class Quota:
    """A number of grids for the communities ``parents``: of the city (``place`` ""), a township, or one community."""

    place: str
    number: int
    parents: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """What ``rules.size.count`` asks for, and the share of each community in it.

    ``counts`` has one number a community, None where its totals choose; ``rooms`` those of communities with a quota.
    ``stuck`` gives, for communities that have no plan with the number first asked, that number and the one drawn.
    """

    quotas: tuple[Quota, ...]
    rooms: Mapping[int, Room]
    counts: tuple[int | None, ...]
    stuck: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def after(self, drawn: Sequence[int]) -> Asked:
        """What is asked once communities turn out to have no plan with their number: the others make up for it."""
        stuck = dict(self.stuck)
        for quota in self.quotas:
            for parent in quota.parents if _sum(drawn, quota) != quota.number else ():
                wanted = self.counts[parent]
                if wanted is not None and wanted != drawn[parent]:
                    stuck[parent] = (stuck.get(parent, (wanted, 0))[0], drawn[parent])
        rooms = {**self.rooms, **{parent: Room(number, 0, 0, 0.0) for parent, (_, number) in stuck.items()}}
        return Asked(self.quotas, self.rooms, _counts(self.quotas, rooms, len(self.counts)), stuck)

    def rows(self, communities: Sequence[str], drawn: Sequence[int], words: Words, *, given: bool) -> list[Row]:
        """A row for each quota that is missed: by how much, and which communities hold it up."""
        starts = np.concatenate([[0], np.cumsum(drawn)])
        rows = []
        for quota in self.quotas:
            found = _sum(drawn, quota)
            if found == quota.number:
                continue
            alone = quota.parents[0] if len(quota.parents) == 1 else None
            grids = [] if alone is None else range(starts[alone], starts[alone + 1])
            row = row_of(("decide", "size.count", "" if given else "size.count"), grids, "", (found, quota.number))
            row |= {"community_id": "" if alone is None else communities[alone], "remedy": words(*_REMEDY)}
            where = quota.place if alone is None else ""
            en = f"{quota.number} grids are asked for{where and f' ({where})'}, there are {found}"
            zh = f"要求 {quota.number} 格{where and f'（{where}）'}，现为 {found} 格"
            if not given:
                held, held_zh = self._held_up(quota, communities, drawn)
                en, zh = f"{en}; {held}", f"{zh}；{held_zh}"
                row["proof"] = "proved" if self._is_out_of_reach(quota, found) else "not found"
            rows.append({**row, "reason": words(en, zh)})
        return rows

    def _is_out_of_reach(self, quota: Quota, found: int) -> bool:
        """Whether the totals alone rule the number out, and the one drawn is the nearest to it."""
        least, most = self._reach(quota)
        return not least <= quota.number <= most and found == np.clip(quota.number, least, most)

    def _reach(self, quota: Quota) -> tuple[int, int]:
        rooms = [self.rooms[parent] for parent in quota.parents]
        alone = sum(room.alone for room in rooms)
        return alone + sum(room.least for room in rooms), alone + sum(room.most for room in rooms)

    def _held_up(self, quota: Quota, communities: Sequence[str], drawn: Sequence[int]) -> tuple[str, str]:
        """(English, Chinese): the numbers there is room for, and the communities at their bound, the largest first."""
        least, most = self._reach(quota)
        too_few = _sum(drawn, quota) < quota.number
        side = {
            parent: self.rooms[parent].alone + (self.rooms[parent].most if too_few else self.rooms[parent].least)
            for parent in quota.parents
        }
        firm = sorted(side, key=lambda parent: (parent not in self.stuck, -side[parent], parent))

        def said(parent: int, bound: str, none: str) -> str:
            if parent in self.stuck:
                return none.format(name=communities[parent], n=self.stuck[parent][0])
            return f"{communities[parent]} {bound} {side[parent]}"

        en = preview(said(one, "at most" if too_few else "at least", "{name}: no plan of {n} found") for one in firm)
        zh = preview(said(one, "至多" if too_few else "至少", "{name} 未找到 {n} 格方案") for one in firm)
        return (
            f"within the bounds there is room for {least}-{most} ({en})",
            f"在上下限之内可为 {least}-{most} 格（{zh.replace(', ', '、')}）",
        )


_REMEDY = (
    "ask for another number, or widen the bounds of size: low times the number must not exceed the total, "
    "nor the total high times the number",
    "调整网格数，或放宽规模上下限：总数须在“下限×格数”与“上限×格数”之间",
)


def _sum(drawn: Sequence[int], quota: Quota) -> int:
    return sum(drawn[parent] for parent in quota.parents)


def asked(graph: UnitGraph, rules: Rules, bindings: Bindings) -> Asked:
    """What ``rules.size.count`` asks of the communities of a graph, shared out inside their bounds.

    A number for the city or a township goes to its communities by the method of largest remainder: as nearly as
    the bounds admit in proportion to the number of grids of target size, after the grids that stand alone, the sum
    exact wherever there is room for it. Raises `RuleError` for places that do not exist and numbers that leave a
    community without a grid, or a grid without a unit.
    """
    quotas = _quotas(graph, rules, bindings)
    rooms = {}
    for quota in quotas:
        for parent in quota.parents:
            community = community_of(graph, rules, bindings, parent)
            rooms[parent] = Room.of(community, take_apart(community))
    return Asked(quotas, rooms, _counts(quotas, rooms, len(graph.parent_ids)))


def asked_counts(graph: UnitGraph, rules: Rules, bindings: Bindings) -> list[int | None]:
    """The number of grids that ``rules.size.count`` asks of each community, None where the totals choose it."""
    return list(asked(graph, rules, bindings).counts)


def _counts(quotas: Sequence[Quota], rooms: Mapping[int, Room], n: int) -> tuple[int | None, ...]:
    counts: list[int | None] = [None] * n
    for quota in quotas:
        shares = _shares(quota.number, [rooms[parent] for parent in quota.parents])
        for parent, share in zip(quota.parents, shares, strict=True):
            counts[parent] = share
    return tuple(counts)


def _quotas(graph: UnitGraph, rules: Rules, bindings: Bindings) -> tuple[Quota, ...]:
    count = rules.size.count
    if isinstance(count, str):
        return ()
    everyone = tuple(range(len(graph.parent_ids)))
    quotas = _tabled(graph, count, bindings.townships) if isinstance(count, Mapping) else (Quota("", count, everyone),)
    units = np.bincount(graph.parents, minlength=len(everyone))
    for quota in quotas:
        most = int(units[list(quota.parents)].sum())
        if len(quota.parents) > 1 and not len(quota.parents) <= quota.number <= most:
            place = f" for {quota.place}" if quota.place else ""
            raise RuleError(
                f"rules.size.count = {quota.number}{place} has no answer: {len(quota.parents)} communities of {most} "
                "units in all need at least one grid each, and a grid needs a unit. Correct the number.",
                zh=f"rules.size.count = {quota.number}{place and f'（{quota.place}）'} 无解：共 {len(quota.parents)} "
                f"个村（社区）、{most} 个划分单元，每个村（社区）至少一格，每格至少一个单元。请改正该数。",
            )
    return quotas


def _tabled(graph: UnitGraph, table: Mapping[str, int], townships: Mapping[str, str]) -> tuple[Quota, ...]:
    """Quotas of a table by community and township; a community's own number counts within its township's."""
    place = {name: parent for parent, name in enumerate(graph.parent_ids)}
    known = {*place, *townships, *townships.values()}
    strange = [key for key in table if key not in known]
    if strange:
        near = {key: difflib.get_close_matches(key, sorted(known), 2) for key in strange}
        listed = preview(f"{key} (near: {', '.join(near[key])})" if near[key] else key for key in strange)
        raise RuleError(
            f"rules.size.count names {len(strange)} places that are no community or township: {listed}. "
            "Correct the ids.",
            zh=f"rules.size.count 中有 {len(strange)} 个编码不是村（社区）或乡镇（街道）：{listed}。请改正编码。",
        )
    own = tuple(Quota(name, table[name], (parent,)) for name, parent in place.items() if name in table)
    quotas = list(own)
    for township in sorted({key for key in table if key in townships.values() and key not in place}):
        inside = [name for name in graph.parent_ids if townships.get(name) == township]
        rest = tuple(place[name] for name in inside if name not in table)
        left = table[township] - sum(table[name] for name in inside if name in table)
        if inside and (left < len(rest) or (left and not rest)):
            raise RuleError(
                f"rules.size.count: {township} is given {table[township]} grids, its communities {preview(inside)} "
                f"leave {left} of them to {len(rest)} others. Make the numbers agree.",
                zh=f"rules.size.count：{township} 为 {table[township]} 格，其村（社区）{preview(inside)} 之外仅余 "
                f"{left} 格给其余 {len(rest)} 个村（社区）。请使各数一致。",
            )
        quotas += [Quota(township, left, rest)] if rest else []
    return tuple(quotas)
