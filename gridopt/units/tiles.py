"""Land tiled by units: its communities cut into blocks and cells, some at a time, side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.units.blocks import Blocks, Cuts, make_blocks, matched
from gridopt.units.cells import Carriers, cut_dense
from gridopt.units.edges import Floats, Integers
from gridopt.units.found import Found
from gridopt.units.nearest import Shapes, canonical
from gridopt.workers import side_by_side

AT_ONCE = 5_000
"""Footprints from which the next communities are worked on by themselves; not by how many processes there are, so
that rounding is the same for any number of them."""


def tiled(
    city: City, land: Shapes, places: Shapes, carriers: Carriers, limits: Floats, *, workers: int | None = 1
) -> Blocks:
    """The units of all communities as one clean coverage in canonical order.

    ``land`` (n,) are the communities sorted by id, ``places`` the footprints, ``carriers`` what stands for their
    people, ``limits`` (n,) the largest size of a unit in each community. ``workers`` processes cut some
    communities each.
    """
    cuts, built, held = Cuts.of(city), Found.of(places), Found.of(carriers.shapes)

    def units_of(part: slice) -> tuple[NDArray[np.object_], Integers]:
        own = land[part]
        blocks = make_blocks(cuts, own, built.meeting(own))
        blocks = cut_dense(blocks, carriers.take(held.places(own)), limits[part][blocks.communities])
        return shapely.to_wkb(blocks.shapes), blocks.communities + part.start

    answers = list(side_by_side(units_of, _parts(land, built), workers=workers))
    shapes = shapely.from_wkb(np.concatenate([shapes for shapes, _ in answers]))
    clean, _ = matched(Blocks(shapes, np.concatenate([communities for _, communities in answers])))
    # Two pieces taken for neighbours along a hair's breadth do not dissolve into one: each is its own unit.
    polygons, place = shapely.get_parts(clean.shapes, return_index=True)
    order = canonical(polygons)
    return Blocks(polygons[order], clean.communities[place[order]])


def _parts(land: Shapes, built: Found) -> list[slice]:
    """Runs of communities that have about `AT_ONCE` footprints together, and at least one."""
    counts = np.bincount(built.tree.query(land)[0], minlength=len(land))
    run = np.cumsum(counts) // AT_ONCE
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    return [slice(first, last) for first, last in pairwise([*starts.tolist(), len(land)])]
