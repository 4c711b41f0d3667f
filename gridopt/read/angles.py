"""Angles as surveyors write them: degrees, minutes and seconds, with a letter or word for the half of the globe."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_NUMBER = r"(\d+(?:\.\d+)?)"
_ANGLE = re.compile(
    rf"([NSEW]|[东西南北東][经纬經緯])?{_NUMBER}[°º度](?:{_NUMBER}['′’分](?:{_NUMBER}(?:\"|″|”|''|′′|’’|秒))?)?([NSEW])?",
    re.IGNORECASE,
)
_NEGATIVE = ("S", "W", "南", "西")


def parse_angles(values: pd.Series) -> NDArray[np.float64]:
    """Decimal degrees of cells like 120°30′15.5″E, 东经120度30分 or N31°15'; NaN for anything else."""
    return np.array([_angle(value) if isinstance(value, str) else np.nan for value in values.tolist()], np.float64)


def _angle(text: str) -> float:
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    found = _ANGLE.fullmatch(plain)
    if found is None:
        return np.nan
    before, degrees, minutes, seconds, after = found.groups()
    size = float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -size if (before or after or "").upper().startswith(_NEGATIVE) else size
