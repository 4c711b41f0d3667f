"""Descriptions of grids by streets and estates, read by a stated grammar.

Grids often exist only as sentences in a spreadsheet. Letters, digits and marks may be full-width::

    description = phrase ((";" | "。" | line break) phrase)*
    phrase      = ["含" | "包括" ...] item (("、" | "," | "和" | "及") item)*
    item        = [place] number ["-" number] [measure] [side]     金狮小区1-8、10幢; 人民路12-36号双号
                | place side                                       人民路单号
                | place ["全部"]                                    银河花园: all its buildings
                | place "(除" number ("、" number)* [measure] "外)"  all but these
    number      = [letter] digits [letter] ("之" digits)*           12, A3, 10A, 12之1
    measure     = "幢" | "栋" | "座" | "号楼" | "#" | "号" ...
    side        = "单号" | "双号" | "(单)" | "(双)" | "(odd)" | "(even)"

An item without a place belongs to the place before it; a measure word or side behind a list holds for the whole
list. "12-1" is one number, since it does not rise. A range of one side holds every second number. Sentences of the
four bounds (东至…) name no building and are passed over; what says "部分", "等5幢" or "未编号" tells of buildings
without naming them, and is doubtful.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from gridopt.read.numbers import LABEL, LETTERED, STANDARD, SUFFIXES

_DASHES = re.compile(r"(?<=[\dA-Za-z幢栋座号楼#])\s*(?:[-–—―~〜至到])\s*(?=[A-Za-z]?\d)")
_PHRASES = re.compile(r"[;。\n\r]+")
_ITEMS = re.compile(r"[、,&/](?![^(]*\))|(?<=[\d幢栋座号楼#])\s*[和及与]\s*")
_LEAD = re.compile(r"^(?:其中)?(?:包括|包含|下辖|管辖|范围为?|含|辖|以及|及)[::]?")
_SIDE = r"\(?(?P<side>单号?|双号?|奇数号?|偶数号?|odd|even)(?:一?侧)?\)?"
_NUMBERS = re.compile(
    rf"(?P<head>.*?)(?P<first>{LABEL})(?:(?:(?:{'|'.join(SUFFIXES)})?-)(?P<last>{LABEL}))?"
    rf"(?P<suffix>{'|'.join(SUFFIXES)})?\s*(?:{_SIDE})?"
)
_ONE_SIDE = re.compile(rf"(?P<head>.+?){_SIDE}")
_EXCEPT = re.compile(r"(?P<head>.+?)\((?:除|不含|不包括)(?P<numbers>.+?)(?:以外|之外|外)?\)")
_ALL = re.compile(r"(?:全部|全体|所有楼栋|所有|整个小区)$")
_BOUNDS = re.compile(r"^(?:四至|[东南西北东]{1,2}(?:面|侧|边)?(?:至|到|临|靠|以)|(?:north|south|east|west)\b)", re.I)
_VAGUE = re.compile(
    r"\((?:部分|part)\)$|未编号建筑\d+幢$|等\d+[幢栋个]$|buildings without number: \d+$|in all$|^划分单元|^unit ", re.I
)
_LEADS = re.compile(r"(?:第|#|No\.?|NO\.?)$")


@dataclass(frozen=True)
class Item:
    """One thing that a description names: numbers of a place, one side of it, or all of it.

    ``kind`` is "numbers", "side", "whole", "bounds" or "vague". ``first`` and ``last`` are the ends of a range (alike
    for one number), ``side`` is "odd", "even" or "", ``but`` the numbers left out of a whole. ``text`` is as written.
    """

    kind: str
    text: str
    place: str = ""
    first: str = ""
    last: str = ""
    suffix: str = ""
    side: str = ""
    but: tuple[Item, ...] = ()

    def holds(self, label: str) -> bool:
        """Whether a number is named itself, or lies in the range by its leading number."""
        if label in (self.first, self.last):
            return True
        number, ends = _leading(label), (_leading(self.first), _leading(self.last))
        if self.first == self.last or None in (number, *ends):
            return False
        return ends[0] <= number <= ends[1] and self.on_side(number)  # type: ignore[operator, arg-type]

    def on_side(self, number: int) -> bool:
        """Whether a number stands on the side of the street that is meant."""
        return not self.side or (number % 2 == 0) == (self.side == "even")


def read_description(text: str) -> tuple[Item, ...]:
    """Everything that one description names, in order; see the head of this module for the grammar."""
    plain = unicodedata.normalize("NFKC", text)
    items: list[Item] = []
    for phrase in _PHRASES.split(plain):
        place, listed = "", []
        for written in _ITEMS.split(_joined(phrase)):
            item = _item(written.strip(), place)
            if item is not None:
                place = item.place or place
                listed.append(item)
        items += _spread_back(listed)
    return tuple(items)


def _joined(phrase: str) -> str:
    """A phrase without its leading words, with one dash in every range and none in A-3."""
    return LETTERED.sub(r"\1", _DASHES.sub("-", _LEAD.sub("", phrase.strip())))


def _item(written: str, place: str) -> Item | None:
    """One item; ``place`` is the one before it, for numbers that come without."""
    if not written:
        return None
    if _BOUNDS.search(written) or _VAGUE.search(written):
        return Item("bounds" if _BOUNDS.search(written) else "vague", written)
    found = _EXCEPT.fullmatch(written)
    if found is not None:
        but = tuple(one for one in read_description(found["numbers"]) if one.kind == "numbers")
        return Item("whole", written, found["head"].strip(), but=but)
    found = _NUMBERS.fullmatch(written)
    if found is not None:
        return _range(found, written, place)
    found = _ONE_SIDE.fullmatch(written)
    if found is not None:
        return Item("side", written, found["head"].strip(), side=_side(found["side"]))
    return Item("whole", written, _ALL.sub("", written).strip())


def _range(found: re.Match[str], written: str, place: str) -> Item:
    first, last = _bare(found["first"]), _bare(found["last"] or found["first"])
    if found["last"] and not _rises(first, last):
        first = last = f"{first}之{last}"
    head = _LEADS.sub("", found["head"].strip()).strip()
    suffix = found["suffix"] or ""
    side = _side(found["side"] or "")
    return Item("numbers", written, head or place, first, last, STANDARD.get(suffix, suffix), side)


def _spread_back(items: list[Item]) -> list[Item]:
    """A measure word or side behind a list given to the numbers of the same place before it."""
    spread: list[Item] = []
    suffix, side, place = "", "", ""
    for item in reversed(items):
        if item.kind != "numbers" or item.place != place:
            suffix, side, place = "", "", item.place
        suffix, side = item.suffix or suffix, item.side or side
        spread.append(replace(item, suffix=suffix, side=side) if item.kind == "numbers" else item)
    return spread[::-1]


def _side(word: str) -> str:
    if not word:
        return ""
    return "odd" if word[0] in "单奇o" else "even"


def _bare(label: str) -> str:
    return (label.lstrip("0") or "0") if label.isdigit() else label


def _rises(first: str, last: str) -> bool:
    one, other = _leading(first), _leading(last)
    return one is not None and other is not None and one < other


def _leading(label: str) -> int | None:
    """The number that a label begins with, behind its letter."""
    found = re.match(r"[A-Za-z]?(\d+)", label)
    return int(found[1]) if found else None
