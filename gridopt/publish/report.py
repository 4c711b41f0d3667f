"""``report.html`` and its pictures: first one page that a mayor can read, then the evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish import markup, report_tables
from gridopt.publish.event_section import event_section
from gridopt.publish.facts import CityFigures, city_figures, status_of
from gridopt.publish.figures import Frame, Outlines, city_map
from gridopt.publish.grid_cards import cards_section
from gridopt.publish.histogram import size_histogram
from gridopt.publish.lettering import lettering
from gridopt.publish.map_figures import hue_level
from gridopt.publish.markup import asset
from gridopt.publish.sentences import number, percent, say, speaks_otherwise
from gridopt.terms import TERMS, label

HALF_PAGE = 4.4
"""Inches of a map that shares its line with another."""
PROVED_BEST = 5e-4
"""A gap that would be shown as 0.0 %."""
EXPLAINED = (
    "grid unit base dedicated deviation walk_mean_m walk_max_m polsby_popper seam wall crossing "
    "unrecognised_border_share violations decide information blind_spots reach gap"
).split()


@dataclass(frozen=True, eq=False)
class _Report:
    """What the sections are written from."""

    plan: Plan
    posts: pd.DataFrame | None
    reach: pd.DataFrame | None
    today: Plan | None
    lang: str


def write_report(
    plan: Plan,
    folder: str | Path,
    *,
    posts: pd.DataFrame | None = None,
    reach: pd.DataFrame | None = None,
    today: Plan | None = None,
    lang: str = "zh",
) -> Path:
    """Write ``report.html`` and ``figures/*.png`` into a folder and return the path of the page.

    The page holds its pictures, runs no script and needs no network; it prints on A4. ``today`` is the
    assessed plan of the grids in force: with it the first page shows before and after. Events are told where
    ``plan.details["events"]`` has any.
    """
    report = _Report(plan, posts, reach, today, lang)
    pictures = _pictures(report)
    place = Path(folder) / "figures"
    place.mkdir(parents=True, exist_ok=True)
    for name, png in pictures.items():
        (place / f"{name}.png").write_bytes(png)
    target = Path(folder) / "report.html"
    target.write_text(_page(report, pictures), encoding="utf-8", newline="\n")
    return target


def _pictures(report: _Report) -> dict[str, bytes]:
    plan, today, lang = report.plan, report.today, report.lang
    frame = Frame.of(plan) if today is None else Frame.of(plan, today)
    drawn = partial(city_map, plan, lang=lang, outlines=Outlines.of(plan))
    pictures = {name: drawn(view=view, frame=frame) for name, view in _views(plan).items()}
    pictures["histogram"] = size_histogram(plan, lang=lang)
    if today is not None:
        half = replace(frame, inches=HALF_PAGE)
        pictures["before"] = city_map(today, view="size", frame=half, lang=lang)
        pictures["after"] = drawn(view="size", frame=half)
    return pictures


def _views(plan: Plan) -> dict[str, str]:
    views = {"city": "community", "sizes": "size"}
    return views | {"decisions": "decision"} if len(plan.to_decide) else views


def _page(report: _Report, pictures: dict[str, bytes]) -> str:
    lang = report.lang
    sections = [
        _first_page(report, pictures),
        *_evidence(report, pictures),
        markup.section(say("glossary", lang), [_glossary(lang)]),
        markup.element("footer", say("report_foot", lang)),
    ]
    content = "\n".join(part for part in sections if part)
    return markup.page(_title(report), lang=lang, style=asset("report.css"), content=content)


def _title(report: _Report) -> str:
    kind = "assess_title" if report.plan.source == "assess" else "report_title"
    return say(kind, report.lang, city=report.plan.city.name)


def _first_page(report: _Report, pictures: dict[str, bytes]) -> str:
    plan, lang = report.plan, report.lang
    figures = city_figures(plan)
    title = f"<h1>{markup.text(_title(report))}{markup.element('span', status_of(plan, lang), 'chip')}</h1>"
    counts = {name: number(plan.totals[name]) for name in ("households", "residents")}
    grids, communities = number(figures.n_grids), number(figures.n_communities)
    said = [decision_sentence(plan, lang), proof_sentence(figures, lang)]
    parts = [
        title,
        markup.element("p", say("counts", lang, grids=grids, communities=communities, **counts), "soft"),
        _headline(figures, lang),
        "".join(markup.element("p", sentence, "said") for sentence in said),
        _maps_of_first_page(report, pictures),
    ]
    if report.today is not None:
        parts.append(markup.table(report_tables.before_and_after(report.today, plan, lang)))
    return f'<section class="mayor">\n{chr(10).join(parts)}\n</section>'


def _maps_of_first_page(report: _Report, pictures: dict[str, bytes]) -> str:
    lang = report.lang
    if report.today is None:
        return markup.picture(pictures["city"], _caption(report))
    pair = [
        markup.picture(pictures["before"], f"{say('before', lang)} · {say('size_caption', lang)}"),
        markup.picture(pictures["after"], f"{say('after', lang)} · {say('size_caption', lang)}"),
    ]
    return f'<div class="pair">{"".join(pair)}</div>'


def _caption(report: _Report) -> str:
    return say("map_caption", report.lang, level=label(hue_level(report.plan), report.lang))


def _headline(figures: CityFigures, lang: str) -> str:
    """The figures that a mayor asks for first."""
    shown = [
        (number(figures.n_grids), "head_grids", ""),
        (percent(figures.within_share), "head_within", ""),
        (say("metres", lang, n=number(figures.walk_mean)), "head_walk", ""),
        (number(figures.unowned), "head_unowned", "good" if figures.unowned == 0 else "open"),
        (number(figures.n_decide), "head_decide", "open" if figures.n_decide else "good"),
    ]
    boxes = [
        f'<div class="{style}">{markup.element("b", value)}{markup.element("span", say(name, lang))}</div>'
        for value, name, style in shown
    ]
    return f'<div class="figures">{"".join(boxes)}</div>'


def proof_sentence(figures: CityFigures, lang: str) -> str:
    """How good the plan is proved to be, in a plain sentence."""
    if figures.gap is None:
        share = figures.proved_share
        return say("proof_partly", lang, share=percent(share, 0)) if share > 0 else say("proof_none", lang)
    if figures.gap < PROVED_BEST:
        return say("proof_best", lang)
    return say("proof_gap", lang, gap=percent(figures.gap))


def decision_sentence(plan: Plan, lang: str) -> str:
    """What must be decided, in a sentence: how many matters of each rule, and where the first ones are."""
    open_matters = plan.to_decide
    if open_matters.empty:
        return say("decide_nothing", lang)
    counts = open_matters["rule"].astype(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    rules = say("listing", lang).join(say("rule_count", lang, rule=label(str(r), lang), n=n) for r, n in counts.items())
    places = list(dict.fromkeys(report_tables.place_names(plan, open_matters, lang)))
    where = say("listing", lang).join(places[:3])
    more = say("and_more", lang) if len(places) > 3 else ""
    return say("decide_something", lang, n=len(open_matters), rules=rules, where=where, more=more)


def _evidence(report: _Report, pictures: dict[str, bytes]) -> list[str]:
    plan, lang = report.plan, report.lang
    no_letters = "" if lettering().writes_chinese else markup.element("p", say("no_font", lang), "note")
    maps = [markup.picture(pictures["city"], _caption(report))] if report.today is not None else []
    maps.append(markup.picture(pictures["sizes"], say("size_caption", lang)))
    if "decisions" in pictures:
        maps.append(markup.picture(pictures["decisions"], say("decision_caption", lang)))
    return [
        markup.section(say("totals", lang), [markup.table(report_tables.totals(plan, lang))]),
        markup.section(
            say("sizes", lang),
            [
                markup.element("p", _sizes_sentence(plan, lang)),
                markup.picture(pictures["histogram"], say("histogram_caption", lang)),
            ],
        ),
        markup.section(say("worst", lang), _worst(plan, lang)),
        markup.section(label("violations", lang), _matters(plan, lang)),
        cards_section(plan, lang),
        markup.section(say("maps", lang), [*maps, no_letters]),
        staff_section(plan, report.posts, lang),
        markup.section(label("reach", lang), _reach(report)),
        event_section(plan.details.get("events"), lang),
        markup.section(say("repairs", lang), _repairs(plan, lang)),
    ]


def _sizes_sentence(plan: Plan, lang: str) -> str:
    figures = city_figures(plan)
    sizes = {name: number(getattr(figures, f"size_{name}")) for name in ("median", "least", "most")}
    measure = spoken(plan.city.rules.size.counted, lang)
    return say("sizes_said", lang, measure=measure, share=percent(figures.within_share), **sizes)


def _worst(plan: Plan, lang: str) -> list[str]:
    return [
        markup.element("h3", say("worst_size", lang)),
        markup.table(report_tables.worst_by_size(plan, lang)),
        markup.element("h3", say("worst_walk", lang)),
        markup.table(report_tables.worst_by_walk(plan, lang)),
    ]


def _matters(plan: Plan, lang: str) -> list[str]:
    parts = [markup.element("p", say("other_language", lang), "note")] if speaks_otherwise(plan, lang) else []
    for kind in ("decide", "information"):
        listed = plan.violations[plan.violations["class"] == kind]
        title = say(f"matters_{kind}", lang, n=number(len(listed)))
        parts.append(markup.element("h3", title))
        if listed.empty:
            parts.append(markup.element("p", say(f"matters_no_{kind}", lang)))
            continue
        parts.append(markup.table(report_tables.matters(plan, listed, lang)))
        if len(listed) > report_tables.MOST_MATTERS:
            parts.append(
                markup.element("p", say("more_rows", lang, n=len(listed) - report_tables.MOST_MATTERS), "note")
            )
    return parts


def staff_section(plan: Plan, posts: pd.DataFrame | None, lang: str) -> str:
    """The section on staff, "" without posts."""
    if posts is None or posts.empty:
        return ""
    parts = [markup.element("p", say("staff_said", lang)), markup.table(report_tables.staff(plan, posts, lang))]
    vacant = report_tables.vacancies(plan, posts, lang)
    if vacant.rows:
        parts += [markup.element("h3", say("vacancies", lang)), markup.element("p", say("vacancies_said", lang))]
        parts.append(markup.table(vacant))
    return markup.section(say("staff", lang), parts)


def _reach(report: _Report) -> list[str]:
    if report.reach is None or report.reach.empty:
        return []
    table = report_tables.reach(report.reach, report.lang)
    return [markup.element("p", say("reach_said", report.lang)), markup.table(table)]


def _repairs(plan: Plan, lang: str) -> list[str]:
    if plan.city.repairs.empty:
        return [markup.element("p", say("no_repairs", lang))]
    return [markup.element("p", say("repairs_said", lang)), markup.table(report_tables.repairs(plan, lang))]


def _glossary(lang: str) -> str:
    rows = [
        markup.element("dt", TERMS[name].label(lang)) + markup.element("dd", TERMS[name].explain(lang))
        for name in EXPLAINED
    ]
    return f"<dl>{''.join(rows)}</dl>"
