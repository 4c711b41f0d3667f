"""What the other layers of a project say of where the city lies, for a layer that does not say it itself."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gridopt.errors import GridoptError
from gridopt.read.formats import open_layer
from gridopt.read.project import Project


def surroundings(project: Project) -> gpd.GeoSeries | None:
    """The bounding boxes, in degrees, of the layers but the communities that tell their CRS; None without any."""
    boxes = []
    for name, spec in project.layers.items():
        if name == "communities" or spec.is_raster or spec.offset or spec.control:
            continue
        try:
            table = open_layer(spec.file, spec.layer, path=spec.path, role=name).table
        except GridoptError:
            # Its own fault is told when its turn comes.
            continue
        crs = spec.crs or (table.crs if isinstance(table, gpd.GeoDataFrame) else None)
        if crs is not None and isinstance(table, gpd.GeoDataFrame) and np.isfinite(table.total_bounds).all():
            box = gpd.GeoSeries([shapely.box(*table.total_bounds)]).set_crs(crs)
            boxes.append(box.to_crs(4326).iloc[0])
    return gpd.GeoSeries(boxes, crs=4326) if boxes else None
