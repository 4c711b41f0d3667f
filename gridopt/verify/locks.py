"""Is every locked grid one grid, with nothing else in it?"""

from __future__ import annotations

from collections.abc import Iterator

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored
from gridopt.verify.limits import declared


def locked(stored: Stored) -> Iterator[Fault]:
    """The units that share a ``locked_grid`` in a community are one grid, or violations say that they are not."""
    units = once(stored.layers["units"])
    known = declared(stored.layers["violations"], lambda rule: rule == "decisions")
    held = units[units["locked_grid"] != ""]
    grids = held.groupby(["community_id", "locked_grid"])["grid_code"]
    torn = sorted({code for codes in grids.unique() if len(codes) > 1 for code in codes} - known)
    yield from found(
        ("locked", "units"), torn, "grids hold parts of a grid that is locked whole", "{n} 个网格拆分了已锁定的网格"
    )
    names = units[units["grid_code"].isin(list(held["grid_code"]))].groupby("grid_code")["locked_grid"].nunique()
    mixed = sorted(set(names.index[names > 1]) - known)
    yield from found(
        ("locked", "grids"), mixed, "locked grids hold other units as well", "{n} 个已锁定的网格混入了其他划分单元"
    )
