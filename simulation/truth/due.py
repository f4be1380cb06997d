"""What every table must hold once all files are in, and which of its rows each city must get back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from simulation.contracts import contract
from simulation.source import About
from simulation.sources import first_sources, sources
from simulation.truth import derived, organisations
from simulation.truth.against_register import Known
from simulation.truth.credentials import credentials_due, numbers_of_before
from simulation.truth.derived import Columns
from simulation.truth.golden import LEGAL_ENTITY, PERSON, VALID, Attribute, Row, claims, resolve
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.places import city_of

Records = dict[str, dict[str, str | None]]
Regions = Mapping[str, str | None]
# Elements that may be an id number, and so one of before 1999.
NUMBERS = {"id_number", "person_document", "related_document"}
_FOUNDATION = "foundation"
_ENDED = ("2", "3", "4")  # revoked, cancelled, withdrawn


class EntitiesDue:
    """The tables about legal entities; some wait until all that is said of them, and who they insure, is known."""

    def __init__(self, truth: Truth, registers: Sequence[Standing]) -> None:
        self.truth = truth
        self.registers = registers
        registers_due(truth, registers)
        self.records = _golden_due(truth, "legal_entity", registers, "credit_code", LEGAL_ENTITY)
        self._heads = organisations.heads(registers)
        self._died: dict[str, str | None] = {}

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Number of the head and code of the organisation, for each row that golden records take a head from."""
        golden = [register for register in self.registers if register.table.source != organisations.VENUE]
        return [(head.id_number, head.credit_code) for head in organisations.heads(golden)]

    @property
    def market_heads(self) -> frozenset[str]:
        """Numbers of those who head an enterprise, trader or cooperative that goes on."""
        going_on = (
            record for code, record in self.records.items() if code.startswith("9") and record["state"] not in _ENDED
        )
        return frozenset(record["representative_id"] or "" for record in going_on) - {""}

    def meet(self, people: Records) -> None:
        """Be told of people who are known; those of them count who head an organisation."""
        heads = {head.id_number for head in self._heads}
        self._died |= {number: people[number]["died_on"] for number in heads & people.keys()}

    def finish(self, staff: Mapping[str, int]) -> None:
        """The tables that wait for people: heads of organisations, and how many each has insured."""
        for head in organisations.dead_heads(self._heads, self._died, self.records):
            self.truth.finding("legal_entity", "representative_dead", head.credit_code)
        regions = {code: values["registered_region"] for code, values in self.records.items()}
        _record_returned(self.truth, "legal_entity", "credit_code", regions)
        tables = {
            "legal_representative": organisations.representatives(self.records, self._died),
            "code_check": organisations.code_checks(self.registers),
        }
        for name, table in tables.items():
            self.truth.table(f"{_FOUNDATION}/legal_entity/{name}", table)
            codes = table["credit_code"]
            self.truth.returned(f"legal_entity/{name}", [regions[str(code)] for code in codes], {"credit_code": codes})
        self._files(staff)

    def _files(self, staff: Mapping[str, int]) -> None:
        checked = organisations.check_results(self.registers)
        conflicts, findings = _doubts(self.truth, "legal_entity")
        due = derived.enterprise_files(self.records, checked, staff, conflicts, findings)
        self.truth.table("theme/enterprise_file/enterprise_file", due)


def insured_by(registers: Sequence[Standing]) -> Counter[str]:
    """How many living people of a block each employer has insured."""
    by_source = _by_source(registers)
    buried = {*derived.deaths(by_source["death_registration"])["id_number"]}
    return derived.staff(derived.social_security(by_source["social_insurance"]), buried)


def people_due(
    truth: Truth,
    registers: Sequence[Standing],
    elsewhere: Sequence[Standing],
    entities: Records,
    introduce: Callable[[Records], None],
) -> Counter[str]:
    """The tables about a block of people; gives how many of them each employer has insured.

    `elsewhere` are registers about others that hold numbers of people, `entities` the golden records of organisations;
    to `introduce` those of people are shown.
    """
    by_source = _by_source(registers)
    married, insured = by_source["marriage_registration"], by_source["social_insurance"]
    dead = by_source["death_registration"]
    registers_due(truth, registers)
    people = _golden_due(truth, "person", [*registers, *elsewhere], "id_number", PERSON)
    introduce(people)
    scope = ("residence_region", "household_region", "insured_region")
    regions = {number: _first_in_a_city(values[name] for name in scope) for number, values in people.items()}
    tables = {
        "marriage": (derived.marriages(married), ["id_number"]),
        "social_security": (derived.social_security(insured), ["id_number", "insurance_type"]),
        "death": (derived.deaths(dead), ["id_number"]),
        "id_alias": (
            derived.aliases([*registers, *elsewhere], numbers_of_before(elsewhere)),
            ["alias", "source", "column"],
        ),
    }
    credentials_due(truth, [*registers, *elsewhere], people, entities, regions)
    for name, (due, key) in tables.items():
        truth.table(f"{_FOUNDATION}/person/{name}", due)
        places = [regions.get(str(number)) for number in due["id_number"]]
        if "insured_region" in due:
            # Known or not, a person is insured somewhere.
            places = [_first_in_a_city(both) for both in zip(places, due["insured_region"], strict=True)]
        truth.returned(f"person/{name}", places, {column: due[column] for column in key})
    known = Known(by_source, people, regions)
    for source in by_source:
        if held_against := sources()[source].held_against:
            held_against(truth, known)
    _record_returned(truth, "person", "id_number", regions)
    marriages, insurances = tables["marriage"][0], tables["social_security"][0]
    buried = set(tables["death"][0]["id_number"])
    files = derived.person_files(people, marriages, insurances, *_doubts(truth, "person"))
    truth.table("theme/personal_file/person_file", files)
    truth.forget("person")
    return derived.staff(insurances, buried)


def _first_in_a_city(regions: Iterable[str | None]) -> str | None:
    return next((region for region in regions if city_of(region)), None)


def _by_source(registers: Sequence[Standing]) -> dict[str, Standing]:
    return {register.table.source: register for register in registers}


def registers_due(truth: Truth, registers: Sequence[Standing]) -> None:
    """Standard, withdrawn keys and old numbers of each register."""
    for register in registers:
        truth.table(f"standard/{register.table.source}", register.columns())
        if contract(register.table.source).is_deleted_from:
            truth.table(f"withdrawn/{register.table.source}", register.withdrawn_keys())
        if NUMBERS & {*contract(register.table.source).elements.values()}:
            truth.table(f"alias/{register.table.source}", derived.old_forms(register))


def _golden_due(
    truth: Truth, record: str, registers: Sequence[Standing], key: str, attributes: list[Attribute]
) -> Records:
    feeding = [register for register in registers if contract(register.table.source).feeds == record]
    held = claims(feeding, key, attributes)
    names = [attribute.name for attribute in attributes]
    golden = {identity: resolve(identity, key, held[identity], attributes) for identity in sorted(held)}
    disputed = {(identity, attribute) for identity, record in golden.items() for attribute in record.disputed}
    _tell_conflicts(truth, record, disputed, held, key, attributes)
    columns: Columns = {key: list(golden)}
    for at, name in enumerate(names):
        columns[name] = [row.values[at] for row in golden.values()]
        columns[f"{name}_source"] = [row.sources[at] for row in golden.values()]
        doubtful = {identity for identity, attribute in disputed if attribute == name}
        columns[f"{name}_disputed"] = ["true" if identity in doubtful else "false" for identity in golden]
    truth.table(f"golden_{record}", columns)
    return {identity: dict(zip(names, row.values, strict=True)) for identity, row in golden.items()}


def _tell_conflicts(
    truth: Truth,
    record: str,
    disputed: set[tuple[str, str]],
    held: Mapping[str, Mapping[str, Row]],
    key: str,
    attributes: list[Attribute],
) -> None:
    """All that is disputed: what is so among the sources in which conflicts are planted, and what follows with others.

    Of persons those are the first sources; another name or sex that is planted in a later one, for a rule or a finding
    of its own, is a conflict wherever it is the last that the source says.
    """
    first = {source.name for source in first_sources(About.PEOPLE)}
    planted = disputed
    if record == "person":
        of_first = {
            identity: {voice: row for voice, row in rows.items() if voice.removesuffix(VALID) in first}
            for identity, rows in held.items()
        }
        planted = {
            (identity, attribute)
            for identity, rows in of_first.items()
            for attribute in resolve(identity, key, rows, attributes).disputed
        }
    truth.check_conflicts(record, planted)
    for identity, attribute in sorted(disputed - planted):
        truth.conflict(record, identity, attribute, f"conflict_{attribute}")


def _record_returned(truth: Truth, record: str, key: str, regions: Regions) -> None:
    """A golden record's own rows, and the conflicts and findings that are about it."""
    truth.returned(f"{record}/{record}", regions.values(), {key: list(regions)})
    conflicts = sorted(truth.conflicts[record])
    places = [regions.get(subject) for subject, _ in conflicts]
    truth.returned(
        f"{record}/conflict",
        places,
        {key: [identity for identity, _ in conflicts], "attribute": [name for _, name in conflicts]},
    )
    findings = sorted(truth.findings[record])
    places = [regions.get(subject) for _, subject in findings]
    truth.returned(
        f"{record}/finding",
        places,
        {"rule": [rule for rule, _ in findings], "subject": [subject for _, subject in findings]},
    )


def _doubts(truth: Truth, database: str) -> tuple[Counter[str], Counter[str]]:
    """How many attributes are disputed and how many rows are at fault, per subject."""
    conflicts = Counter(subject for subject, _ in truth.conflicts[database])
    findings: Counter[str] = Counter()
    for (_, subject), rows in truth.findings[database].items():
        findings[subject] += rows
    return conflicts, findings
