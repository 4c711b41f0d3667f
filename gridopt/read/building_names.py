"""What each building is called: its estate or street, its number, or only a name."""

from __future__ import annotations

import re

import pandas as pd

from gridopt.read.numbers import HouseNumber, read_number

COMMA = "\N{FULLWIDTH COMMA}"
SEMICOLON = "\N{FULLWIDTH SEMICOLON}"

Place = tuple[str, str, tuple[str, ...], str, str]

_STREET = re.compile(r".*(?:[路街巷弄道里段]|胡同|Road|Rd\.?|Street|St\.?|Lane|Avenue|Ave\.?)")


def places(buildings: pd.DataFrame) -> pd.DataFrame:
    """Columns ``estate, place, labels, suffix, name`` on the buildings' index.

    ``place`` is the estate, street or other name that the number belongs to ("" for none), ``labels`` a
    tuple of numbers (empty for none) with their measure word ``suffix``, ``name`` the name of a building
    that has no number. Read from ``estate``, ``number`` and ``name``, in this order of trust.
    """
    estates, names = (_cleaned(buildings, column) for column in ("estate", "name"))
    written = buildings["number"].tolist() if "number" in buildings else [""] * len(buildings)
    numbers = {text: read_number(text) for text in dict.fromkeys(written)}
    keys = list(zip(estates, names, written, strict=True))
    known = {key: _place(key[0], key[1], numbers[key[2]]) for key in dict.fromkeys(keys)}
    rows = [known[key] for key in keys]
    return pd.DataFrame(rows, columns=["estate", "place", "labels", "suffix", "name"], index=buildings.index)


def is_street(name: str) -> bool:
    """Whether a name is that of a street."""
    return _STREET.fullmatch(name) is not None


def clean(name: str) -> str:
    """A name without the marks that part one phrase of a scope from the next."""
    return re.sub(rf"\s*[;{SEMICOLON}\n]\s*", ",", name).strip()


def _cleaned(buildings: pd.DataFrame, column: str) -> list[str]:
    texts = buildings[column].tolist()
    known = {text: clean(text) for text in dict.fromkeys(texts)}
    return [known[text] for text in texts]


def _place(estate: str, name: str, house: HouseNumber | None) -> Place:
    if house is not None:
        named = _in_name(name)
        return estate, estate or house.head or (named.head if named else name), house.labels, house.suffix, ""
    house = _in_name(name)
    if house is not None:
        return estate, estate or house.head, house.labels, house.suffix, ""
    return estate, estate, (), "", name


def _in_name(name: str) -> HouseNumber | None:
    """The number in a name; one behind other words needs its measure word (a "Plaza 2000" has no number)."""
    house = read_number(name)
    return None if house is None or (house.head and not house.suffix) else house
