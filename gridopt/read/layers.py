"""One layer from its source to its contract: columns, ids, CRS and geometry, the same way for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridopt.coordinates import crs_name
from gridopt.errors import preview
from gridopt.people import MEASURES
from gridopt.read.columns import claims, codes, counts, ids, lengths, parse_numbers, texts
from gridopt.read.findings import Findings, Repair, row_name
from gridopt.read.formats import Source, open_layer
from gridopt.read.places import Reference, placed
from gridopt.read.project import LayerSpec
from gridopt.read.proposals import columns_there, likely_lines
from gridopt.read.repair import (
    centred,
    flattened,
    of_one_box,
    projected,
    repaired,
    without_repeated_footprints,
)
from gridopt.read.synonyms import SYNONYMS, likeness
from gridopt.read.totals import check_totals, rows_of_totals

Kinds = tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """What a layer's table holds: the name of its index, its columns by type, and its kinds of geometry.

    ``claims`` are texts where a bare yes stands for the row's own id. ``whole`` layers may lose no row.
    ``kinds`` is empty for a table without geometry.
    """

    index: str
    prefix: str
    texts: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    lengths: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    kinds: Kinds = ()
    whole: bool = False


_LINE = {"texts": ("name", "class", "bridge", "tunnel"), "lengths": ("width",), "kinds": ("line", "polygon")}
_AREA = {"texts": ("name",), "kinds": ("polygon",)}
STAFF = ("name", "role", "employment", "base", "qualifications", "current", "fixed", "forbidden")
CONTRACTS: Mapping[str, Contract] = {
    "communities": Contract(
        "community_id",
        "c",
        texts=("name", "alias", "township", "county", "area_kind", "urban_rural_class"),
        counts=("households", "residents"),
        lengths=("area",),
        kinds=("polygon",),
        whole=True,
    ),
    "units": Contract(
        "unit_id",
        "u",
        texts=("community", "category", "locked_grid", "phase", "area_kind", "grid_code"),
        counts=("households", "residents"),
        claims=("keep_whole", "dedicated"),
        kinds=("polygon",),
        whole=True,
    ),
    "buildings": Contract(
        "building_id",
        "b",
        texts=("name", "alias", "number", "estate", "phase", "group", "use"),
        counts=("households", "dwellings"),
        lengths=("floors", "height", "floor_area"),
        kinds=("polygon", "point"),
    ),
    "population": Contract(
        "id",
        "p",
        texts=("township", "community", "estate", "name", "number"),
        counts=("households", "residents", "dwellings"),
        lengths=("area",),
    ),
    "roads": Contract("line_id", "road", **_LINE),  # type: ignore[arg-type]
    "rivers": Contract("line_id", "river", **_LINE),  # type: ignore[arg-type]
    "railways": Contract("line_id", "rail", **_LINE),  # type: ignore[arg-type]
    "walls": Contract("line_id", "wall", **_LINE),  # type: ignore[arg-type]
    "crossings": Contract("crossing_id", "crossing", texts=("name", "class"), kinds=("point", "line", "polygon")),
    "estates": Contract("estate_id", "estate", texts=("name", "alias"), kinds=("polygon",)),
    "groups": Contract("group_id", "group", texts=("name",), kinds=("polygon", "point")),
    "dedicated": Contract("dedicated_id", "dedicated", **_AREA),  # type: ignore[arg-type]
    "facilities": Contract("facility_id", "facility", texts=("name", "tier"), kinds=("point",)),
    "events": Contract(
        "event_id", "event", texts=("date", "kind", "community", "settled"), counts=("number",), kinds=("point",)
    ),
    "roster": Contract("staff_id", "staff", texts=STAFF, counts=("capacity",)),
    "codes": Contract("code", "code", texts=("name", "parent", "community", "valid_to", "successor")),
    "current_grids": Contract(
        "current_id", "current", texts=("name", "grid_code", "community", "scope"), kinds=("polygon",)
    ),
}

CODES = ("parent", "community", "township", "county", "urban_rural_class", "base", "grid_code", "locked_grid")
"""Texts that are codes: a spreadsheet's 67000030001.0 means 67000030001."""

_NO_POINTS = (
    'the layer has no geometry and no coordinate columns; name them with x = "..." and y = "..."; {0}',
    '图层没有几何，也没有坐标列；请用 x = "..."、y = "..." 指明；{0}',
)
_NO_SHAPES = (
    "the layer is a table without shapes; name the map layer that has them (.gpkg, .geojson, .shp)",
    "该图层是没有几何的表；请改指含几何的图层（.gpkg、.geojson、.shp）",
)
_PARTS = (
    ", or dissolve the rows into one where they are parts of one thing",
    "；如各行是同一对象的几个部分，请融合为一行",
)
_LOST = ("no_geometry", "malformed", "collapsed", "wrong_kind")
"""Kinds of repair whose rows are kept out: an id that was made for them is found nowhere else."""

NUMBER_KEYS = (
    "households", "residents", "floors", "height", "floor_area", "dwellings", "width", "capacity", "area"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer in its contract, and what is known of where it came from."""

    table: pd.DataFrame
    source_layer: str
    source_crs: str | None
    source_rows: int
    repairs: tuple[Repair, ...]
    given: tuple[str, ...]
    level: str = "community"
    source_columns: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


def read_layer(
    spec: LayerSpec,
    crs: pyproj.CRS | Callable[[gpd.GeoDataFrame], pyproj.CRS],
    *,
    near: Reference = lambda: None,
) -> Layer:
    """Open a layer and bring it into its contract, in ``crs`` or in the one that ``crs`` chooses for it.

    The table has every column of the contract (numbers NaN and texts "" where the layer has none), is
    indexed by text ids and sorted by them. ``given`` says which columns the layer really has. A layer
    without an id column gets ids that do not depend on the order of its rows. ``near`` is what a layer
    without a CRS is compared with.

    Raises:
        TableError: naming every fault of the layer at once.
    """
    source = open_layer(spec.file, spec.layer, path=spec.path, role=spec.name)
    contract, findings = CONTRACTS[spec.name], Findings(spec.name)
    _note_reading(source, findings)
    contract = replace(contract, counts=tuple(dict.fromkeys((*contract.counts, *spec.further))))
    columns = _columns_found(spec, contract, source.table, findings)
    findings.close()
    kept = _distinct_rows(_without_totals(source, contract, columns, findings), "id" in columns, findings)
    table = kept.reset_index(drop=True)
    if "scope" in columns and not isinstance(source.table, gpd.GeoDataFrame):
        contract = replace(contract, kinds=())
    if spec.level == "blocks":
        contract = replace(contract, kinds=("polygon",))
    shapes = placed(spec, table, findings, near=near) if contract.kinds else None
    if shapes is None and contract.kinds and spec.name != "events":
        findings.fault(*(_no_points(table) if "point" in contract.kinds else _NO_SHAPES))
    source_crs = crs_name(shapes.crs) if shapes is not None and shapes.crs is not None else None
    findings.close()
    if shapes is not None:
        shapes = flattened(shapes, findings)
        shapes = projected(shapes, crs(shapes) if callable(crs) else crs, findings)
        findings.close()
    framed = _indexed(contract, table, shapes, columns, findings)
    shown = framed.index if "id" in columns or shapes is not None else _row_names(source, kept, framed.index)
    clean = _filled(contract, framed, columns, (_must_be_whole(spec), shown), findings)
    lacking = [name for name in spec.further if name not in {*columns, *CONTRACTS[spec.name].counts}]
    clean = _with_occupancy(clean.drop(columns=lacking), spec, findings)
    if isinstance(clean, gpd.GeoDataFrame):
        clean = _fit(contract, clean, findings)
        if "id" not in columns:
            _call_by_rows(source, kept, framed.index, findings)
    if findings.faults and source.unsolved:
        findings.fault(
            f"{len(source.unsolved)} cells hold formulas that were never calculated: {preview(source.unsolved)}; open "
            "the workbook in Excel or WPS, and save it",
            f"{len(source.unsolved)} 个单元格的公式尚未计算：{preview(source.unsolved)}；请用 Excel 或 WPS 打开并保存",
        )
    findings.close()
    facts = (source.layer, source_crs, len(source.table), tuple(findings.repairs), tuple(columns), spec.level)
    names = tuple(str(name) for name in source.table.columns if name != "geometry")
    return Layer(clean.sort_index(), *facts, names, columns)


def _no_points(table: pd.DataFrame) -> tuple[str, str]:
    there = columns_there([str(name) for name in table.columns if name != "geometry"])
    return _NO_POINTS[0].format(there[0]), _NO_POINTS[1].format(there[1])


def _note_reading(source: Source, findings: Findings) -> None:
    if not len(source.table):
        findings.fault(
            "the layer is empty; name another layer or remove the table", "图层为空；请改指其他图层或删去该表"
        )
    if source.encoding not in ("utf-8", "utf-8-sig"):
        findings.repair("encoding", n=len(source.table), values=[source.encoding])
    findings.repair("title_rows", n=source.title_rows)
    findings.repair("note_rows", [row_name(row) for row in source.notes])


def _columns_found(spec: LayerSpec, contract: Contract, table: pd.DataFrame, findings: Findings) -> dict[str, str]:
    """Key -> the layer's column: as declared, else a column of the key's own name."""
    has = [str(name) for name in table.columns if name != "geometry"]
    missing = {key: column for key, column in spec.columns.items() if column not in has}
    if missing:
        listed = ", ".join(f'{key} = "{column}"' for key, column in missing.items())
        there, there_zh = (
            f"{words}{lines}"
            for words, lines in zip(columns_there(has), likely_lines(missing.items(), has), strict=True)
        )
        if not has:
            there = "the layer has no columns at all (the .dbf of a Shapefile must lie beside it)"
            there_zh = "图层没有任何列（Shapefile 的 .dbf 须放在一起）"
        findings.fault(f"there is no column for {listed}; {there}", f"没有 {listed} 所指的列；{there_zh}")
    own = ("id", *contract.texts, *contract.counts, *contract.lengths, *contract.claims)
    found = {key: key for key in own if key in has and key not in spec.columns and _says_something(key, table[key])}
    found |= _by_synonym(spec, own, table, {*found.values(), *spec.columns.values()}, findings)
    if spec.name == "communities":
        # A total that nobody named must be whole to be used; one that was named must be whole, or it is a fault.
        for key in [key for key in contract.counts if key in found and table[found[key]].isna().any()]:
            column = found.pop(key)
            findings.repair("unused_totals", n=int(table[column].isna().sum()), values=[column])
    if spec.name == "events" and "number" not in {*found, *spec.columns}:
        found |= [("number", name) for name in ("n", "count") if name in has][:1]
    return {**found, **{key: column for key, column in spec.columns.items() if key not in missing}}


def _by_synonym(
    spec: LayerSpec, keys: Iterable[str], table: pd.DataFrame, taken: set[str], findings: Findings
) -> dict[str, str]:
    """Key -> the column that goes by one of its known names, for keys that nobody declared; two as sure are a fault."""
    free = [str(name) for name in table.columns if name != "geometry" and name not in taken]
    found: dict[str, str] = {}
    for key in keys:
        if key not in SYNONYMS or key in spec.columns or key in table.columns or (key == "id" and not _is_keyed(spec)):
            continue
        columns = likeness(key, [name for name in free if name not in found.values()]).columns
        columns = tuple(name for name in columns if _may_carry(key, table[name]))
        if len(columns) > 1 and key in NUMBER_KEYS:
            listed = ", ".join(f'"{name}"' for name in columns)
            findings.fault(
                f'{key} may be any of the columns {listed}; say which: {key} = "{columns[0]}"',
                f'{key} 可能是以下任一列：{listed}；请写明：{key} = "{columns[0]}"',
            )
        elif columns:
            found[key] = columns[0]
    return found


def _says_something(key: str, values: pd.Series) -> bool:
    """Whether a column under a key's own name, which nobody declared, is more than an empty column of an export.

    People are not: a count of them that is missing throughout is a fault even where nobody declared it.
    """
    if key not in NUMBER_KEYS or key in MEASURES:
        return True
    return bool((texts(values) != "").any())


def _may_carry(key: str, values: pd.Series) -> bool:
    """Whether a column that only its name speaks for can be what it is called: ids are unique, numbers are numbers."""
    if key == "id":
        return bool(values.is_unique and values.notna().all())
    if key not in NUMBER_KEYS:
        return True
    numbers, unread, _ = parse_numbers(values)
    return int(np.isfinite(numbers).sum()) > int(unread.sum())


def _is_keyed(spec: LayerSpec) -> bool:
    """Whether a table's ids may be found by their name: those of counts, which mean nothing without."""
    if spec.name == "codes":
        return True
    return spec.name == "population" and not {"name", "estate", "number"} & spec.columns.keys()


def _without_totals(source: Source, contract: Contract, columns: Mapping[str, str], findings: Findings) -> pd.DataFrame:
    """The rows of a table but those of totals; a count in a merged cell of several rows is a fault."""
    if isinstance(source.table, gpd.GeoDataFrame):
        rest: pd.DataFrame = source.table
        return rest
    counted = list(dict.fromkeys(columns[key] for key in columns if key in contract.counts))
    rows = source.sheet_rows if source.sheet_rows is not None else pd.RangeIndex(1, len(source.table) + 1)
    totals = rows_of_totals(source.table)
    check_totals(source.table, totals, counted, rows, findings)
    findings.repair("totals_row", [row_name(row) for row in rows[totals]])
    for column in counted:
        shared = [rows[place] for place in source.shared.get(column, ()) if not totals[place]]
        if shared:
            findings.fault(
                f'column "{column}": {len(shared)} rows share the number of a merged cell: rows {preview(shared)}; '
                "unmerge it and give each row its own number",
                f"列“{column}”：{len(shared)} 行与其他行共用合并单元格中的数：第 {preview(shared)} 行；"
                "请取消合并，逐行填写",
            )
    return pd.DataFrame(source.table[~totals])


def _distinct_rows(table: pd.DataFrame, has_ids: bool, findings: Findings) -> pd.DataFrame:
    """The rows without exact repetitions."""
    if not has_ids and findings.layer in ("events", "roster"):
        # Two alike sightings, or two workers of one kind, are two where nothing names them.
        return table
    shapes = table.geometry.to_numpy() if isinstance(table, gpd.GeoDataFrame) else None
    alike = np.arange(len(table)) if shapes is None else np.flatnonzero(of_one_box(shapes))
    plain = pd.DataFrame({i: table.iloc[alike, i] for i in range(table.shape[1])})
    if shapes is not None:
        plain[table.columns.get_loc("geometry")] = shapely.to_wkb(shapes[alike])
    repeated = np.zeros(len(table), bool)
    repeated[alike] = plain.astype(object).duplicated().to_numpy()
    shapes = table.geometry[repeated] if isinstance(table, gpd.GeoDataFrame) else pd.Series(dtype=object)
    places = [(str(row), shape) for row, shape in shapes.items() if shape is not None]
    findings.repair("duplicate_rows", n=int(repeated.sum()), places=places)
    return table[~repeated]


def _indexed(
    contract: Contract,
    table: pd.DataFrame,
    shapes: gpd.GeoDataFrame | None,
    columns: Mapping[str, str],
    findings: Findings,
) -> pd.DataFrame:
    """The chosen columns under their keys, with the geometry, indexed by text ids."""
    chosen = pd.DataFrame({key: table[column] for key, column in columns.items() if key not in ("x", "y")})
    chosen = chosen.reindex(table.index)
    for key, column in columns.items():
        if key in chosen:
            chosen[key] = chosen[key].rename(column)
    if "id" in columns:
        named = ids(table[columns["id"]], findings)
        repeated = sorted(set(named[named.duplicated() & (named != "")]))
        if repeated:
            parts, parts_zh = _PARTS if shapes is not None else ("", "")
            findings.fault(
                f"{len(repeated)} ids occur more than once: {preview(repeated)}; give each row its own id{parts}",
                f"{len(repeated)} 个编码重复：{preview(repeated)}；请保证每行编码唯一{parts_zh}",
            )
    else:
        named = _made_ids(contract.prefix, chosen, shapes)
    framed = chosen.drop(columns="id", errors="ignore")
    if shapes is not None:
        framed = gpd.GeoDataFrame(framed, geometry=shapes.geometry.to_numpy(), crs=shapes.crs)
    framed.index = pd.Index(named.to_numpy(), name=contract.index, dtype="str")
    return framed


def _made_ids(prefix: str, chosen: pd.DataFrame, shapes: gpd.GeoDataFrame | None) -> pd.Series:
    """Ids by (Hilbert key, WKB, texts): the same whatever the order of the rows."""
    columns = [texts(chosen[key]).tolist() for key in sorted(chosen.columns)]
    rows = ["\x1f".join(row) for row in zip(*columns, strict=True)] if columns else ""
    keys = pd.DataFrame({"text": rows}, chosen.index)
    if shapes is not None:
        keys["wkb"] = [one or b"" for one in shapely.to_wkb(shapes.geometry.to_numpy())]
        present = (keys["wkb"] != b"").to_numpy() & ~shapely.is_empty(shapes.geometry.to_numpy())
        keys["hilbert"] = np.iinfo(np.int64).max
        if present.any():
            keys.loc[present, "hilbert"] = shapes.geometry[present].hilbert_distance().to_numpy(np.int64)
    order = keys.sort_values([name for name in ("hilbert", "wkb", "text") if name in keys], kind="stable").index
    width = max(5, len(str(len(keys))))
    return pd.Series([f"{prefix}{i:0{width}d}" for i in range(1, len(keys) + 1)], index=order).reindex(keys.index)


def _must_be_whole(spec: LayerSpec) -> tuple[str, ...]:
    """The counts of a layer that no row may lack: control totals."""
    is_total = spec.name == "communities" or (spec.name == "population" and spec.level in ("community", "units"))
    return ("households", "residents") if is_total else ()


def _row_names(source: Source, kept: pd.DataFrame, made: pd.Index) -> pd.Index:
    """What people call the rows of a table without ids: by the numbers that a spreadsheet shows beside them."""
    return made if source.sheet_rows is None else pd.Index([row_name(row) for row in source.sheet_rows[kept.index]])


def _call_by_rows(source: Source, kept: pd.DataFrame, made: pd.Index, findings: Findings) -> None:
    """Rows of a layer without ids that were kept out are called by the numbers they have in the file."""
    numbers = source.sheet_rows[kept.index] if source.sheet_rows is not None else kept.index + 1
    called = dict(zip(made, map(row_name, numbers), strict=True))
    for place, repair in enumerate(findings.repairs):
        if repair.kind in _LOST:
            names = tuple(sorted((called.get(one, one) for one in repair.ids), key=_by_number))
            spots = tuple((called.get(name, name), shape) for name, shape in repair.places)
            findings.repairs[place] = replace(repair, ids=names, places=spots)


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name


def _filled(
    contract: Contract,
    table: pd.DataFrame,
    columns: Mapping[str, str],
    checked: tuple[tuple[str, ...], pd.Index],
    findings: Findings,
) -> pd.DataFrame:
    """Every column in the type its contract promises; keys beyond the contract are kept as they mean.

    ``checked`` are the counts that no row may lack, and what the rows are called where one is at fault.
    """
    required, shown = checked
    own = [*contract.texts, *contract.claims, *contract.counts, *contract.lengths]
    keys = [*own, *(key for key in columns if key not in (*own, "id", "x", "y"))]
    names = table.index
    filled: dict[str, object] = {}
    for key in keys:
        is_count = key in contract.counts or (key not in own and key in NUMBER_KEYS)
        if key not in columns:
            filled[key] = np.full(len(table), np.nan) if is_count or key in contract.lengths else ""
            continue
        values = table[key].rename(columns[key])
        if is_count:
            filled[key] = counts(values, shown, findings, required=key in required)
        elif key in contract.lengths:
            filled[key] = lengths(values, shown, findings)
        else:
            plain_texts = codes if key in CODES else texts
            is_claim = key in contract.claims
            filled[key] = claims(values, names.to_series(index=names)) if is_claim else plain_texts(values)
    plain = pd.DataFrame(filled, index=names)
    plain = plain.astype(dict.fromkeys(plain.select_dtypes(exclude="number").columns, "str"))
    if isinstance(table, gpd.GeoDataFrame):
        plain = gpd.GeoDataFrame(plain, geometry=table.geometry.to_numpy(), crs=table.crs)
    return plain


def _with_occupancy(table: pd.DataFrame, spec: LayerSpec, findings: Findings) -> pd.DataFrame:
    """The table with households taken from dwellings, at the declared occupancy, where only dwellings are known."""
    share = spec.counting.occupancy
    if share is None:
        return table
    if "dwellings" not in table or table["dwellings"].isna().all():
        findings.fault(
            f'occupancy = {share:g} needs the dwellings that it is a share of; name their column: dwellings = "..."',
            f'occupancy = {share:g} 须有套数；请指明列：dwellings = "..."',
        )
        return table
    derived = table["households"].isna() & table["dwellings"].notna()
    findings.repair("occupancy", table.index[derived], values=[share])
    return table.assign(households=table["households"].fillna(table["dwellings"] * share))


def _fit(contract: Contract, table: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    if findings.layer == "buildings":
        table = without_repeated_footprints(table, findings)
    if contract.kinds != ("point",):
        return repaired(table, contract.kinds, findings, whole=contract.whole)
    if findings.layer == "events" and (table["community"] != "").any():
        # A count by community needs no point: such rows stay, without one.
        placed = ~table.geometry.isna() & ~table.geometry.is_empty
        points = centred(repaired(table[placed], ("point", "line", "polygon"), findings), findings)
        return pd.concat([points, table[~placed & (table["community"] != "")]])
    return centred(repaired(table, ("point", "line", "polygon"), findings), findings)
