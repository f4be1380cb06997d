"""The golden records due: the latest row of each source per key, then each attribute by its authority."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from simulation.truth.standing import Standing
from simulation.world.calendar import AS_OF
from simulation.world.names import MIDDLE_DOTS, lookalikes

_FORMS = {"id_number": r"[0-9]{17}[0-9X]", "credit_code": r".*"}  # of what a golden record is known by
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
    """Sources in the order of their authority, each `source` or `source.column`.

    `until` has those whose word counts to the day in a column of theirs, `unless` those whose word does not count where
    a column of theirs says so.
    """

    name: str
    sources: tuple[str, ...]
    latest: bool = False
    compared: bool = True
    otherwise: str = ""
    until: Mapping[str, str] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def asked_of(self, source: str) -> list[str]:
        """The columns of a source that are looked at."""
        stated = [column for _, name, column in self._places if name == source]
        return stated and [
            *stated,
            *([self.until[source]] if source in self.until else []),
            *([self.unless[source][0]] if source in self.unless else []),
        ]

    def is_valid(self, row: Row, source: str) -> bool:
        """Whether the word of a row still counts, of a source whose word ends."""
        column, over = self.unless.get(source, ("", ""))
        return not is_over(row.values[self.until[source]]) and (not column or row.values[column] != over)

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
F, B, E = "floating_population_registration", "birth_registration", "education_record"
HEALTH, DISABILITY = "health_record", "disability_registration"
QUALIFICATION, PRACTICE = "qualification_certificate", "practising_certificate"
PAYMENT, ALLOWANCE = "social_insurance_payment", "minimum_living_allowance"
FUND, ESTATE = "housing_fund", "real_estate_registration"
M, C, K = "market_entity", "civil_organisation", "credit_code_check"
COMMITTEE, INSTITUTION, LEGAL_SERVICE = "grassroots_committee", "public_institution", "legal_service_organisation"
VENUE, UNION, COLLECTIVE = "religious_venue", "trade_union", "rural_collective"
REGISTERS = (M, C, COMMITTEE, INSTITUTION, LEGAL_SERVICE, VENUE, UNION, COLLECTIVE)
HEADED = tuple(register for register in REGISTERS if register != VENUE)
FUNDED = (M, C, INSTITUTION, LEGAL_SERVICE)
CERTIFIED = (E, DISABILITY, QUALIFICATION, PRACTICE)
LIVELIHOOD = (PAYMENT, ALLOWANCE + ".member_name", FUND, ESTATE + ".holder_name")
ENDS, CANCELLED = {R: "valid_to", F: "left_on"}, {F: ("residence_event", "注销")}
PERSON = [
    Attribute("person_name", (H, R, F, S, D, B + ".child_name", HEALTH, *CERTIFIED, *LIVELIHOOD)),
    Attribute("sex", (H, R, F, D, B, HEALTH, *CERTIFIED), otherwise="sex"),
    Attribute("birth_date", (H, B + ".born_on", HEALTH), otherwise="birth_date"),
    Attribute("ethnicity", (H, R, F, HEALTH, E, DISABILITY)),
    Attribute("education_level", (E, H, DISABILITY, HEALTH), compared=False),
    Attribute("household_region", (H, R, F, DISABILITY)),
    Attribute("household_address", (H, F), compared=False),
    Attribute("residence_region", (R, F, H + ".household_region"), latest=True, until=ENDS, unless=CANCELLED),
    Attribute("residence_address", (R, F, H + ".household_address"), latest=True, until=ENDS, unless=CANCELLED),
    Attribute("insured_region", (S, PAYMENT), latest=True),
    Attribute("phone", (R, F, S, HEALTH, DISABILITY), latest=True),
    Attribute("died_on", (D,)),
]
# Where a source has the number of whom its rows are about, if the column is not named like the key.
NUMBERED = {B: "child_id", ALLOWANCE: "member_id", FUND: "document", ESTATE: "document"}
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
    """Golden key → source → the values of its latest row, and of the latest that is still valid."""
    held: dict[str, dict[str, Row]] = {}
    for standing in standings:
        source = standing.table.source
        names = list(dict.fromkeys(name for attribute in attributes for name in attribute.asked_of(source)))
        numbered = NUMBERED.get(source, key) if key == "id_number" else key
        rows = zip(standing.values(numbered), standing.moments(), standing.warnings(), strict=True)
        columns = [standing.values(name) for name in names]
        ending = next((attribute for attribute in attributes if source in attribute.until), None)
        for at, (identity, moment, warnings) in enumerate(rows):
            if identity is None or not re.fullmatch(_FORMS[key], identity):
                continue
            sources = held.setdefault(identity, {})
            row = Row({name: column[at] for name, column in zip(names, columns, strict=True)}, moment, warnings)
            _keep_later(sources, source, row)
            if ending and ending.is_valid(row, source):
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
