"""The tiny project with ground on it: sources and models whose keys are not those of what they are made from.

Venues come as snapshots, zones as polygons. Of them follow a venue's zone (a spatial join), pairs of zones that share
ground, whom a venue belongs to (a name looked up among persons), and how many live in a district (an aggregate).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.support.deliveries import Delivered, Row, name_of
from tests.support.tiny_project import tiny_project

VENUE = """\
title: 场所
providers: [civil_affairs]
system: 场所管理系统
legal_basis: 2024-19 第十三条（一）
key: venue_number
version: updated_at
deletes: snapshot
update: daily
sharing: unconditional
openness: none
columns:
  场所编号: {name: venue_number, element: text, required: true}
  负责人: {name: person_name, element: person_name}
  位置: {name: place, element: text, required: true}
  更新时间: {name: updated_at, element: datetime}
"""
ZONE = """\
title: 区片
providers: [civil_affairs]
system: 区片管理系统
legal_basis: 2024-19 第十三条（一）
key: zone_number
version: updated_at
deletes: {column: 操作标志, value: D}
update: daily
sharing: unconditional
openness: none
columns:
  区片编号: {name: zone_number, element: text, required: true}
  范围: {name: ground, element: text, required: true}
  更新时间: {name: updated_at, element: datetime}
"""
MODELS = '''\
"""Tables whose keys are not those of what they are made from."""

import ibis.expr.types as ir

from pipelines.modelling import geometry, model


def shapes(zone: ir.Table, number: str) -> ir.Table:
    return zone.select(**{number: zone.zone_number}, ground=geometry.from_text(zone.ground))


def places(venue: ir.Table) -> ir.Table:
    return venue.select("venue_number", place=geometry.from_text(venue.place))


def venues_on(changed: ir.Table, venue: ir.Table) -> ir.Table:
    return geometry.located(places(venue), shapes(changed, "zone_number"), point="place", area="ground").select(
        "venue_number"
    )


@model(
    title="场所所在区片",
    key=("venue_number", "zone_number"),
    affected={"venue": "venue_number", "zone": venues_on},
)
def venue_zone(venue: ir.Table, zone: ir.Table) -> ir.Table:
    """Each venue with each zone that it lies in."""
    found = geometry.located(places(venue), shapes(zone, "zone_number"), point="place", area="ground")
    return found.select("venue_number", "zone_number")


def beside(changed: ir.Table, zone: ir.Table) -> ir.Table:
    one, other = shapes(changed, "changed_number"), shapes(zone, "zone_number").rename(other_ground="ground")
    return one.join(other, geometry.intersects(one.ground, other.other_ground)).select("zone_number")


@model(
    title="重叠区片",
    key=("zone_number", "other_number"),
    affected={"zone": ["zone_number", beside]},
    columns={"other_number": "另一区片编号"},
)
def zone_overlap(zone: ir.Table) -> ir.Table:
    """Each pair of zones that share ground, both ways round."""
    one, other = shapes(zone, "zone_number"), shapes(zone, "other_number").rename(other_ground="ground")
    pairs = one.join(other, geometry.intersects(one.ground, other.other_ground))
    return pairs.filter(pairs.zone_number != pairs.other_number).select("zone_number", "other_number")


def venues_of(changed: ir.Table, venue: ir.Table) -> ir.Table:
    return venue.semi_join(changed, "person_name").select("venue_number")


@model(
    title="场所负责人",
    key="venue_number",
    affected={"venue": "venue_number", "person": venues_of},
    columns={"candidates": "同名人数"},
)
def venue_holder(venue: ir.Table, person: ir.Table) -> ir.Table:
    """Whom a venue belongs to, by name: the person where there is one of that name."""
    named = person.group_by("person_name").agg(candidates=person.count(), id_number=person.id_number.min())
    found = venue.inner_join(named, "person_name")
    return found.select("venue_number", "candidates", id_number=(found.candidates == 1).ifelse(found.id_number, None))


@model(
    title="各区划人数",
    key="household_region",
    affected={"person": "household_region"},
    columns={"people": "人数", "dead": "死亡人数"},
)
def district(person: ir.Table) -> ir.Table:
    """How many people are registered in each district."""
    known = person.filter(person.household_region.notnull())
    return known.group_by("household_region").agg(people=known.count(), dead=known.died_on.count())
'''


def ground_project(folder: Path, written: Callable[[Path], Path] = tiny_project) -> Path:
    """The tiny project, or another that is `written`, with venues, zones and what follows of them."""
    written(folder)
    sources = folder / "foundation_dbs/person/sources"
    (sources / "venue.yml").write_text(VENUE, encoding="utf-8")
    (sources / "zone.yml").write_text(ZONE, encoding="utf-8")
    (folder / "foundation_dbs/person/ground.py").write_text(MODELS, encoding="utf-8")
    return folder


def venues(chance: random.Random, file: str) -> Delivered:
    """A snapshot of some of eight venues; now and then one whose place is missing, so that it is rejected."""
    numbers = sorted(chance.sample(range(8), chance.randint(1, 8)))
    return Delivered("venue", file, [_venue(chance, number) for number in numbers])


def _venue(chance: random.Random, number: int) -> Row:
    place = f"POINT ({chance.randint(0, 9)}.5 {chance.randint(0, 9)}.5)" if chance.random() < 0.85 else ""
    return {
        "场所编号": f"V150102{number:06d}",
        "负责人": name_of(chance.randint(0, 5)),
        "位置": place,
        "更新时间": _moment(chance),
    }


def zones(chance: random.Random, file: str) -> Delivered:
    """Some of five zones, each a rectangle that may have moved, or be gone."""
    numbers = chance.sample(range(5), chance.randint(1, 3))
    return Delivered("zone", file, [_zone(chance, number) for number in numbers])


def _zone(chance: random.Random, number: int) -> Row:
    x, y, width, height = (chance.randint(0, 6), chance.randint(0, 6), chance.randint(1, 4), chance.randint(1, 4))
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return {
        "区片编号": f"Z150102{number:06d}",
        "范围": f"POLYGON (({', '.join(f'{a} {b}' for a, b in corners)}))",
        "更新时间": _moment(chance),
        "操作标志": "D" if chance.random() < 0.2 else "",
    }


def _moment(chance: random.Random) -> str:
    """Any hour of a month: later deliveries may carry older versions."""
    return f"2026-03-{chance.randint(1, 28):02d} {chance.randint(0, 23):02d}:00:00"
