"""What the verifier finds: one row a fault, naming rule, layer and ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from gridopt.errors import preview

COLUMNS = ["rule", "layer", "ids", "message"]
_MOST_IDS = 50


@dataclass(frozen=True)
class Fault:
    """One broken rule. ``layer`` is a layer of ``plan.gpkg`` or the name of another file."""

    rule: str
    layer: str
    ids: tuple[str, ...]
    message: str
    zh: str

    @property
    def file(self) -> str:
        return self.layer if "." in self.layer else "plan.gpkg"

    def hinted(self, hint: str, zh: str) -> Fault:
        """The same fault with a further sentence."""
        return dataclasses.replace(self, message=f"{self.message} ({hint})", zh=f"{self.zh}({zh})")


def fault(where: tuple[str, str], ids: Iterable[object], message: str, zh: str) -> Fault:
    """A fault of a (rule, layer). The first ids follow both messages; ``{n}`` in the Chinese is their number."""
    listed = tuple(str(one) for one in ids)
    tail, tail_zh = (f" ({len(listed)}): {preview(listed)}", f": {preview(listed)}") if listed else ("", "")
    return Fault(*where, listed, message + tail, zh.format(n=len(listed)) + tail_zh)


def found(where: tuple[str, str], ids: Sequence[object] | pd.Index, message: str, zh: str) -> list[Fault]:
    """One fault where there are ids, none where there are not."""
    return [fault(where, ids, message, zh)] if len(ids) else []


def as_table(faults: Iterable[Fault], lang: str) -> pd.DataFrame:
    """Faults as rows, in the order found."""
    rows = [
        (one.rule, one.layer, ";".join(one.ids[:_MOST_IDS]), one.zh if lang == "zh" else one.message) for one in faults
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype("str")
