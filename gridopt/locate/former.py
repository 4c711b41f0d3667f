"""Communities by what another register or an earlier edition called them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from gridopt.coding.crosswalk import FOLLOWED, checked_crosswalk
from gridopt.read.names import administrative


@dataclass(frozen=True)
class Former:
    """A community of the plan and the words that lead to it from what it was called: ``"old → new (why)"``."""

    community: str
    words: str


class FormerNames:
    """Codes and names of other registers and editions, each with the communities that they lead to."""

    def __init__(self, crosswalk: Mapping[str, str] | pd.DataFrame | None) -> None:
        self._by_code: dict[str, list[Former]] = {}
        self._by_core: dict[str, list[tuple[str, Former]]] = {}
        if isinstance(crosswalk, pd.DataFrame):
            self._read(checked_crosswalk(crosswalk))
        else:
            for old, new in (crosswalk or {}).items():
                self._by_code[str(old)] = [Former(str(new), f"{old} → {new}")]

    def _read(self, table: pd.DataFrame) -> None:
        lowest = table[(table["level"] == "village") & table["change"].isin(FOLLOWED)]
        columns = ["old_code", "new_code", "old_name", "new_name", "why"]
        for old, new, name, today, why in lowest[columns].itertuples(index=False):
            self._by_code.setdefault(old, []).append(Former(new, f"{old} → {new} ({why})"))
            reading = administrative(name)
            if reading.core != administrative(today).core:
                row = (name, Former(new, f"{name} → {today} ({why})"))
                self._by_core.setdefault(reading.core, []).append(row)

    def by_code(self, code: str, known: Collection[str]) -> list[Former]:
        """The communities of those ``known`` that a code leads to."""
        return [one for one in self._by_code.get(code, []) if one.community in known]

    def by_name(self, name: str, known: Collection[str]) -> list[Former]:
        """The communities of those ``known`` that were once called so."""
        reading = administrative(name)
        held = self._by_core.get(reading.core, [])
        return [one for old, one in held if administrative(old).is_same(reading) and one.community in known]
