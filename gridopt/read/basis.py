"""What counts stand for: their basis (registered, resident, dwellings, occupied), their date, occupancy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from gridopt.errors import RuleError
from gridopt.read.findings import Findings
from gridopt.read.rule_tables import read_date
from gridopt.read.synonyms import plain_name
from gridopt.terms import label

BASES: Mapping[str, str] = {
    "registered": "户籍 戶籍 在册",
    "resident": "常住 实有 实住",
    "dwellings": "套数 住宅套数 套數",
    "occupied": "入住 已入住 实住户",
}
"""Basis -> the words that a project file or a column's name says it with."""

COUNTS = ("households", "residents")
LAYERS = ("communities", "population", "units", "buildings")


@dataclass(frozen=True)
class Counting:
    """What a project file declares of a layer's counts.

    ``bases`` maps a count to its basis; ``as_of`` is the date they stand for; ``occupancy`` the share of
    dwellings that are lived in, by which households follow where only dwellings are known.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    as_of: str | None = None
    occupancy: float | None = None

    def plain(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"bases": dict(self.bases), "as_of": self.as_of, "occupancy": self.occupancy}


def read_counting(table: Mapping[str, Any], where: str) -> Counting:
    """The keys ``basis``, ``as_of`` and ``occupancy`` of a layer.

    ``basis`` is one word for all counts, or a table of them: ``{ households = "registered", residents = "resident" }``.

    Raises:
        RuleError: an unknown basis, a date that is none, an occupancy beyond 0-1.
    """
    given = table.get("basis", {})
    named = dict.fromkeys(COUNTS, given) if isinstance(given, str) else given
    if not isinstance(named, Mapping) or set(named) - set(COUNTS):
        raise RuleError(
            f'{where} basis is one word, or one for each count: basis = {{ households = "registered", '
            'residents = "resident" }.',
            zh=f'{where} basis 应为一个词，或逐项写明：basis = {{ households = "户籍", residents = "常住" }}。',
        )
    bases = {count: _basis(word, where) for count, word in named.items()}
    as_of = read_date(table.get("as_of"), f"{where} as_of")
    return Counting(MappingProxyType(bases), as_of, _share(table.get("occupancy"), where))


def basis_of_column(column: str) -> str:
    """The basis that a column's name tells ("户籍人口"), "" where it tells none."""
    plain = plain_name(column)
    return next((basis for basis, words in BASES.items() if any(word in plain for word in words.split())), "")


def stated_counts(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Each layer's counts: ``measure, layer, basis, as_of, total, ratio`` (of the total to the measure's first).

    The basis is the declared one, else the one that the column's name tells, else "".
    """
    rows = []
    for layer in LAYERS:
        table = tables.get(layer)
        source: Mapping[str, Any] = {} if table is None else table.attrs.get("source", {})
        counting, columns = source.get("counting", {}), source.get("columns", {})
        for measure in COUNTS:
            if table is None or measure not in table or table[measure].isna().all():
                continue
            column = str(columns.get(measure, ""))
            basis = counting.get("bases", {}).get(measure) or basis_of_column(column)
            if not column and counting.get("occupancy"):
                basis = "occupied"
            total = float(table[measure].sum())
            rows.append((measure, layer, basis, counting.get("as_of") or "", total))
    named = pd.DataFrame(rows, columns=["measure", "layer", "basis", "as_of", "total"])
    first = named.groupby("measure")["total"].transform("first")
    return named.assign(ratio=named["total"] / first.where(first > 0)).sort_values("measure", kind="stable")


def note_mixed_bases(tables: Mapping[str, pd.DataFrame], findings: Findings) -> None:
    """Put it on record where counts of several bases or dates meet, with their ratio."""
    counts = stated_counts(tables)
    for measure, rows in counts.groupby("measure", sort=True):
        (layer, basis, as_of), *others = zip(rows["layer"], rows["basis"], rows["as_of"], strict=True)
        for (other, own, date), ratio in zip(others, rows["ratio"][1:], strict=True):
            if _differ(basis, own) or _differ(as_of, date):
                said = f"{layer} ({_called(basis, as_of)})", f"{other} ({_called(own, date)})"
                said_zh = (
                    f"{label(f'layer.{layer}')}（{_called(_zh(basis), as_of)}）",
                    f"{label(f'layer.{other}')}（{_called(_zh(own), date)}）",
                )
                findings.repair("mixed_bases", n=1, values=[measure, *said, ratio, label(str(measure)), *said_zh])
    for layer, rows in counts.groupby("layer", sort=True):
        bases = rows.set_index("measure")["basis"]
        if len(bases) > 1 and _differ(bases["households"], bases["residents"]):
            totals = rows.set_index("measure")["total"]
            share = totals["residents"] / totals["households"] if totals["households"] else float("nan")
            own = (str(bases["households"]), str(bases["residents"]))
            findings.repair("mixed_counts", n=1, values=[layer, *own, share, *map(_zh, own)])


def _zh(basis: str) -> str:
    return BASES[basis].split()[0] if basis in BASES else basis


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _called(basis: str, as_of: str) -> str:
    return ", ".join(word for word in (basis, as_of) if word) or "?"


def _basis(word: object, where: str) -> str:
    for basis, words in BASES.items():
        if word == basis or word in words.split():
            return basis
    raise RuleError(
        f'{where} basis = "{word}" is not known; choose {", ".join(BASES)}.',
        zh=f"{where} basis = “{word}” 不可用，请选：户籍（registered）、常住（resident）、套数（dwellings）、"
        "入住（occupied）。",
    )


def _share(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise RuleError(
            f"{where} occupancy must be a share above 0, at most 1, not {value!r}. Write it like occupancy = 0.85.",
            zh=f"{where} occupancy 应为大于 0、不超过 1 的入住率，而不是 {value!r}。请写成 occupancy = 0.85。",
        )
    return float(value)
