"""Which CRS a layer without one may be in: those that put it where the city is, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import CHINA

MOST = 3
"""Candidates that are proposed."""

MOST_DRAWN = 400
"""Shapes of a layer that are drawn in each candidate's place."""

_CORNERS = 5
"""Points a side on which a bounding box is moved from CRS to CRS."""

CAPITALS = {
    "北京": (116.41, 39.90), "天津": (117.20, 39.13), "石家庄": (114.51, 38.04), "太原": (112.55, 37.87),
    "呼和浩特": (111.75, 40.84), "沈阳": (123.43, 41.81), "长春": (125.32, 43.82), "哈尔滨": (126.54, 45.80),
    "上海": (121.47, 31.23), "南京": (118.80, 32.06), "杭州": (120.16, 30.25), "合肥": (117.23, 31.82),
    "福州": (119.30, 26.07), "南昌": (115.86, 28.68), "济南": (117.12, 36.65), "郑州": (113.62, 34.75),
    "武汉": (114.30, 30.59), "长沙": (112.94, 28.23), "广州": (113.26, 23.13), "南宁": (108.37, 22.82),
    "海口": (110.20, 20.04), "重庆": (106.55, 29.56), "成都": (104.07, 30.57), "贵阳": (106.63, 26.65),
    "昆明": (102.83, 24.88), "拉萨": (91.14, 29.65), "西安": (108.94, 34.34), "兰州": (103.83, 36.06),
    "西宁": (101.78, 36.62), "银川": (106.23, 38.49), "乌鲁木齐": (87.62, 43.83), "台北": (121.56, 25.04),
    "香港": (114.17, 22.32), "澳门": (113.54, 22.20),
}  # fmt: skip
"""Provincial capitals, longitude and latitude: by them a planner knows a place."""


@dataclass(frozen=True)
class Candidate:
    """A CRS that may be the layer's: what to write, its name, where the layer would lie, and what speaks for it.

    ``overlap`` is the share of the layer's box within what is known of the city, NaN where nothing is known.
    """

    code: str
    name: str
    bounds: tuple[float, float, float, float]
    overlap: float
    capital: str
    capital_km: float
    swapped: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        west, south, east, north = self.bounds
        return (west + east) / 2, (south + north) / 2


@dataclass(frozen=True, eq=False)
class Unplaced:
    """A layer without a CRS: its shapes as they stand, what is known of the city (degrees), and what it may be in."""

    layer: str
    shapes: gpd.GeoSeries
    near: gpd.GeoSeries | None
    found: tuple[Candidate, ...]

    def outlines(self, one: Candidate) -> NDArray[np.object_]:
        """Some of the shapes, evenly over all of them, in degrees where a candidate would put them."""
        given = self.shapes[~(self.shapes.isna() | self.shapes.is_empty)].to_numpy()
        flat = shapely.force_2d(given[:: max(len(given) // MOST_DRAWN, 1)])
        turned = shapely.transform(flat, lambda points: points[:, ::-1]) if one.swapped else flat
        return np.asarray(gpd.GeoSeries(turned, crs=one.code).to_crs(4326).to_numpy(), object)


def candidates(shapes: gpd.GeoSeries, near: gpd.GeoSeries | None = None) -> list[Candidate]:
    """The CRSs that put shapes near what is known of the city (degrees), else in China's box; the likeliest first.

    Tried are degrees, degrees with latitude first, the CGCS2000 3-degree zones with and without the zone's number
    before the easting, TWD97 and TWD67, and UTM. Where the other layers are known, only those count that
    bring the layer to them, those as good in this order; without them the nearest to a provincial capital comes first.
    """
    box = np.asarray(shapes.total_bounds, dtype=np.float64)
    around = None if near is None or not len(near) else np.asarray(near.total_bounds, dtype=np.float64)
    found = [
        one for code, name, swapped in _tried(box) if (one := _candidate(code, name, box, around, swapped=swapped))
    ]
    if around is not None:
        found = [one for one in found if one.overlap > 0]
    if around is not None:
        return sorted(found, key=lambda one: -round(one.overlap, 2))[:MOST]
    return sorted(found, key=lambda one: (one.capital_km, one.code))[:MOST]


def proposals(unplaced: Unplaced) -> tuple[str, str]:
    """The fault of a layer without a CRS, in English and in Chinese, with the lines that may be pasted."""
    found = unplaced.found
    x, y = (float(value) for value in unplaced.shapes.total_bounds[:2])
    what = f"the layer names no coordinate reference system (its coordinates begin near {x:.6g}, {y:.6g})"
    what_zh = f"图层没有坐标系（坐标约为 {x:.6g}，{y:.6g}）"
    if not found:
        return (
            f'{what}, and none that is usual fits; add the line crs = "EPSG:...", or tie a local system by '
            'control = "points.csv" (columns local_x, local_y, x, y)',
            f'{what_zh}，常用坐标系均不吻合；请添加一行 crs = "EPSG:..."，地方坐标系请用 control = "points.csv"'
            "（列 local_x、local_y、x、y）给出控制点",
        )
    lines = "".join(f"\n    {line_of(one)}  # {_described(one)}" for one in found)
    lines_zh = "".join(f"\n    {line_of(one)}  # {_described_zh(one)}" for one in found)
    return (
        f"{what}; add the one of these lines that is true, the likeliest first:{lines}",
        f"{what_zh}；请添加以下各行中正确的一行（最可能的在前）：{lines_zh}",
    )


def line_of(one: Candidate) -> str:
    """The line of the project file that declares a candidate."""
    return f'crs = "{one.code}"'


def described(one: Candidate, lang: str = "en") -> str:
    """Where a candidate would put the layer, and what speaks for it."""
    return _described_zh(one) if lang == "zh" else _described(one)


def _described(one: Candidate) -> str:
    longitude, latitude = one.centre
    east, north = "E" if longitude >= 0 else "W", "N" if latitude >= 0 else "S"
    lies = f"{one.name}: {abs(longitude):.2f} {east}, {abs(latitude):.2f} {north}"
    turned = "; exchange the x and y columns first" if one.swapped else ""
    return lies + turned + ("" if np.isnan(one.overlap) else f"; {one.overlap:.0%} of it among the other layers")


def _described_zh(one: Candidate) -> str:
    longitude, latitude = one.centre
    east, north = "东经" if longitude >= 0 else "西经", "北纬" if latitude >= 0 else "南纬"
    lies = f"{one.name}：{east} {abs(longitude):.2f}°、{north} {abs(latitude):.2f}°"
    lies += f"，距{one.capital} {one.capital_km:.0f} 公里"
    turned = "；须先互换 x、y 两列" if one.swapped else ""
    return lies + turned + ("" if np.isnan(one.overlap) else f"；{one.overlap:.0%} 与其他图层重叠")


def _tried(box: NDArray[np.float64]) -> Iterator[tuple[str, str, bool]]:
    """Code, name and whether x and y would have to be exchanged, of every CRS that coordinates like these may be in."""
    west, south, east, north = box
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        yield "EPSG:4326", "WGS84", False
    if -90 <= west <= east <= 90 and -180 <= south <= north <= 180:
        yield "EPSG:4326", "WGS84", True
    for swapped, easting in ((False, (west, east)), (True, (south, north))):
        if min(easting) > 1_000_000:
            zones = {int(value // 1_000_000) for value in easting} & set(range(25, 46))
            yield from ((f"EPSG:{4488 + zone}", f"CGCS2000 3-degree zone {zone}", swapped) for zone in sorted(zones))
        elif max(map(abs, box)) > 1000:
            for zone in range(25, 46):
                yield f"EPSG:{4509 + zone}", f"CGCS2000 3-degree CM {3 * zone}E", swapped
            yield "EPSG:3826", "TWD97 TM2", swapped
            yield "EPSG:3828", "TWD67 TM2", swapped
            for zone in range(43, 54):
                yield f"EPSG:{32600 + zone}", f"WGS84 UTM {zone}N", swapped


def _candidate(
    code: str, name: str, box: NDArray[np.float64], around: NDArray[np.float64] | None, *, swapped: bool
) -> Candidate | None:
    """The CRS if it puts the box in its own area of use, and in China or near what is known."""
    x, y = _lattice(box)
    if swapped:
        x, y = y, x
    crs = pyproj.CRS.from_user_input(code)
    longitudes, latitudes = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    if not (np.isfinite(longitudes).all() and np.isfinite(latitudes).all()):
        return None
    bounds = (float(longitudes.min()), float(latitudes.min()), float(longitudes.max()), float(latitudes.max()))
    longitude, latitude = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    home = crs.area_of_use.bounds if crs.area_of_use else (-180.0, -90.0, 180.0, 90.0)
    if not (_holds(home, longitude, latitude) and (around is not None or _holds(CHINA, longitude, latitude))):
        return None
    capital, away = _nearest_capital(longitude, latitude)
    overlap = float("nan") if around is None else _overlap(np.array(bounds), around)
    return Candidate(code, name, bounds, overlap, capital, away, swapped)


def _lattice(box: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    xs, ys = np.meshgrid(np.linspace(box[0], box[2], _CORNERS), np.linspace(box[1], box[3], _CORNERS))
    return xs.ravel(), ys.ravel()


def _holds(box: tuple[float, float, float, float], longitude: float, latitude: float) -> bool:
    return box[0] <= longitude <= box[2] and box[1] <= latitude <= box[3]


def _overlap(box: NDArray[np.float64], around: NDArray[np.float64]) -> float:
    """The share of the smaller box that both have in common; boxes without area by their middle."""
    own, known = shapely.box(*box), shapely.box(*around)
    smaller = min(own.area, known.area)
    if smaller == 0:
        return float(known.intersects(own.centroid))
    return float(own.intersection(known).area / smaller)


def _nearest_capital(longitude: float, latitude: float) -> tuple[str, float]:
    kilometres = {
        name: float(np.hypot((x - longitude) * np.cos(np.radians(latitude)), y - latitude) * 111.2)
        for name, (x, y) in CAPITALS.items()
    }
    nearest = min(kilometres, key=lambda name: kilometres[name])
    return nearest, kilometres[nearest]
