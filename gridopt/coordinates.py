"""The choice of a metric coordinate reference system; every transform puts longitude (or easting) first.

Also the shifted degrees of mainland platforms, GCJ-02 and BD-09.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from gridopt.errors import RuleError, TableError

CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east and north of the box in which CGCS2000 is used, degrees."""

MOST_STRETCH = 0.02
"""Share by which a city's CRS may change areas."""

EXCHANGE = (
    "Exchange x and y: in QGIS with the tool Swap X and Y coordinates, in a table by naming the columns the other way",
    "请互换 x 与 y：在 QGIS 中使用“交换 X 和 Y 坐标”工具，表格则对调 x、y 所指的列",
)
"""What to do about coordinates in the wrong order, in English and in Chinese."""

WEB_MERCATOR = frozenset({3857, 900913, 3785, 102100})

_NEARLY_180 = 180 - 1e-7
"""Longitudes beyond it, either way, are on the meridian of 180 degrees: a transform may give them either sign."""


def is_in_china(longitude: float, latitude: float) -> bool:
    """Whether a place lies inside `CHINA`'s box."""
    west, south, east, north = CHINA
    return west <= longitude <= east and south <= latitude <= north


def centre_of(shapes: NDArray[np.object_], crs: object) -> tuple[float, float]:
    """Longitude and latitude of the middle of the bounding box of a city's shapes in ``crs``.

    A city may end at 180 degrees. Raises `TableError` for one on both sides of it, where longitudes jump and no map
    holds together.
    """
    change = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    west, south, east, north = change.transform_bounds(*shapely.total_bounds(shapes).tolist())
    if west > east:
        # The box is on both sides; that need not be true of what is inside.
        points = shapely.get_coordinates(shapes)
        longitudes = on_one_side(np.column_stack(change.transform(*points.T)))[:, 0]
        west, east = float(longitudes.min()), float(longitudes.max())
    if east - west > 180:
        raise TableError(
            f"the communities lie on both sides of the meridian of 180 degrees (from {west:.3f} to {east:.3f}), where "
            "longitudes jump and maps break. Make one project for each side.",
            zh=f"村（社区）跨越 180° 经线（经度 {west:.3f} 至 {east:.3f}），经度在此跳变，地图无法连续。"
            "请在该经线两侧各建一个项目。",
        )
    return (west + east) / 2, (south + north) / 2


def on_one_side(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes and latitudes of a city; those on the meridian of 180 degrees take the sign of the others."""
    is_on_it = np.abs(points[:, 0]) > _NEARLY_180
    if not is_on_it.any():
        return points
    others = points[~is_on_it, 0]
    side = -180.0 if len(others) and others.mean() < 0 else 180.0
    return np.column_stack([np.where(is_on_it, side, points[:, 0]), points[:, 1:]])


def metric_crs(longitude: float, latitude: float) -> pyproj.CRS:
    """The CRS to compute in around a place given in degrees.

    Inside China's box it is the CGCS2000 3-degree Gauss-Krueger zone of that longitude (EPSG:4534-4554,
    central meridians 75 to 135 E), elsewhere the UTM zone on WGS84. A longitude half-way between two
    central meridians takes the eastern zone.
    """
    west, south, east, north = CHINA
    if is_in_china(longitude, latitude):
        zone = min(max(math.floor(longitude / 3 + 0.5), 25), 45)
        return pyproj.CRS.from_epsg(4509 + zone)
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
        if west <= latitude <= east and south <= longitude <= north:
            raise TableError(
                f"the communities lie at longitude {longitude:g}, latitude {latitude:g}: longitude and latitude seem "
                f"exchanged. {EXCHANGE[0]}.",
                zh=f"村（社区）位于经度 {longitude:g}、纬度 {latitude:g}：经纬度疑似颠倒。{EXCHANGE[1]}。",
            )
        raise TableError(
            f"no metric zone covers longitude {longitude:g}, latitude {latitude:g}. "
            'Name one in the project file: [city] crs = "EPSG:..."',
            zh=f'经度 {longitude:g}、纬度 {latitude:g} 处没有可用的投影带。请在项目文件中写明：[city] crs = "EPSG:..."',
        )
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def parse_crs(text: object, where: str) -> pyproj.CRS:
    """The CRS that a project file names, for instance ``"EPSG:4549"``."""
    try:
        # PROJ would also take part of a name, and "Beijing" for a datum of 1954: a code, WKT or PROJ text is wanted.
        if not any(mark in str(text) for mark in (":", "[", "+proj")):
            raise CRSError(f"{text} is no code")
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise RuleError(
            f'{where}: crs = "{text}" is not a known coordinate reference system. Write it like crs = "EPSG:4549".',
            zh=f'{where}：crs = "{text}" 不是已知的坐标系。请写成 crs = "EPSG:4549" 这样的形式。',
        ) from error


def require_metric(crs: pyproj.CRS, where: str) -> pyproj.CRS:
    """The CRS itself where metres can be measured in it; an error that says what to do where not."""
    units = {axis.unit_name for axis in crs.axis_info}
    if crs.is_projected and units == {"metre"} and crs.to_epsg() not in WEB_MERCATOR:
        return crs
    if crs.is_geographic:
        reason, reason_zh = "is geographic (degrees)", "是地理坐标系（度）"
    elif not crs.is_projected:
        reason, reason_zh = f"is no map's ({crs.type_name})", "不是投影坐标系"
    elif units != {"metre"}:
        reason, reason_zh = f"counts in {', '.join(sorted(units))}", f"的单位是 {'、'.join(sorted(units))}"
    else:
        reason, reason_zh = "overstates areas (Web Mercator)", "会夸大面积（Web 墨卡托）"
    raise RuleError(
        f'{where}: crs = "{crs.to_string()}" {reason}; distances and areas need metres. '
        "Remove the line (a zone is chosen) or name a projected CRS in metres.",
        zh=f'{where}：crs = "{crs.to_string()}" {reason_zh}，而距离和面积须以米计。'
        "请删去该行（自动选带），或改用以米为单位的投影坐标系。",
    )


def require_fitting(crs: pyproj.CRS, longitude: float, latitude: float) -> None:
    """Raise a `RuleError` where a projected CRS is so far from home that areas differ by more than `MOST_STRETCH`."""
    scale = pyproj.Proj(crs).get_factors(longitude, latitude, errcheck=False).areal_scale
    if abs(scale - 1) <= MOST_STRETCH:
        return
    areas = f"{scale:.2f}" if math.isfinite(scale) else "?"
    raise RuleError(
        f'[city] crs = "{crs_name(crs)}" is not made for longitude {longitude:.2f}, latitude {latitude:.2f}: areas '
        f"come out {areas} times as large, {1 + MOST_STRETCH:g} is the most. Remove the line (a zone is chosen) or "
        "correct it.",
        zh=f'[city] crs = "{crs_name(crs)}" 不适用于经度 {longitude:.2f}、纬度 {latitude:.2f}：面积变为 {areas} 倍，'
        f"最多允许 {1 + MOST_STRETCH:g} 倍。请删去该行（自动选带）或改正。",
    )


_NAMELESS = ("", "unknown", "unnamed", "undefined")


def crs_name(crs: pyproj.CRS) -> str:
    """A short lasting name: the authority's code where there is one, else the CRS's own name, else what it is."""
    authority = crs.to_authority(min_confidence=70)
    if authority:
        return ":".join(authority)
    if str(crs.name).lower() not in _NAMELESS:
        return str(crs.name)
    operation, axes = crs.coordinate_operation, crs.axis_info
    kind = operation.method_name if operation is not None else crs.type_name
    return f"{kind} ({axes[0].unit_name})" if axes else str(kind)


OFFSETS = ("GCJ-02", "BD-09")
"""Coordinates that mainland platforms shift: GCJ-02 (Amap, Tencent) and BD-09 (Baidu). No EPSG code stands for them."""

_OFFSET_BOX = (72.004, 0.8293, 137.8347, 55.8271)
_KRASOVSKY_AXIS, _KRASOVSKY_ECCENTRICITY = 6_378_245.0, 0.006_693_421_622_965_943
_BAIDU_TURN = math.pi * 3000 / 180
_TURNS, _ROUNDS = 4, 3
_PIECE = 4096

Degrees = NDArray[np.float64]
_Move = Callable[[str, Degrees, Degrees], tuple[Degrees, Degrees]]


def offset_name(text: object) -> str:
    """The name in `OFFSETS` that a project file means ("gcj02", "火星坐标"), "" where it means none."""
    plain = str(text).upper().replace("-", "").replace("_", "").replace(" ", "").replace("EPSG:", "")
    return {"GCJ02": "GCJ-02", "火星坐标": "GCJ-02", "火星坐标系": "GCJ-02", "BD09": "BD-09", "BD09LL": "BD-09",
            "百度坐标": "BD-09", "百度坐标系": "BD-09"}.get(plain, "")  # fmt: skip


def to_offset(name: str, longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    """WGS84 or CGCS2000 degrees as GCJ-02 or BD-09 shows them.

    The polynomial is the one published as *eviltransform*; outside the box in which it is used (72.004-137.8347 E,
    0.8293-55.8271 N) nothing moves.
    """
    return _by_pieces(_shown, name, longitudes, latitudes)


def from_offset(name: str, longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 or BD-09 degrees as WGS84: `to_offset` undone by fixed-point iteration, to less than a millimetre.

    The turn that makes BD-09 of GCJ-02 is undone first, by itself; the three steps that follow then leave at
    most 0.3 mm anywhere in the box.
    """
    return _by_pieces(_undone, name, longitudes, latitudes)


def _by_pieces(move: _Move, name: str, longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    """``move`` piece by piece: what it holds in between then stays near the processor."""
    x, y = np.array(longitudes, float, ndmin=1), np.array(latitudes, float, ndmin=1)
    for start in range(0, len(x), _PIECE):
        piece = slice(start, start + _PIECE)
        x[piece], y[piece] = move(name, x[piece], y[piece])
    shape = np.shape(longitudes)
    return x.reshape(shape), y.reshape(shape)


def _shown(name: str, longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    inside = _is_inside(longitudes, latitudes)
    by_longitude, by_latitude = _shift(longitudes, latitudes)
    x, y = longitudes + by_longitude, latitudes + by_latitude
    if name == "BD-09":
        x, y = _baidu(x, y)
    return np.where(inside, x, longitudes), np.where(inside, y, latitudes)


def _undone(name: str, longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    shown_x, shown_y = longitudes, latitudes
    for _ in range(_TURNS if name == "BD-09" else 0):
        turned_x, turned_y = _baidu(shown_x, shown_y)
        shown_x, shown_y = shown_x + longitudes - turned_x, shown_y + latitudes - turned_y
    x, y = shown_x, shown_y
    for _ in range(_ROUNDS):
        by_longitude, by_latitude = _shift(x, y)
        x, y = shown_x - by_longitude, shown_y - by_latitude
    inside = _is_inside(x, y)
    return np.where(inside, x, longitudes), np.where(inside, y, latitudes)


def _is_inside(longitudes: Degrees, latitudes: Degrees) -> NDArray[np.bool_]:
    west, south, east, north = _OFFSET_BOX
    return (longitudes >= west) & (longitudes <= east) & (latitudes >= south) & (latitudes <= north)


def _baidu(x: Degrees, y: Degrees) -> tuple[Degrees, Degrees]:
    distance = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_TURN)
    return distance * np.cos(angle) + 0.0065, distance * np.sin(angle) + 0.006


def _shift(longitudes: Degrees, latitudes: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees by which GCJ-02 moves a place, east and north."""
    x, y, pi = longitudes - 105, latitudes - 35, math.pi
    root = np.sqrt(np.abs(x))
    ripple = (20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
    north += (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
    east += (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    turn = np.radians(latitudes)
    bend = 1 - _KRASOVSKY_ECCENTRICITY * np.sin(turn) ** 2
    root_bend = np.sqrt(bend)
    along = _KRASOVSKY_AXIS * (1 - _KRASOVSKY_ECCENTRICITY) / (bend * root_bend)
    across = _KRASOVSKY_AXIS / root_bend * np.cos(turn)
    return np.degrees(east / across), np.degrees(north / along)
