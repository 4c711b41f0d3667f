"""Grids as KML 2.2: a placemark each, its properties as extended data, a colour by its colour index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd
import shapely

from gridopt.publish.colours import HUES, oklch
from gridopt.publish.shapes import parts_of

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
_EXACT = 2.0**53
_UNPRINTABLE = {number: None for number in range(32) if number not in (9, 10, 13)}


def kml_document(
    table: pd.DataFrame, shapes: np.ndarray[Any, Any], *, key: str, plain: Sequence[str], colours: Sequence[int]
) -> bytes:
    """A table with a shape in degrees and a colour index for each row as the bytes of a KML file.

    ``key`` is the column that names a placemark; ``plain`` gives each column a name in Latin letters, which
    is what programs go by, while people are shown the column's own.
    """
    lines = [_style(number) for number in sorted(set(colours))]
    cells = table.astype(object).where(table.notna(), None).itertuples(index=False, name=None)
    shown = list(zip(plain, map(str, table.columns), strict=True))
    for identity, values, shape, colour in zip(table[key], cells, shapes, colours, strict=True):
        data = "".join(_data(*names, value) for names, value in zip(shown, values, strict=True))
        lines.append(
            f"<Placemark><name>{_text(identity)}</name><styleUrl>#colour{colour}</styleUrl>"
            f"<ExtendedData>{data}</ExtendedData>{_geometry(shape)}</Placemark>"
        )
    return (_HEAD + "\n".join(lines) + "\n</Document></kml>\n").encode()


def _style(number: int) -> str:
    colour = oklch(0.8, 0.09, HUES[number % len(HUES)]).removeprefix("#")
    # KML writes colours backwards: opacity, blue, green, red.
    backwards = colour[4:6] + colour[2:4] + colour[0:2]
    return (
        f'<Style id="colour{number}"><LineStyle><color>ff404040</color></LineStyle>'
        f"<PolyStyle><color>99{backwards}</color></PolyStyle></Style>"
    )


def _data(name: str, shown: str, value: Any) -> str:
    if value is None:
        return ""
    display = f"<displayName>{_text(shown)}</displayName>" if shown != name else ""
    return f"<Data name={quoteattr(name)}>{display}<value>{_text(as_written(value))}</value></Data>"


def as_written(value: Any) -> Any:
    """A number as people write it: 600, not 600.0."""
    plain = value.item() if isinstance(value, np.generic) else value
    return int(plain) if isinstance(plain, float) and plain.is_integer() and abs(plain) < _EXACT else plain


def _text(value: Any) -> str:
    return escape(str(value).translate(_UNPRINTABLE))


def _geometry(shape: shapely.Geometry) -> str:
    parts = list(_polygons(shape))
    return parts[0] if len(parts) == 1 else f"<MultiGeometry>{''.join(parts)}</MultiGeometry>"


def _polygons(shape: shapely.Geometry) -> Iterator[str]:
    for part in parts_of(shape, "Polygon"):
        holes = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in part.interiors)
        yield f"<Polygon><outerBoundaryIs>{_ring(part.exterior)}</outerBoundaryIs>{holes}</Polygon>"


def _ring(ring: shapely.Geometry) -> str:
    points = " ".join(f"{x!r},{y!r}" for x, y in shapely.get_coordinates(ring).tolist())
    return f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"
