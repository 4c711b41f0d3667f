"""The choice of a metric coordinate reference system; every transform puts longitude (or easting) first."""

from __future__ import annotations

import math

import pyproj
from pyproj.exceptions import CRSError

from gridopt.errors import RuleError, TableError

CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east and north of the box in which CGCS2000 is used, degrees."""

MOST_STRETCH = 0.02
"""Share by which a city's CRS may change areas."""

WEB_MERCATOR = frozenset({3857, 900913, 3785, 102100})


def metric_crs(longitude: float, latitude: float) -> pyproj.CRS:
    """The CRS to compute in around a place given in degrees.

    Inside China's box it is the CGCS2000 3-degree Gauss-Krueger zone of that longitude (EPSG:4534-4554,
    central meridians 75 to 135 E), elsewhere the UTM zone on WGS84. A longitude half-way between two
    central meridians takes the eastern zone.
    """
    west, south, east, north = CHINA
    if west <= longitude <= east and south <= latitude <= north:
        zone = min(max(math.floor(longitude / 3 + 0.5), 25), 45)
        return pyproj.CRS.from_epsg(4509 + zone)
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
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


def crs_name(crs: pyproj.CRS) -> str:
    """A short lasting name: the authority's code where there is one, else the CRS's own name."""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else str(crs.name)
