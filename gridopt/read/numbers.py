"""House and building numbers: read as people write them, folded into ranges and unfolded again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LABEL = r"[A-Za-z]?\d+[A-Za-z]?(?:之\d+)*"
SUFFIXES = ("号楼", "幢", "栋", "棟", "座", "号", "號", "#楼", "#", "楼")
LONGEST_RANGE = 50
"""Numbers that "1-50幢" may stand for; a longer span is no range but one compound number."""

_WRITTEN = re.compile(
    r"(?P<head>.*?)(?P<labels>[A-Za-z]?\d+[A-Za-z]?(?:[-、][A-Za-z]?\d+[A-Za-z]?)*)"
    rf"(?P<suffix>{'|'.join(SUFFIXES)})?"
)
_DASHES = re.compile(r"\s*[-–—―~〜至之]\s*(?=[A-Za-z]?\d)")
_COMMAS = re.compile(r"\s*[,/&和及]\s*(?=[A-Za-z]?\d)")
LETTERED = re.compile(r"(?<![A-Za-z\d])([A-Za-z])-(?=\d)")
_LEADS = re.compile(r"(?:第|#|No\.?|NO\.?|Building|Bldg\.?|Block)$")
STANDARD = {"#": "号楼", "#楼": "号楼", "棟": "栋", "號": "号"}
_FIRST = re.compile(r"\d+")
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True)
class HouseNumber:
    """One building's number as read: what stands before it, its labels, and its measure word.

    ``labels`` has several entries where one building holds several numbers ("12-15幢"). A compound
    number ("12-1") is one label, written 12之1.
    """

    head: str
    labels: tuple[str, ...]
    suffix: str


def read_number(written: str) -> HouseNumber | None:
    """Read "12", "12幢", "金狮小区12幢", "人民路12-1号"; None where the text ends in no number.

    Full-width digits are folded, leading zeros dropped.
    """
    text = unicodedata.normalize("NFKC", written).strip()
    text = _COMMAS.sub("、", _DASHES.sub("-", text))
    text = LETTERED.sub(r"\1", text)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    suffix = found["suffix"] or ""
    head = _LEADS.sub("", found["head"].strip()).strip()
    labels = [label for part in found["labels"].split("、") for label in _spread(part)]
    return HouseNumber(head, tuple(dict.fromkeys(labels)), STANDARD.get(suffix, suffix))


def fold(labels: Iterable[str], *, step: int = 1, separator: str = "、") -> str:
    """Labels as text, three or more in a row as a range: 1, 2, 3, 5 is "1-3、5".

    ``step=2`` folds one side of a street: 12, 14, 16 is "12-16". Labels hold no dash, comma or blank;
    they come out in natural order, each once.
    """
    ordered = natural(labels)
    plain = [int(label) for label in ordered if _is_plain(label)]
    words = {str(first) if first == last else f"{first}-{last}": first for first, last in _runs(plain, step)}
    others = [label for label in ordered if not _is_plain(label)]
    return separator.join(sorted([*words, *others], key=_natural_key))


def unfold(text: str, *, step: int = 1) -> tuple[str, ...]:
    """The labels that `fold` made this text of, with the same ``step``."""
    labels: list[str] = []
    for word in re.split(r"[、,]\s*", text) if text else []:
        span = _RANGE.fullmatch(word)
        labels += [str(n) for n in range(int(span[1]), int(span[2]) + 1, step)] if span else [word]
    return natural(labels)


def natural(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once, by number and then by text: 2, 10, 10A."""
    return tuple(sorted(set(labels), key=_natural_key))


def is_even(label: str) -> bool:
    """Whether the first number in a label is even: the side of the street it stands on."""
    found = _FIRST.search(label)
    return found is not None and int(found[0]) % 2 == 0


def _spread(part: str) -> list[str]:
    """The labels of one entry: a rising pair of plain numbers is a range, anything else one number."""
    numbers = [_without_zeros(label) for label in part.split("-")]
    if len(numbers) == 2 and all(_is_plain(number) for number in numbers):
        first, last = int(numbers[0]), int(numbers[1])
        if first < last <= first + LONGEST_RANGE:
            return [str(n) for n in range(first, last + 1)]
    return ["之".join(numbers)]


def _runs(numbers: list[int], step: int) -> list[tuple[int, int]]:
    """(first, last) of every run of at least three, and each other number by itself; numbers ascend."""
    runs: dict[int, list[int]] = {}
    for number in numbers:
        run = runs.pop(number - step, [])
        runs[number] = [*run[:1], number]
    lengths = {last: (last - run[0]) // step + 1 for last, run in runs.items()}
    return [
        pair
        for last, run in runs.items()
        for pair in ([(run[0], last)] if lengths[last] > 2 else [(number, number) for number in run])
    ]


def _is_plain(label: str) -> bool:
    return label.isascii() and label.isdigit() and (label == "0" or label[0] != "0")


def _without_zeros(label: str) -> str:
    return (label.lstrip("0") or "0") if label.isdigit() else label


def _natural_key(label: str) -> tuple[int, str]:
    found = _FIRST.search(label)
    return (int(found[0]) if found else 0, label)
