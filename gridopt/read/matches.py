"""Rows of a table without shapes matched to places by name: matched, doubtful or unmatched, and what people said of it.

A row is matched where its words, made alike (`names`), are those of one place only, inside its community where it
names one. What is only similar, could be several places, or stands for a place that another row has, is doubtful.
Doubtful and unmatched rows count for nothing until someone confirms them in the sheet of matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from gridopt.errors import preview
from gridopt.read.columns import texts
from gridopt.read.findings import Findings
from gridopt.read.formats import open_layer
from gridopt.read.names import ALIKE, administrative, alike, building_name, likeness

HEADINGS: Mapping[str, tuple[str, str]] = {
    "entry": ("entry", "条目"),
    "status": ("status", "结果"),
    "target": ("target", "对应编码"),
    "target_name": ("target_name", "对应名称"),
    "why": ("why", "依据"),
    "confirmed": ("confirmed", "确认"),
}
"""Column of the sheet of matches -> its heading in English and in Chinese; both are read back."""

STATUSES = {"matched": "已对应", "doubtful": "存疑", "unmatched": "未对应"}
WHY: Mapping[str, tuple[str, str]] = {
    "same": ("same name", "名称相同"),
    "alike": ("same name, written otherwise", "名称相同（写法不同）"),
    "confirmed": ("confirmed", "已确认"),
    "left_out": ("left out, as confirmed", "按确认不计"),
    "similar": ("only similar", "仅名称相近"),
    "several": ("could be several: {0}", "可能是多个：{0}"),
    "repeated": ("another row stands for the same place", "另有一行对应同一处"),
    "community": ("its community is {0}: {1}", "所属社区{2}：{1}"),
    "nothing": ("no such name", "没有此名称"),
}
YES = frozenset("yes y ok true 1 是 对 √ 确认".split())
NO = frozenset("no n none - 0 否 无 不计 删除 ×".split())
WORDS = ("township", "community", "estate", "name", "number")


@dataclass(frozen=True)
class Place:
    """A place that rows may name: its id, the community it lies in, its names made alike, and how it is shown."""

    id: str
    community: str
    names: frozenset[str]
    shown: str


@dataclass(frozen=True)
class Match:
    """What became of one row: ``entry`` are its words, ``part`` the stairwell they name."""

    entry: str
    status: str
    target: str = ""
    shown: str = ""
    why: str = ""
    values: tuple[object, ...] = ()
    part: str = ""

    def reason(self, lang: str) -> str:
        """Why, in words."""
        return WHY[self.why][lang == "zh"].format(*self.values)


@dataclass(frozen=True, eq=False)
class Matches:
    """The rows of a table with what became of each, on the table's index; it travels as one value."""

    rows: pd.Series
    counts: pd.DataFrame

    def __deepcopy__(self, _: object) -> Matches:
        return self

    def table(self, lang: str = "en") -> pd.DataFrame:
        """The sheet of matches: what needs a person first, with an empty column to confirm in."""
        order = {"doubtful": 0, "unmatched": 1, "matched": 2}
        listed = sorted(self.rows.items(), key=lambda item: (order[item[1].status], item[1].entry, str(item[0])))
        said = pd.DataFrame(
            {
                "entry": [match.entry for _, match in listed],
                "status": [STATUSES[match.status] if lang == "zh" else match.status for _, match in listed],
                "target": [match.target for _, match in listed],
                "target_name": [match.shown for _, match in listed],
                "why": [match.reason(lang) for _, match in listed],
                "confirmed": [_as_confirmed(match) for _, match in listed],
            },
            dtype="str",
        )
        counts = self.counts.loc[[row for row, _ in listed]].reset_index(drop=True)
        return pd.concat([said, counts], axis=1)


def _as_confirmed(match: Match) -> str:
    return {"confirmed": match.target, "left_out": "-"}.get(match.why, "")


def match_rows(
    table: pd.DataFrame, places: Sequence[Place], communities: pd.DataFrame, confirmed: Mapping[str, str]
) -> pd.Series:
    """The `Match` of each row of a table with the columns of `WORDS`.

    ``communities`` are indexed by id with ``community`` and, where known, ``alias``, ``township`` and
    ``township_id``. ``confirmed`` maps a row's words to the id that someone confirmed, "" to leave it out.
    """
    finder = Finder(places, communities)
    found = {}
    for row, words in zip(table.index, table[list(WORDS)].to_dict("records"), strict=True):
        match = finder.find({str(key): str(word) for key, word in words.items()})
        found[row] = _confirmed(match, confirmed, finder.shown)
    return _once(pd.Series(found, index=table.index, dtype=object))


class Finder:
    """The names of places, by community."""

    def __init__(self, places: Sequence[Place], communities: pd.DataFrame) -> None:
        self.shown = {place.id: place.shown for place in places}
        self._by_community: dict[str, list[Place]] = {}
        for place in places:
            self._by_community.setdefault(place.community, []).append(place)
        self._all = list(places)
        self._communities = communities
        self._known: dict[tuple[str, str], Match] = {}

    def find(self, words: Mapping[str, str]) -> Match:
        """What a row's words stand for."""
        entry = entry_of(words)
        scope = ""
        if words["community"]:
            home = self.community(words["community"], words["township"])
            if home.status != "matched":
                said, said_zh = {"doubtful": ("doubtful", "存疑"), "unmatched": ("unknown", "未知")}[home.status]
                values = (said, words["community"], said_zh)
                return Match(entry, home.status, why="community", values=values)
            scope = home.target
        named, part = building_name(words["estate"], words["number"], words["name"])
        if not named:
            if words["community"] and not (words["estate"] or words["name"]) and scope in self.shown:
                return replace(self.community(words["community"], words["township"]), entry=entry)
            return Match(entry, "unmatched", why="nothing")
        inside = self._by_community.get(scope, []) if scope else self._all
        return replace(_best(entry, named, inside), part=part)

    def community(self, text: str, township: str = "") -> Match:
        """The community of that id or name, in the township where one is named."""
        key = (text, township)
        if key not in self._known:
            self._known[key] = self._community(text, township)
        return self._known[key]

    def _community(self, text: str, township: str) -> Match:
        table = self._communities
        if text in table.index:
            return Match(text, "matched", text, str(table.loc[text, "community"]), "same")
        if township:
            table = table[_in_township(table, township)]
        wanted = administrative(text)
        same, similar = [], []
        for row in table.itertuples():
            names = [str(row.community), *_aliases(getattr(row, "alias", ""))]
            readings = [administrative(name) for name in names]
            if any(wanted.is_same(reading) for reading in readings):
                same.append(row)
            elif any(likeness(wanted.core, reading.core) >= ALIKE for reading in readings):
                similar.append(row)
        exact = [row for row in same if administrative(str(row.community)).whole == wanted.whole]
        return _settled(text, [(str(row.Index), str(row.community)) for row in exact or same or similar], bool(same))


def entry_of(words: Mapping[str, str]) -> str:
    """A row's words as one text, by which a confirmed match is found again."""
    return " / ".join(words[key] for key in WORDS if words[key])


def _in_township(table: pd.DataFrame, township: str) -> pd.Series:
    wanted = administrative(township)
    named: pd.Series = table["township_id"] == township
    if "township" in table:
        named |= table["township"].map(lambda name: administrative(str(name)).is_same(wanted))
    return named if named.any() else pd.Series(True, table.index)


def _aliases(text: object) -> list[str]:
    return [one for one in str(text or "").replace("；", ";").replace("、", ";").split(";") if one.strip()]


def _settled(text: str, found: Sequence[tuple[str, str]], is_same: bool) -> Match:
    if not found:
        return Match(text, "unmatched", why="nothing")
    if len(found) > 1:
        return Match(text, "doubtful", why="several", values=(preview(f"{i} ({name})" for i, name in found),))
    (target, shown) = found[0]
    if not is_same:
        return Match(text, "doubtful", target, shown, "similar")
    return Match(text, "matched", target, shown, "same" if shown == text else "alike")


def _best(entry: str, named: str, inside: Sequence[Place]) -> Match:
    same = [(place.id, place.shown) for place in inside if named in place.names]
    if same:
        return _settled(entry, same, True)
    scores = [(max((likeness(named, name) for name in place.names), default=0.0), place) for place in inside]
    best = max((score for score, _ in scores), default=0.0)
    near = [(place.id, place.shown) for score, place in scores if score >= ALIKE and score == best]
    return _settled(entry, near, False)


def _confirmed(match: Match, confirmed: Mapping[str, str], shown: Mapping[str, str]) -> Match:
    if match.entry not in confirmed:
        return match
    said = confirmed[match.entry]
    if not said:
        return Match(match.entry, "unmatched", why="left_out")
    target = match.target if said in YES else said
    return Match(match.entry, "matched", target, shown.get(target, ""), "confirmed", part=match.part)


def _once(found: pd.Series) -> pd.Series:
    """Rows that stand for the same place are doubtful, unless they name its stairwells or were confirmed."""
    keys: dict[tuple[str, str], list[object]] = {}
    for row, match in found.items():
        if match.status == "matched" and match.why != "confirmed":
            keys.setdefault((match.target, match.part), []).append(row)
    repeated = {row for rows in keys.values() if len(rows) > 1 for row in rows}
    settled = [
        replace(match, status="doubtful", why="repeated", values=()) if row in repeated else match
        for row, match in found.items()
    ]
    return pd.Series(settled, index=found.index, dtype=object)


def read_confirmed(file: Path, known: Iterable[str], findings: Findings) -> dict[str, str]:
    """What people confirmed (确认) in a sheet of matches: the words of a row -> an id.

    The empty id leaves the row out. A yes stands for the target shown beside it. Ids that are no place of the
    layer are faults.
    """
    source = open_layer(file, _sheet_of(file), path=str(file))
    table = source.table
    columns = {key: next((name for name in names if name in table), "") for key, names in HEADINGS.items()}
    lacking = [f"{HEADINGS[key][0]} ({HEADINGS[key][1]})" for key in ("entry", "confirmed") if not columns[key]]
    if lacking:
        findings.fault(
            f"{file.name} is no sheet of matches: it lacks {', '.join(lacking)}; write one with: "
            "gridopt inspect PROJECT --sheets FILE.xlsx",
            f"{file.name} 不是对应表：缺少列 {'、'.join(lacking)}；"
            "可用 gridopt inspect 项目文件 --sheets 文件.xlsx 生成",
        )
        return {}
    places, said = set(known), {}
    entries, answers = texts(table[columns["entry"]]), texts(table[columns["confirmed"]])
    targets = texts(table[columns["target"]]) if columns["target"] else answers
    ways = answers.groupby(entries.to_numpy()).nunique()
    torn = ways.index[ways > 1]
    if len(torn):
        findings.fault(
            f"{file.name}: {len(torn)} entries stand in several rows that are not confirmed alike: {preview(torn)}; "
            "these rows have the same words, so confirm them alike, or tell them apart in the table of counts",
            f"{file.name}：{len(torn)} 个条目出现在多行，且各行确认不一致：{preview(torn)}；"
            "这些行文字相同，请填写一致，或在户数表中加以区分",
        )
    for entry, answer, target in zip(entries, answers, targets, strict=True):
        if answer:
            lowered = answer.lower()
            said[entry] = "" if lowered in NO else target if lowered in YES and answer not in places else answer
    strange = [f"{entry} ({target})" for entry, target in said.items() if target and target not in places]
    if strange:
        findings.fault(
            f"{file.name}: {len(strange)} rows are confirmed as a place that does not exist: {preview(strange)}; "
            "write its id, yes, or - to leave the row out",
            f"{file.name}：{len(strange)} 行确认的编码不存在：{preview(strange)}；请填写编码、“是”，或填“-”表示不计",
        )
    return said


def _sheet_of(file: Path) -> str | None:
    from gridopt.read.formats import layer_names

    names = layer_names(file)
    return next((name for name in names if name in ("matches", "对应表")), names[0] if len(names) == 1 else None)


def place_names(table: pd.DataFrame, level: str) -> list[frozenset[str]]:
    """The names, made alike, that each building or estate of a layer goes by."""
    named = []
    columns = [
        table[key] if key in table else pd.Series("", table.index) for key in ("estate", "number", "name", "alias")
    ]
    for estate, number, name, alias in zip(*columns, strict=True):
        words = [name, *_aliases(alias)]
        if level == "estates":
            named.append(frozenset(alike(word) for word in words if word))
            continue
        read = {building_name(estate, "", word)[0] for word in words if word} | {alike(word) for word in words if word}
        read |= {building_name(estate, number, "")[0]} if number else set()
        named.append(frozenset(read))
    return named
