"""The rules of division: size, proximity, governance, by area kind, and what may be relaxed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gridopt.errors import RuleError, preview
from gridopt.formula import parse, quoted, with_weights

AREA_KINDS = ("urban", "old_town", "fringe", "commercial", "park", "rural", "hill")
RELAXATIONS = (
    "proximity.max_walk",
    "size.low",
    "size.high",
    "governance.keep_whole",
    "size.high.unlimited",
)
Fault = tuple[str, str]


LAST_RELAXED = ("size.also", "governance.enclosed", "decisions", "dedicated", "barriers", "connected")
"""What gives way when every one of `RELAXATIONS` has; ``never`` may name them too."""


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
            object.__setattr__(self, "count", _frozen({str(key): number for key, number in self.count.items()}))

    @property
    def counted(self) -> str:
        """What the size of a grid is counted in: ``measure`` plus its care load, as one formula over columns."""
        return with_weights(self.measure, self.weight_by)


@dataclass(frozen=True)
class Proximity:
    """就近就便， near and convenient: people times squared metres to their grid's centre.

    ``max_walk`` is the longest way in metres from a grid's post (the unit nearest its weighted centroid where
    none is declared) to any unit with people, None for no limit. ``metric`` says how that way runs: ``"straight"``,
    or ``"walk"``, along streets if given, else around barriers. ``posts`` names the tier of facilities that are the
    posts of grids, None where none are declared: in a community with such posts each is the centre of one grid, and
    proximity and walks are measured from it.
    """

    weight: float = 1.0
    metric: str = "straight"
    max_walk: float | None = None
    posts: str | None = None


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
        faults = list(dict.fromkeys(f for kind in ("", *self.area) for f in self._own_faults(kind)))
        faults += _restated_counts(self.area)
        if faults:
            raise RuleError(
                "; ".join(en for en, _ in faults) + ". Correct the rules in the project file.",
                zh="；".join(zh for _, zh in faults) + "。请在项目文件中改正规则。",
            )

    def _own_faults(self, kind: str) -> list[Fault]:
        """The faults of one area kind, but for those that it has from the rules for all."""
        everywhere = {zh.partition("：")[2] for _, zh in _faults(self.at(""), "")} if kind else set()
        return [fault for fault in _faults(self.at(kind), kind) if fault[1].partition("：")[2] not in everywhere]

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
        """Every measure that any area kind bounds, as formulas over columns, the size measure first."""
        names: list[str] = []
        for kind in ("", *self.area):
            size = self.at(kind).size
            names += [size.counted, *size.also]
        return tuple(dict.fromkeys(names))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a measure is counted from, each once."""
        return tuple(dict.fromkeys(column for measure in self.measures for column in parse(measure).columns))


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


def _faults(rules: Rules, kind: str) -> list[Fault]:
    """(English, Chinese) for each rule that cannot hold."""
    where = f"rules.area.{kind}.size" if kind else "rules.size"
    faults = _no_numbers(rules.size, where) or [*_bound_faults(rules.size, where), *_also_faults(rules.size, where)]
    faults += [*_counted_faults(rules.size, where), *_count_faults(rules.size.count), *_weight_faults(rules)]
    faults += [*_choices(rules), *_length_faults(rules)]
    for key, names, known in (
        ("order", rules.relax.order, RELAXATIONS),
        ("never", rules.relax.never, (*RELAXATIONS, *LAST_RELAXED)),
    ):
        unknown = [name for name in names if name not in known]
        if unknown:
            faults.append(
                (
                    f"rules.relax.{key}: unknown {preview(unknown)}; known: {', '.join(known)}",
                    f"rules.relax.{key}：未知项 {preview(unknown)}；可用：{'、'.join(known)}",
                )
            )
    return faults


def _no_numbers(size: Size, where: str) -> list[Fault]:
    """Figures that are no numbers: with these nothing else can be judged."""
    named = [(name, getattr(size, name)) for name in ("low", "target", "high", "stretch")]
    named += [
        (f"also.{name}.{side}", getattr(one, side)) for name, one in size.also.items() for side in ("low", "high")
    ]
    named += [(f"comfort[{i}]", one) for i, one in enumerate(size.comfort)]
    wrong = [
        (name, value) for name, value in named if not _is_number(value) and (value is not None or "also" not in name)
    ]
    return [
        (f"{where}: {name} = {value!r} is no number", f"{where}：{name} = {value!r} 不是数字") for name, value in wrong
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _bound_faults(size: Size, where: str) -> list[Fault]:
    low, target, high = size.low, size.target, size.high
    said = (
        (low < 0, f"low = {low:g} is below 0", f"下限 low = {low:g} 小于 0"),
        (low > high, f"low = {low:g} is above high = {high:g}", f"下限 low = {low:g} 大于上限 high = {high:g}"),
        (
            low <= high and not low <= target <= high,
            f"target = {target:g} lies outside {low:g}-{high:g}",
            f"目标 target = {target:g} 不在 {low:g}-{high:g} 之内",
        ),
        (target <= 0, "target must be above 0", "目标 target 须大于 0"),
        (size.comfort[0] > size.comfort[1], "comfort runs downwards", "comfort 上下限颠倒"),
        (size.stretch < 1, "stretch must be at least 1", "stretch 不得小于 1"),
    )
    return [(f"{where}: {en}", f"{where}：{zh}") for is_wrong, en, zh in said if is_wrong]


def _also_faults(size: Size, where: str) -> list[Fault]:
    faults = []
    for name, bounds in size.also.items():
        low, high = bounds.low or 0.0, math.inf if bounds.high is None else bounds.high
        said = (
            (low > high, "low is above high", "下限大于上限"),
            (low < 0 or high < 0, "a bound is below 0", "上下限不得小于 0"),
        )
        faults += [
            (f"{where}.also.{name}: {en}", f"{where}.also.{name}：{zh}") for is_wrong, en, zh in said if is_wrong
        ]
    return faults


def _counted_faults(size: Size, where: str) -> list[Fault]:
    """Formulas that cannot be read, and columns that are counted with a weight below 0."""
    faults = []
    for name, text, is_column in (
        ("measure", size.measure, False),
        *(("also", name, True) for name in size.also),
        *(("weight_by", quoted(name), True) for name in size.weight_by),
    ):
        try:
            if is_column and len(parse(text).steps) > 1:
                faults.append((f"{where}.{name}: {text} is no single column", f"{where}.{name}：{text} 不是单独一列"))
            parse(text)
        except RuleError as error:
            faults.append((f"{where}.{name}: {error}", f"{where}.{name}：{error.text('zh')}"))
    heavy = [
        f"{name} = {one!r}" for name, one in size.weight_by.items() if not _is_number(one) or not 0 <= one < math.inf
    ]
    if heavy:
        listed = preview(heavy)
        faults.append((f"{where}.weight_by: {listed} must be 0 or more", f"{where}.weight_by：{listed} 不得小于 0"))
    return faults


def _count_faults(count: object) -> list[Fault]:
    """A number of grids is a whole number of at least 1, by itself or in a table."""
    numbers = list(count.values()) if isinstance(count, Mapping) else [count]
    whole = [isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in numbers]
    if count in ("auto", "free") or (numbers and all(whole)):
        return []
    given = dict(count) if isinstance(count, Mapping) else count
    return [
        (
            f'rules.size.count = {given!r}: give "auto", "free", a whole number from 1, or a table of these by '
            "township or community id",
            f'rules.size.count = {given!r}：可为 "auto"、"free"、不小于 1 的整数，'
            "或按乡镇（街道）、村（社区）编码列出的表",
        )
    ]


def _weight_faults(rules: Rules) -> list[Fault]:
    weights = {"size": rules.size.weight, "proximity": rules.proximity.weight, "governance": rules.governance.weight}
    return [
        (
            f"rules.{name}: weight = {weight!r} must be a number of at least 0",
            f"rules.{name}：权重 weight = {weight!r} 应为不小于 0 的数",
        )
        for name, weight in weights.items()
        if not _is_number(weight) or not 0 <= weight < math.inf
    ]


def _restated_counts(area: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Fault]:
    """A number of grids belongs to places, not to area kinds."""
    counts = {kind: parts.get("size", {}).get("count", "auto") for kind, parts in area.items()}
    wrong = [kind for kind, count in counts.items() if count not in ("auto", "free")]
    return [
        (
            f'rules.area.{kind}.size: count by area kind is "auto" or "free"; give numbers in rules.size.count',
            f'rules.area.{kind}.size：按区域类型的 count 只可为 "auto" 或 "free"；具体数目请写在 rules.size.count',
        )
        for kind in wrong
    ]


def _length_faults(rules: Rules) -> list[Fault]:
    walk, posts, homogeneity = rules.proximity.max_walk, rules.proximity.posts, rules.governance.homogeneity
    faults = []
    if walk is not None and not (_is_number(walk) and walk > 0):
        faults.append(
            (
                f"rules.proximity: max_walk = {walk!r} must be a number above 0; leave it out for no limit",
                f"rules.proximity：max_walk = {walk!r} 须为大于 0 的数；不设上限时请删去该项",
            )
        )
    if posts is not None and not (isinstance(posts, str) and posts):
        faults.append(
            (
                f"rules.proximity: posts = {posts!r} must name a tier of facilities; leave it out for none",
                f"rules.proximity：posts = {posts!r} 须为设施层级名称；不设网格站点时请删去该项",
            )
        )
    if not _is_number(homogeneity) or not 0 <= homogeneity < math.inf:
        faults.append(
            (
                f"rules.governance: homogeneity = {homogeneity!r} must be a number of at least 0",
                f"rules.governance：homogeneity = {homogeneity!r} 应为不小于 0 的数",
            )
        )
    return faults


def _choices(rules: Rules) -> list[Fault]:
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
