"""The golden records due: the latest row of each source per key, then each attribute by its authority."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from simulation.truth.standing import Standing
from simulation.world.calendar import AS_OF
from simulation.world.names import MIDDLE_DOTS, lookalikes

VALID = " (valid)"  # a source's latest row that is still valid
_SIGNS = str.maketrans(
    {radical: sign for sign, radical in lookalikes().items()} | dict.fromkeys(["·", *MIDDLE_DOTS], "")
)


@dataclass(frozen=True)
class Row:
    """What a row says, its version, and the warnings that were planted in it, as `<column>.<check>`."""

    values: dict[str, str | None]
    moment: str | None
    warnings: tuple[str, ...] = ()

    def is_sound(self, column: str) -> bool:
        return not any(rule.startswith(f"{column}.") for rule in self.warnings)


@dataclass(frozen=True)
class Claim:
    """What a source says of an attribute; `is_sound` if nothing is wrong with the value by itself."""

    moment: str
    value: str
    source: str
    is_sound: bool


@dataclass(frozen=True)
class Attribute:
    """Sources in the order of their authority, each `source` or `source.column`."""

    name: str
    sources: tuple[str, ...]
    latest: bool = False
    compared: bool = True
    otherwise: str = ""
    until: tuple[str, ...] = ()  # sources whose word counts only while it is valid

    def claims(self, rows: dict[str, Row]) -> list[Claim]:
        """What each source says that holds a value, in the order of authority."""
        held = []
        for voice, source, column in self._places:
            row = rows.get(voice)
            if row is not None and (value := row.values[column]) is not None:
                held.append(Claim(str(row.moment), value, source, row.is_sound(column)))
        return held

    @cached_property
    def _places(self) -> list[tuple[str, str, str]]:
        """Whose row is looked at, the source, and the column."""
        places = [place.partition(".") for place in self.sources]
        return [
            (source + VALID if source in self.until else source, source, column or self.name)
            for source, _, column in places
        ]


H, R, S, D = "household_registration", "residence_permit", "social_insurance", "death_registration"
M, C, K = "market_entity", "civil_organisation", "credit_code_check"
COMMITTEE, INSTITUTION, LEGAL_SERVICE = "grassroots_committee", "public_institution", "legal_service_organisation"
VENUE, UNION, COLLECTIVE = "religious_venue", "trade_union", "rural_collective"
REGISTERS = (M, C, COMMITTEE, INSTITUTION, LEGAL_SERVICE, VENUE, UNION, COLLECTIVE)
HEADED = tuple(register for register in REGISTERS if register != VENUE)
FUNDED = (M, C, INSTITUTION, LEGAL_SERVICE)
PERSON = [
    Attribute("person_name", (H, R, S, D)),
    Attribute("sex", (H, R, D), otherwise="sex"),
    Attribute("birth_date", (H,), otherwise="birth_date"),
    Attribute("ethnicity", (H, R)),
    Attribute("education_level", (H,)),
    Attribute("household_region", (H, R)),
    Attribute("household_address", (H,)),
    Attribute("residence_region", (R, H + ".household_region"), latest=True, until=(R,)),
    Attribute("residence_address", (R, H + ".household_address"), latest=True, until=(R,)),
    Attribute("insured_region", (S,), latest=True),
    Attribute("phone", (R, S), latest=True),
    Attribute("died_on", (D,)),
]
LEGAL_ENTITY = [
    Attribute("entity_name", (*REGISTERS, K)),
    Attribute("entity_type", (*(register for register in REGISTERS if register != UNION), K), compared=False),
    Attribute("registration_number", (M, C, INSTITUTION, LEGAL_SERVICE, VENUE), compared=False),
    Attribute("state", (*REGISTERS, K)),
    Attribute("established_on", (M, C, UNION)),
    Attribute("registered_capital", FUNDED),
    Attribute("capital_currency", FUNDED),
    Attribute("representative_name", HEADED),
    Attribute("representative_id", HEADED),
    Attribute("business_scope", FUNDED),
    Attribute("registered_region", REGISTERS, otherwise="region"),
    Attribute("registered_address", REGISTERS),
    Attribute("phone", HEADED),
    Attribute("registrar", REGISTERS),
    Attribute("checked_on", (K,)),
]


def name_key(name: str) -> str:
    """What two spellings of one name have in common."""
    plain = unicodedata.normalize("NFKC", name.translate(_SIGNS)).translate(_SIGNS)
    return re.sub(r"\s", "", plain).casefold()


def claims(standings: Iterable[Standing], key: str, attributes: list[Attribute]) -> dict[str, dict[str, Row]]:
    """Golden key → source → the values of its latest row."""
    held: dict[str, dict[str, Row]] = {}
    for standing in standings:
        source = standing.table.source
        ends = any(source in attribute.until for attribute in attributes)
        names = [*_columns_of(source, attributes), *(["valid_to"] if ends else [])]
        rows = zip(standing.values(key), standing.moments(), standing.warnings(), strict=True)
        columns = [standing.values(name) for name in names]
        for at, (identity, moment, warnings) in enumerate(rows):
            sources = held.setdefault(str(identity), {})
            row = Row({name: column[at] for name, column in zip(names, columns, strict=True)}, moment, warnings)
            _keep_later(sources, source, row)
            if ends and not is_over(row.values["valid_to"]):
                _keep_later(sources, source + VALID, row)
    return held


def _keep_later(sources: dict[str, Row], name: str, row: Row) -> None:
    before = sources.get(name)
    # Of two equal moments the row that came last.
    if before is None or str(before.moment) <= str(row.moment):
        sources[name] = row


def is_over(valid_to: str | None) -> bool:
    """Whether what is valid to a day is over when the files are delivered, some time after the last of them."""
    return valid_to is not None and valid_to < AS_OF.isoformat()


def _columns_of(source: str, attributes: list[Attribute]) -> list[str]:
    wanted = {}
    for attribute in attributes:
        for place in attribute.sources:
            name, _, column = place.partition(".")
            if name == source:
                wanted[column or attribute.name] = True
    return list(wanted)


@dataclass(frozen=True)
class Golden:
    """What stands for a key, attribute by attribute: the value, the source it is from, and what is disputed."""

    values: list[str | None]
    sources: list[str | None]
    disputed: list[str]


def resolve(key: str, key_name: str, rows: dict[str, Row], attributes: list[Attribute]) -> Golden:
    """The golden record of one key, which is known as `key_name`.

    What is wrong by itself stands only where neither another source nor the key gives anything better.
    """
    values: list[str | None] = []
    sources: list[str | None] = []
    disputed = []
    for attribute in attributes:
        held = attribute.claims(rows)
        sound = [claim for claim in held if claim.is_sound]
        derived = _from_key(attribute.otherwise, key)
        is_sound_key = all(f"{key_name}.{attribute.otherwise}" not in row.warnings for row in rows.values())
        if derived is not None and not sound and (is_sound_key or not held):
            values.append(derived)
            sources.append(key_name)
        elif best := sound or held:
            chosen = max(best, key=lambda claim: claim.moment) if attribute.latest else best[0]
            values.append(chosen.value)
            sources.append(chosen.source)
        else:
            values.append(None)
            sources.append(None)
        if attribute.compared and not attribute.latest and _differ(attribute.name, [claim.value for claim in held]):
            disputed.append(attribute.name)
    return Golden(values, sources, disputed)


def _differ(attribute: str, values: list[str]) -> bool:
    if len(set(values)) <= 1:
        return False
    named = attribute in ("person_name", "entity_name", "representative_name")
    return not named or len({name_key(value) for value in values}) > 1


def _from_key(what: str, key: str) -> str | None:
    match what:
        case "sex":
            return "1" if int(key[16]) % 2 else "2"
        case "birth_date":
            return f"{key[6:10]}-{key[10:12]}-{key[12:14]}"
        case "region":
            return key[2:8]
        case _:
            return None
