"""Shapes that are looked for by where they lie, again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Found:
    """Shapes and a tree of their boxes, built once for all who look for some of them."""

    shapes: Shapes
    tree: shapely.STRtree

    @classmethod
    def of(cls, shapes: Shapes) -> Found:
        return cls(shapes, shapely.STRtree(shapes))

    def places(self, areas: Shapes) -> Integers:
        """Positions of the shapes that meet one of the areas, ascending."""
        return np.unique(self.tree.query(areas, predicate="intersects")[1]).astype(np.int64)

    def meeting(self, areas: Shapes) -> Shapes:
        """The shapes that meet one of the areas, in their order."""
        return self.shapes[self.places(areas)]
