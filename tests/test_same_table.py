"""The same layer in any format, encoding and order of rows reads to the same table."""

import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridopt.read.layers import read_layer
from gridopt.read.project import LayerSpec

CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
SIDE = 64.0
NAMES = st.sampled_from(["東園1號", "西村", "金山樓", "中正路12", "A-7", "民生里"])
"""Names that Big5, GB18030 and UTF-8 can all write."""

FIRST = ("臺北市萬華區中正路十二號的大樓", 3, 12, 5)
"""A house whose address is long enough to tell Big5 from GB18030 by, and whose households are known."""

houses = st.lists(
    st.tuples(NAMES, st.integers(1, 30), st.none() | st.integers(0, 400), st.integers(2, 9)), max_size=5
).map(lambda rows: [FIRST, *rows])


def layer_of(rows, order) -> gpd.GeoDataFrame:
    """Houses side by side, each with its id, in some order of rows."""
    table = gpd.GeoDataFrame(
        {
            "bid": [f"0{number}" for number in range(len(rows))],
            "name": [name for name, *_ in rows],
            "floors": [floors for _, floors, *_ in rows],
            "households": [np.nan if homes is None else homes for *_, homes, _ in rows],
        },
        geometry=[
            shapely.box(WEST + SIDE * i, SOUTH, WEST + SIDE * i + width, SOUTH + width / 2)
            for i, (*_, width) in enumerate(rows)
        ],
        crs=CRS,
    )
    return table.iloc[order]


def shapefile(encoding):
    return lambda table, file: table.to_file(file.with_suffix(".shp"), encoding=encoding)


def without_page(table, file):
    shapefile("BIG5")(table, file)
    file.with_suffix(".cpg").unlink(missing_ok=True)


def kml(table, file):
    table.to_crs(4326).to_file(file.with_suffix(".kml"), driver="KML")


def csv(encoding):
    def write(table, file):
        text = pd.DataFrame(table.drop(columns="geometry")).assign(
            wkt=shapely.to_wkt(table.geometry, rounding_precision=-1)
        )
        text.to_csv(file.with_suffix(".csv"), index=False, encoding=encoding)

    return write


def zipped(table, file):
    shapefile("GB18030")(table, file)
    with zipfile.ZipFile(file.with_suffix(".zip"), "w") as archive:
        for part in file.parent.glob(f"{file.stem}.*"):
            if part.suffix not in (".zip", ".json"):
                archive.write(part, f"图层/{part.name}")


FORMATS = {
    "GeoPackage": (".gpkg", lambda table, file: table.to_file(file.with_suffix(".gpkg"))),
    "GeoJSON": (
        ".geojson",
        lambda table, file: table.to_crs(4326).to_file(
            file.with_suffix(".geojson"), driver="GeoJSON", COORDINATE_PRECISION=15
        ),
    ),
    "Shapefile in UTF-8": (".shp", shapefile("UTF-8")),
    "Shapefile in GB18030": (".shp", shapefile("GB18030")),
    "Shapefile in Big5 without .cpg": (".shp", without_page),
    "FlatGeobuf": (".fgb", lambda table, file: table.to_file(file.with_suffix(".fgb"), driver="FlatGeobuf")),
    "GeoParquet": (".parquet", lambda table, file: table.to_parquet(file.with_suffix(".parquet"))),
    "KML": (".kml", kml),
    "CSV in UTF-8": (".csv", csv("utf-8-sig")),
    "CSV in GB18030": (".csv", csv("gb18030")),
    "Shapefile in a zip archive": (".zip", zipped),
}
"""Name -> the ending, and what writes a layer beside a path."""


def read(file, crs=None):
    spec = LayerSpec("buildings", file.name, file, columns={"id": "bid"}, crs=crs and pyproj.CRS(crs))
    return read_layer(spec, pyproj.CRS(CRS)).table


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=5, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=houses, order=st.randoms(use_true_random=False))
def test_a_layer_reads_the_same_from_every_format_in_any_order(tmp_path_factory, name, rows, order):
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    truth = layer_of(rows, range(len(rows)))
    folder = tmp_path_factory.mktemp("layers")
    ending, write = FORMATS[name]
    write(layer_of(rows, shuffled), folder / "houses")
    found = read(folder / f"houses{ending}", CRS if ending == ".csv" else None)
    assert found.index.tolist() == truth["bid"].tolist()
    assert found["name"].tolist() == truth["name"].tolist()
    for count in ("floors", "households"):
        assert np.array_equal(found[count].to_numpy(float), truth[count].to_numpy(float), equal_nan=True)
    astray = shapely.symmetric_difference(found.geometry.to_numpy(), truth.geometry.to_numpy())
    assert shapely.area(astray).max() < 1e-3
