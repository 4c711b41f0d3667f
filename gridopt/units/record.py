"""Rows of the repairs table: what was mended in the given layers, said in the user's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Repair = dict[str, Any]

MOST_IDS = 50


@dataclass
class Record:
    """Gathers repairs while units are made, in the language of the city's settings."""

    lang: str = "en"
    rows: list[Repair] = field(default_factory=list)

    def add(self, layer: str, fault: tuple[str, str], *, ids: Iterable[object] = (), **facts: Any) -> None:
        """One row. ``fault`` and ``action`` are (English, Chinese); ``n`` is the number of ids where not given."""
        named = list(ids)
        action = facts.get("action", ("", ""))
        chosen = 1 if self.lang == "zh" else 0
        self.rows.append(
            {
                "layer": layer,
                "fault": fault[chosen],
                "ids": joined(named),
                "n": int(facts.get("n", len(named))),
                "action": action[chosen],
                "area_before": float(facts.get("area_before", float("nan"))),
                "area_after": float(facts.get("area_after", float("nan"))),
            }
        )


def joined(ids: Iterable[object]) -> str:
    """The first ids in text order, as one text."""
    return ";".join(sorted(str(one) for one in ids)[:MOST_IDS])
