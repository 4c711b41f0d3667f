"""The platforms that grids are exported to: their coordinates, what they carry at most, who sees them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import OFFSETS, on_one_side, to_offset
from gridopt.errors import RuleError

MEGABYTE = 10**6


@dataclass(frozen=True)
class Platform:
    """Where an export goes.

    ``coordinates`` is ``"EPSG:4326"``, ``"EPSG:4490"`` or one of `coordinates.OFFSETS`; ``most_bytes`` and
    ``most_grids`` are what one file may hold (0: no limit known); ``is_public`` says that others than the
    office see it; ``has_law`` that maps there fall under the law on surveying; ``shapes_in_csv`` that its
    tables hold the shapes.
    """

    name: str
    coordinates: str = "EPSG:4326"
    most_bytes: int = 0
    most_grids: int = 0
    is_public: bool = True
    has_law: bool = False
    shapes_in_csv: bool = False


_ALL = (
    Platform("amap", "GCJ-02", has_law=True),
    Platform("tencent", "GCJ-02", has_law=True),
    Platform("baidu", "BD-09", has_law=True),
    Platform("tianditu", "EPSG:4490", has_law=True),
    Platform("mapbox", most_bytes=2**30),
    Platform("kepler", most_bytes=250 * MEGABYTE, shapes_in_csv=True),
    Platform("arcgis", most_bytes=10 * MEGABYTE),
    Platform("leaflet", most_bytes=20 * MEGABYTE, most_grids=10_000),
    Platform("wgs84", is_public=False),
    Platform("plain", is_public=False),
)
PLATFORMS: Mapping[str, Platform] = MappingProxyType({one.name: one for one in _ALL})
SYNONYMS: Mapping[str, str] = MappingProxyType({"geojson": "wgs84", "gpkg": "wgs84"})
PLATFORM_NAMES = (*PLATFORMS, *SYNONYMS)


def platform_named(name: str) -> Platform:
    """The platform of that name; `RuleError` lists those there are."""
    key = SYNONYMS.get(name.lower(), name.lower())
    if key in PLATFORMS:
        return PLATFORMS[key]
    near = difflib.get_close_matches(key, PLATFORM_NAMES, 1)
    hint, hint_zh = (f" (did you mean {near[0]}?)", f"（是否为 {near[0]}？）") if near else ("", "")
    raise RuleError(
        f'no platform is called "{name}"{hint}. Choose one of: {", ".join(PLATFORM_NAMES)}.',
        zh=f"没有名为“{name}”的平台{hint_zh}。可选：{'、'.join(PLATFORM_NAMES)}。",
    )


def platform_crs(platform: Platform) -> pyproj.CRS:
    """The CRS that a file for the platform declares.

    GCJ-02 and BD-09 have no code: a CRS of their own name on an unknown datum keeps a GIS from taking
    them for WGS84, half a kilometre off.
    """
    if platform.coordinates not in OFFSETS:
        return pyproj.CRS.from_user_input(platform.coordinates)
    name = platform.coordinates
    return pyproj.CRS.from_wkt(
        f'GEOGCRS["{name}",DATUM["{name} (shifted degrees)",ELLIPSOID["WGS 84",6378137,298.257223563]],'
        'CS[ellipsoidal,2],AXIS["latitude",north],AXIS["longitude",east],ANGLEUNIT["degree",0.0174532925199433]]'
    )


def platform_degrees(platform: Platform, shapes: NDArray[np.object_], crs: pyproj.CRS) -> NDArray[np.object_]:
    """Shapes of a metric CRS in the platform's degrees, longitude first; equal vertices stay equal."""
    is_offset = platform.coordinates in OFFSETS
    target = "EPSG:4326" if is_offset else platform.coordinates
    transform = _transformer(crs, target)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transform.transform(points[:, 0], points[:, 1])
        return on_one_side(np.column_stack(to_offset(platform.coordinates, x, y) if is_offset else (x, y)))

    return np.asarray(shapely.transform(shapely.force_2d(shapes), moved), dtype=object)


@cache
def _transformer(crs: pyproj.CRS, target: str) -> pyproj.Transformer:
    """The way from one CRS to another, which PROJ takes long to find."""
    return pyproj.Transformer.from_crs(crs, target, always_xy=True)
