"""From a project file to a City: every layer clean, in one metric CRS, every repair on record."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj

from gridopt.city import City
from gridopt.contracts import COUNTED
from gridopt.coordinates import centre_of, metric_crs, require_fitting
from gridopt.errors import RuleError, preview
from gridopt.formula import require_columns
from gridopt.people import People
from gridopt.read.alignment import across_borders
from gridopt.read.basis import note_mixed_bases
from gridopt.read.communities import community_table
from gridopt.read.coverage import settled
from gridopt.read.decisions import marked_where_decided, read_decisions
from gridopt.read.described import described_grids
from gridopt.read.findings import Findings, Repair, places_table, repairs_table
from gridopt.read.fingerprint import fingerprint
from gridopt.read.ground import finish
from gridopt.read.inhabitants import Inhabitants
from gridopt.read.joined import joined_counts
from gridopt.read.kinds import with_kinds
from gridopt.read.layers import Layer, read_layer
from gridopt.read.project import COUNTING, LayerSpec, Project, read_project
from gridopt.read.repair import polygons_of
from gridopt.read.shifts import flag_shift
from gridopt.read.stated import note_apart
from gridopt.read.surroundings import surroundings
from gridopt.read.unit_cover import check_cover

ALOUD = (
    "rows_doubtful", "rows_unmatched", "mixed_bases", "mixed_counts",
    "totals_differ", "totals_unused", "totals_weights", "units_uncounted",
)  # fmt: skip
"""Kinds of repair that are warned of as well as recorded."""

_log = logging.getLogger("gridopt")


def read_city(path: str | Path, *, lang: str = "en") -> City:
    """Read the city that a project file describes.

    Layers are reprojected to the city's metric CRS, repaired, and brought into the columns of the other
    rooms; ``city.repairs`` lists what was changed, in the language asked for (``"en"`` or ``"zh"``).

    Raises:
        TableError: a file or layer that is missing or cannot be used, with all its faults.
        RuleError: a project file that cannot hold as written.
    """
    project = read_project(path, lang=lang)
    sources: dict[str, Layer] = {}
    repairs: list[Repair] = []
    communities = _communities(project, sources, repairs)
    layers: dict[str, pd.DataFrame] = {}
    for name, spec in project.layers.items():
        if name != "communities":
            key = "population_cells" if spec.is_raster else name
            layers[key] = _layer(spec, project, communities, sources, repairs)
            shifted = Findings(name)
            flag_shift(layers[key], communities, layers, shifted)
            repairs += shifted.repairs
    if "population" in layers:
        layers["population"] = _joined(project.layers["population"], sources, communities, layers, repairs)
    _describe(communities, layers, repairs)
    _check_population_units(layers)
    decided = Findings("decisions")
    layers = marked_where_decided(layers, decided)
    repairs += decided.repairs
    _check_named_columns(project, sources)
    land, disputes = _settled(communities, layers, repairs)
    land = _with_kinds(project, land, layers, sources["communities"], repairs)
    tables: dict[str, pd.DataFrame] = {"communities": communities, **layers}
    for key, table in tables.items():
        spec = project.layers["population" if key == "population_cells" else key]
        table.attrs["source"] = _source(spec, sources[key])
    land.attrs = dict(communities.attrs)
    bases = Findings("population")
    note_mixed_bases(tables, bases)
    note_apart({**tables, "communities": land}, People.from_table(project.settings.people), bases)
    repairs += bases.repairs
    _say_aloud(repairs, lang)
    marks = {
        key: fingerprint(_content(key, table), layer=sources[key].source_layer, crs=sources[key].source_crs)
        for key, table in sorted(tables.items())
    }
    return City(
        name=project.name,
        crs=pyproj.CRS(communities.crs),
        communities=land,
        rules=project.rules,
        layers=layers,
        settings=project.settings,
        repairs=repairs_table(repairs, lang),
        repair_places=places_table(repairs, tables, communities.crs),
        disputes=disputes,
        inputs=marks,
        edition=project.edition,
        valid_from=project.valid_from,
    )


def _settled(
    communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], repairs: list[Repair]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The communities as one coverage and the disputes between them, judged by what lies inside."""
    findings = Findings("communities")
    land, disputes = settled(communities, Inhabitants.of(layers), findings)
    findings.close()
    covering = Findings("units")
    check_cover(land, layers.get("units"), covering)
    covering.close()
    repairs += [*findings.repairs, *across_borders(land, layers)]
    land.attrs = communities.attrs
    return land, disputes


def _with_kinds(
    project: Project, land: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], source: Layer, repairs: list[Repair]
) -> gpd.GeoDataFrame:
    """The communities, those of no stated kind judged by density."""
    findings = Findings("communities")
    given = source.table.reindex(land.index)
    unstated = ((given["area_kind"] == "") & (given["urban_rural_class"] == "")).to_numpy(bool)
    people = People.from_table(project.settings.people)
    found = with_kinds(land, unstated, layers, (project.kinds, people), findings)
    repairs += findings.repairs
    return found


def _say_aloud(repairs: Sequence[Repair], lang: str) -> None:
    """Warn of what a drawing would otherwise rest on in silence."""
    for repair in repairs:
        if repair.kind in ALOUD:
            said = repair.row(lang)
            _log.warning("[layers.%s] %s (%s): %s", repair.layer, said["fault"], said["n"], said["action"])


def _content(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """What of a layer its mark is made of: where a decision stands in its spreadsheet is none of it."""
    return table.drop(columns="row") if name == "decisions" else table


def _source(spec: LayerSpec, layer: Layer) -> dict[str, object]:
    """Where a table came from, for `inspect`: it travels with the table and is no part of its content."""
    columns = {key: layer.columns.get(key, key) for key in layer.given if key not in ("x", "y")}
    why = {
        key: "declared" if key in spec.columns else "own name" if key == columns[key] else "synonym" for key in columns
    }
    return {
        "path": spec.path,
        "rows": layer.source_rows,
        "columns": columns,
        "why": why,
        "counting": spec.counting.plain(),
    }


def _communities(project: Project, sources: dict[str, Layer], repairs: list[Repair]) -> gpd.GeoDataFrame:
    layer = read_layer(
        project.layers["communities"], partial(_city_crs, project.crs), near=partial(surroundings, project)
    )
    findings = Findings("communities")
    has_own_codes = "parents" in project.settings.code or "community" in _columns_of(project, "codes")
    template = "auto" if has_own_codes else str(project.settings.code.get("template", "auto"))
    table = community_table(layer, template, findings)
    findings.close()
    sources["communities"] = layer
    repairs += [*layer.repairs, *findings.repairs]
    return table


def _columns_of(project: Project, name: str) -> Mapping[str, str]:
    return project.layers[name].columns if name in project.layers else {}


def zone_of(table: gpd.GeoDataFrame) -> pyproj.CRS:
    """The metric zone of the centre of a layer's bounding box."""
    return metric_crs(*centre_of(polygons_of(table), table.crs))


def _city_crs(named: pyproj.CRS | None, table: gpd.GeoDataFrame) -> pyproj.CRS:
    """The CRS that the project file names, if it fits the place, else the zone of the communities."""
    if named is None:
        return zone_of(table)
    require_fitting(named, *centre_of(polygons_of(table), table.crs))
    return named


def _layer(
    spec: LayerSpec,
    project: Project,
    communities: gpd.GeoDataFrame,
    sources: dict[str, Layer],
    repairs: list[Repair],
) -> pd.DataFrame:
    key, findings = spec.name, Findings(spec.name)
    if spec.is_raster:
        layer = _cells(spec, communities)
        key, table = "population_cells", layer.table
    elif key == "decisions":
        layer = read_decisions(spec)
        table = layer.table
    else:
        layer = read_layer(spec, pyproj.CRS(communities.crs), near=partial(_in_degrees, communities))
        table = finish(layer, communities, project.rules, findings)
        findings.close()
    sources[key] = layer
    repairs += [*layer.repairs, *findings.repairs]
    return table


def _describe(communities: gpd.GeoDataFrame, layers: dict[str, pd.DataFrame], repairs: list[Repair]) -> None:
    """Lay current grids that are told in words on the buildings they name."""
    rows = layers.get("current_grids")
    if rows is None or isinstance(rows, gpd.GeoDataFrame):
        return
    findings = Findings("current_grids")
    layers["current_grids"] = described_grids(rows, layers, communities, findings)
    repairs += findings.repairs


def _joined(
    spec: LayerSpec,
    sources: Mapping[str, Layer],
    communities: gpd.GeoDataFrame,
    layers: Mapping[str, pd.DataFrame],
    repairs: list[Repair],
) -> pd.DataFrame:
    findings = Findings(spec.name)
    table = joined_counts(spec, sources[spec.name], communities, layers, findings)
    findings.close()
    repairs += findings.repairs
    return table


def _in_degrees(communities: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return communities.geometry.to_crs(4326)


def _cells(spec: LayerSpec, communities: gpd.GeoDataFrame) -> Layer:
    if spec.name != "population":
        raise RuleError(
            f"[layers.{spec.name}] is a raster ({spec.path}); only [layers.population] may be one.",
            zh=f"[layers.{spec.name}] 是栅格（{spec.path}）；只有 [layers.population] 可以是栅格。",
        )
    from gridopt.read.raster import read_population_cells

    return read_population_cells(spec, communities)


def _check_named_columns(project: Project, sources: Mapping[str, Layer]) -> None:
    """Every column that a rule names must be one of units or buildings."""
    layers = [sources[name] for name in COUNTING if name in sources]
    known = [name for layer in layers for name in (*layer.given, *layer.source_columns)]
    named = [*project.rules.columns, *project.settings.columns]
    require_columns(named, dict.fromkeys([*COUNTED, *known]), "[rules]")


def _check_population_units(layers: Mapping[str, pd.DataFrame]) -> None:
    """Population by unit must belong to ready-made units, each of which needs its row."""
    table, units = layers.get("population"), layers.get("units")
    if table is None or not (table["level"] == "units").any():
        return
    findings = Findings("population")
    if units is None:
        findings.fault(
            'level = "units" needs [layers.units]; add it, or give totals by community',
            'level = "units" 需要 [layers.units]；请添加，或按村（社区）给出总数',
        )
    else:
        strange = table.index.difference(units.index)
        if len(strange):
            findings.fault(
                f"{len(strange)} rows name units that are not in the units layer: {preview(strange)}; correct the ids",
                f"{len(strange)} 行的编码不在划分单元图层中：{preview(strange)}；请改正",
            )
    findings.close()
