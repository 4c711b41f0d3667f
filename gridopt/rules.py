"""The rules of division: size, proximity, governance, by area kind, and what may be relaxed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gridopt.errors import RuleError, preview

AREA_KINDS = ("urban", "old_town", "fringe", "commercial", "park", "rural", "hill")
RELAXATIONS = (
    "proximity.max_walk",
    "size.low",
    "size.high",
    "governance.keep_whole",
    "size.high.unlimited",
)


def _frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True)
class Bounds:
    """Least and most of one measure in a grid; None where there is no limit."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Size:
    """规模适度, moderate in size. The defaults are provincial practice: confirm locally.

    ``measure`` is the column that sizes are counted in, ``low`` and ``high`` its hard bounds, ``target``
    chooses the number of grids, no border moves for size inside ``comfort``, and ``stretch`` is how far
    above ``high`` a grid may go (as a factor) before a kept-whole group is split. ``also`` bounds
    further measures. ``measure`` may be a formula over columns (``"households + 0.5*shops"``) and
    ``weight_by`` adds care load to it, so much for each of a counted column (counts only). ``count`` is
    ``"auto"`` (the admissible number nearest to total / target), ``"free"`` (every admissible number is
    tried), a total for the city, or a table by township or community id.
    """

    measure: str = "households"
    low: float = 300
    target: float = 350
    high: float = 500
    comfort: tuple[float, float] = (330, 450)
    stretch: float = 1.2
    count: str | int | Mapping[str, int] = "auto"
    also: Mapping[str, Bounds] = field(default_factory=lambda: {"residents": Bounds(high=2500)})
    weight: float = 1.0
    weight_by: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "also", _frozen(self.also))
        object.__setattr__(self, "weight_by", _frozen(self.weight_by))
        if isinstance(self.count, Mapping):
            object.__setattr__(self, "count", _frozen(self.count))


@dataclass(frozen=True)
class Proximity:
    """就近就便， near and convenient: people times squared metres to their grid's centre.

    ``max_walk`` is the longest way in metres from a grid's post (the unit nearest its weighted centroid where
    none is declared) to any unit with people, None for no limit. ``metric`` says how that way runs: ``"straight"``,
    or ``"walk"``, along streets if given, else around barriers.
    """

    weight: float = 1.0
    metric: str = "straight"
    max_walk: float | None = None


@dataclass(frozen=True)
class Governance:
    """有利治理, easy to govern: metres of border between grids, discounted along recognised lines.

    ``keep_whole`` names the layers whose groups stay in one grid, ``min_border`` is the shared edge in
    metres that makes neighbours, ``barriers`` restates the class of a line: ``{"road.primary": "wall"}``.
    ``enclosed = "forbid"`` allows no grid wholly inside another. ``homogeneity`` is what one of the size measure
    outside its grid's leading category (of housing) costs, in metres of border; 0 leaves categories alone.
    """

    weight: float = 1.0
    keep_whole: tuple[str, ...] = ("estates",)
    min_border: float = 1.0
    barriers: Mapping[str, str] = field(default_factory=dict)
    enclosed: str = "allow"
    homogeneity: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "barriers", _frozen(self.barriers))


@dataclass(frozen=True)
class Relax:
    """The order in which rules give way where no plan obeys them all, and what never does."""

    order: tuple[str, ...] = RELAXATIONS
    never: tuple[str, ...] = ()


_RURAL: Mapping[str, Any] = {"size": {"low": 100, "target": 250, "high": 400, "comfort": (150, 350)}}


@dataclass(frozen=True)
class Rules:
    """What a grid must be: no global constant, every limit may be restated for an area kind （不搞一刀切）."""

    size: Size = field(default_factory=Size)
    proximity: Proximity = field(default_factory=Proximity)
    governance: Governance = field(default_factory=Governance)
    relax: Relax = field(default_factory=Relax)
    area: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=lambda: {"rural": _RURAL})

    def __post_init__(self) -> None:
        object.__setattr__(self, "area", _frozen(self.area))
        faults = list(dict.fromkeys(f for kind in ("", *self.area) for f in _faults(self.at(kind), kind)))
        if faults:
            raise RuleError(
                "; ".join(en for en, _ in faults) + ". Correct the rules in the project file.",
                zh="；".join(zh for _, zh in faults) + "。请在项目文件中改正规则。",
            )

    def at(self, kind: str) -> Rules:
        """The rules that hold in one area kind."""
        restated = self.area.get(kind, {})
        changed = {part: dataclasses.replace(getattr(self, part), **values) for part, values in restated.items()}
        plain = {name: getattr(self, name) for name in ("size", "proximity", "governance", "relax")}
        rules = object.__new__(Rules)
        for name, value in {**plain, **changed, "area": MappingProxyType({})}.items():
            object.__setattr__(rules, name, value)
        return rules

    def to_dict(self) -> dict[str, Any]:
        """The rules as plain tables and lists, as a project file would say them."""
        return {name: _plain(getattr(self, name)) for name in ("size", "proximity", "governance", "relax", "area")}

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> Rules:
        """The rules that `to_dict` wrote; tables of other rooms (code, staff, ...) are passed over."""
        kinds = {"size": Size, "proximity": Proximity, "governance": Governance, "relax": Relax}
        parts = {name: kind(**_values(tables.get(name, {}))) for name, kind in kinds.items()}
        area = {
            kind: {name: _values(values) for name, values in restated.items()}
            for kind, restated in tables.get("area", {}).items()
        }
        return cls(**parts, area=area)

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure that any area kind bounds, the size measure first."""
        names = [self.size.measure]
        for kind in ("", *self.area):
            size = self.at(kind).size
            names += [size.measure, *size.also]
        return tuple(dict.fromkeys(names))


def _plain(value: Any) -> Any:
    """Values as tables, lists and scalars."""
    if dataclasses.is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _values(table: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one part of the rules: lists as tuples, further bounds as `Bounds`."""
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in table.items()}
    if "also" in values:
        bounds = values["also"]
        values["also"] = {name: one if isinstance(one, Bounds) else Bounds(**one) for name, one in bounds.items()}
    return values


def _faults(rules: Rules, kind: str) -> list[tuple[str, str]]:
    """(English, Chinese) for each rule that cannot hold."""
    size, where = rules.size, f"rules.area.{kind}.size" if kind else "rules.size"
    faults = []
    if not 0 <= size.low <= size.high:
        faults.append(
            (
                f"{where}: low = {size.low:g} is above high = {size.high:g} or below 0",
                f"{where}：下限 low = {size.low:g} 大于上限 high = {size.high:g}，或小于 0",
            )
        )
    if not size.low <= size.target <= size.high:
        faults.append(
            (
                f"{where}: target = {size.target:g} lies outside {size.low:g}-{size.high:g}",
                f"{where}：目标 target = {size.target:g} 不在 {size.low:g}-{size.high:g} 之内",
            )
        )
    if size.target <= 0:
        faults.append((f"{where}: target must be above 0", f"{where}：目标 target 须大于 0"))
    if size.comfort[0] > size.comfort[1]:
        faults.append((f"{where}: comfort runs downwards", f"{where}：comfort 上下限颠倒"))
    if size.stretch < 1:
        faults.append((f"{where}: stretch must be at least 1", f"{where}：stretch 不得小于 1"))
    for name, bounds in size.also.items():
        if bounds.low is not None and bounds.high is not None and bounds.low > bounds.high:
            faults.append((f"{where}.also.{name}: low is above high", f"{where}.also.{name}：下限大于上限"))
    faults += _choices(rules)
    unknown = [r for r in (*rules.relax.order, *rules.relax.never) if r not in RELAXATIONS]
    if unknown:
        faults.append(
            (
                f"rules.relax: unknown {preview(unknown)}; known: {', '.join(RELAXATIONS)}",
                f"rules.relax：未知项 {preview(unknown)}；可用：{'、'.join(RELAXATIONS)}",
            )
        )
    return faults


def _choices(rules: Rules) -> list[tuple[str, str]]:
    """(English, Chinese) for each choice that is not offered."""
    faults = []
    choices = (("proximity.metric", rules.proximity.metric, ("straight", "walk")),
               ("governance.enclosed", rules.governance.enclosed, ("allow", "forbid")))  # fmt: skip
    for name, chosen, offered in choices:
        if chosen not in offered:
            faults.append(
                (
                    f'rules.{name} = "{chosen}" is not offered; choose {" or ".join(offered)}',
                    f'rules.{name} = "{chosen}" 不可用，请选 {" 或 ".join(offered)}',
                )
            )
    return faults
