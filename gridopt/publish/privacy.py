"""Counts for the public: small ones blanked, together with what would give them away.

Cell suppression over the tree of places (Willenborg and de Waal 2001): a count from 1 up to the threshold is
blanked; so are further counts until nobody who also knows every published total can work a blanked one out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

THRESHOLD = 10
"""Households or people below which a count is not published, unless 0; confirm locally."""

COUNTS = ("households", "residents")
DERIVED = ("workload", "deviation", "unmet")
"""What is computed from the counts, and is blanked where they are."""

LEVELS = ("community", "township", "county", "city")


@dataclass(frozen=True)
class Suppression:
    """Which grids get no counts, and which totals may not be published beside the rest.

    ``grids`` is one flag a grid, in row order. ``totals`` has the columns ``level, place_id``. Small counts are
    not told from those blanked to cover them: who knew which is which could narrow them down.
    """

    grids: NDArray[np.bool_]
    totals: pd.DataFrame


def suppress(table: pd.DataFrame, *, threshold: float = THRESHOLD) -> Suppression:
    """Choose what is blanked in a table of grids with ``grid_code``, the `COUNTS` and the ids of its places.

    A grid with a small count loses both counts, since one tells of the other. Its community's total stands
    only where at least two grids of it are blanked that together have ``threshold`` or more of each count;
    the least further grids are added. Where even all of them do not reach that, the total is withheld and
    the next place up must cover it: by a place whose own total is then withheld too. The answer does not
    depend on the order of rows.
    """
    ordered = table.reset_index(drop=True).sort_values("grid_code", kind="stable")
    return _Cover(ordered, threshold).suppression(len(table))


class _Cover:
    """Places covered one by one from the communities up: a blanked grid counts for the lowest total still published."""

    def __init__(self, table: pd.DataFrame, threshold: float) -> None:
        self.rows = table.index.to_numpy()
        self.counts = np.nan_to_num(table[list(COUNTS)].to_numpy(float))
        self.places = {
            level: table[f"{level}_id"].astype(str).to_numpy() if level != "city" else np.full(len(table), "")
            for level in LEVELS
        }
        self.threshold = threshold
        self.is_blank = ((self.counts > 0) & (self.counts < threshold)).any(axis=1)
        self.is_withheld = np.zeros((len(table), len(LEVELS)), bool)
        total = self.counts.sum(axis=1)
        self.order = np.lexsort((np.arange(len(total)), total, total == 0))

    def suppression(self, n: int) -> Suppression:
        for depth, level in enumerate(LEVELS):
            for place in sorted(set(self.places[level][self._in_doubt(depth)])):
                self._cover(depth, self.places[level] == place)
        grids = np.zeros(n, bool)
        grids[self.rows] = self.is_blank
        rows = [
            (level, place)
            for depth, level in enumerate(LEVELS)
            for place in sorted(set(self.places[level][self.is_withheld[:, depth]]))
        ]
        return Suppression(grids, pd.DataFrame(rows, columns=["level", "place_id"]).astype("str"))

    def _in_doubt(self, depth: int) -> NDArray[np.bool_]:
        """Blanked grids whose places below a level all have their totals withheld: that level's total tells of them."""
        in_doubt: NDArray[np.bool_] = self.is_blank & self.is_withheld[:, :depth].all(axis=1)
        return in_doubt

    def _cover(self, depth: int, here: NDArray[np.bool_]) -> None:
        """Blank more of a place, so that its total may be published; else withhold that."""
        while not self._is_covered(here & self._in_doubt(depth)):
            more = self._next(here, depth)
            if more is None:
                self.is_withheld[here, depth] = True
                return
            self.is_blank[more] = True
            for below, level in enumerate(LEVELS[:depth]):
                self.is_withheld[self.places[level] == self.places[level][more], below] = True

    def _is_covered(self, group: NDArray[np.bool_]) -> bool:
        sums = self.counts[group].sum(axis=0)
        enough = np.minimum(self.threshold, self.counts.sum(axis=0))
        return bool(group.sum() >= 2 and (sums >= enough).all())

    def _next(self, here: NDArray[np.bool_], depth: int) -> int | None:
        """The grid to add: one that is blank already and covered further down, else the smallest that counts."""
        elsewhere = here & self.is_blank & ~self._in_doubt(depth)
        candidates = elsewhere if elsewhere.any() else here & ~self.is_blank
        return next((int(grid) for grid in self.order if candidates[grid]), None)


def blanked(table: pd.DataFrame, flags: NDArray[np.bool_]) -> pd.DataFrame:
    """The table with the counts of flagged grids, and all that is computed from them, null; no row goes."""
    named = [name for name in (*COUNTS, *DERIVED) if name in table]
    return table.assign(**{name: table[name].astype(object).where(~flags, None) for name in named})


def withheld(table: pd.DataFrame, suppression: Suppression, columns: Iterable[str]) -> pd.DataFrame:
    """The list of what is not published: ``level, place_id, columns``, grids first."""
    said = ";".join(name for name in (*COUNTS, *DERIVED) if name in set(columns))
    codes: Sequence[str] = sorted(table["grid_code"].to_numpy()[suppression.grids])
    grids = pd.DataFrame({"level": "grid", "place_id": list(codes)}).astype("str")
    return pd.concat([grids, suppression.totals], ignore_index=True).assign(columns=said)
