"""E-licence identifiers: their check character against python-stdnum, and the codes inside them, on both engines."""

from __future__ import annotations

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from pipelines.declarations.rule import Rule
from pipelines.elements.license_identifier import FORM
from pipelines.engines.base import Engine
from pipelines.rules.predicates import predicate
from tests.support.element_values import CATALOG, Computed, Each, Judged, Normalised
from tests.support.validated_views import counted, rule, texts

TYPE, ISSUER = "11100000000013338W011", "11430000006122244L"
SPECIMEN = f"1.2.156.3005.2.{TYPE}.{ISSUER}.20230000403.001.U"  # published
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHECK = rule("expect_license_identifier_check_character", column="v")

serials = st.lists(st.text(ALPHABET, min_size=1, max_size=40), min_size=1, max_size=30)
versions = st.integers(0, 999)


def closed(serial: str, version: int) -> str:
    """A whole identifier, its check character from python-stdnum."""
    body = f"{TYPE}.{ISSUER}.{serial}.{version:03}"
    return f"1.2.156.3005.2.{body}.{mod_37_36.calc_check_digit(body.replace('.', ''))}"


def another(identifier: str, shift: int) -> str:
    return identifier[:-1] + ALPHABET[(ALPHABET.index(identifier[-1]) + shift) % 36]


MALFORMED = [
    SPECIMEN[:-2],
    SPECIMEN.lower(),
    SPECIMEN.replace(".001.", ".1."),
    SPECIMEN.replace("3005", "3006"),
    SPECIMEN.replace(ISSUER, ISSUER[:-1]),
    SPECIMEN.replace(TYPE, TYPE.replace("W", "O")),
    SPECIMEN.replace(".", "-"),
    SPECIMEN + "\n",
    "数",
    "",
    None,
]


@pytest.fixture(scope="module")
def judged(computed: Computed) -> Judged:
    """Whether each row keeps a rule, in order."""

    def evaluate(tested: Rule, rows: list[tuple[str | None, ...]]) -> list[bool]:
        named = [{"place": at, **dict(zip(("v", "w"), row, strict=False))} for at, row in enumerate(rows)]
        table = ibis.memtable(named, schema={"place": "int64", **dict.fromkeys(("v", "w")[: len(rows[0])], "string")})
        found = table.select(table.place, kept=predicate(tested, table)).order_by("place")
        return [row["kept"] for row in computed(found)]

    return evaluate


def test_the_published_specimen_is_right_and_any_other_check_character_is_wrong(
    judged: Judged, either_engine: Engine
) -> None:
    cells = [SPECIMEN, *(another(SPECIMEN, shift) for shift in range(1, 36))]
    assert judged(CHECK, texts(*cells)) == [True] + [False] * 35
    assert counted(either_engine, CHECK, "v VARCHAR", texts(*cells)) == (36, 35)


def test_malformed_identifiers_are_for_the_rule_on_the_form(judged: Judged, each: Each, either_engine: Engine) -> None:
    assert judged(CHECK, texts(*MALFORMED)) == [True] * len(MALFORMED)
    assert counted(either_engine, CHECK, "v VARCHAR", texts(*MALFORMED)) == (len(MALFORMED) - 1, 0)
    for form in (FORM, CATALOG.elements["license_identifier"].checks["form"].arguments["regex"]):
        tested = rule("expect_column_values_to_match_regex", column="v", regex=form)
        assert judged(tested, texts(SPECIMEN, *MALFORMED)) == [True] + [False] * (len(MALFORMED) - 1) + [True]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(serials=serials, version=versions, shift=st.integers(1, 35))
def test_check_character_agrees_with_stdnum(judged: Judged, serials: list[str], version: int, shift: int) -> None:
    good = [closed(serial, version) for serial in serials]
    cells = [*good, *(another(identifier, shift) for identifier in good)]
    assert judged(CHECK, texts(*cells)) == [True] * len(good) + [False] * len(good)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(serials=serials, version=versions, shift=st.integers(1, 35))
def test_great_expectations_counts_the_same(
    either_engine: Engine, serials: list[str], version: int, shift: int
) -> None:
    good = [closed(serial, version) for serial in serials]
    cells = [*good, *(another(identifier, shift) for identifier in good)]
    assert counted(either_engine, CHECK, "v VARCHAR", texts(*cells)) == (len(cells), len(good))


@pytest.mark.parametrize(("part", "code"), [("type", TYPE), ("issuer", ISSUER)])
def test_codes_inside_are_those_beside(judged: Judged, either_engine: Engine, part: str, code: str) -> None:
    tested = rule("expect_license_identifier_to_hold_code", column_A="v", column_B="w", part=part)
    other = "11430000006122245L"
    rows = [(SPECIMEN, code), (SPECIMEN, other), (SPECIMEN, ""), (SPECIMEN, None), (None, code), ("1.2.156", code)]
    assert judged(tested, rows) == [True, False, False, True, True, True]
    assert counted(either_engine, tested, "v VARCHAR, w VARCHAR", rows) == (4, 2)


def test_a_part_that_no_identifier_has_is_refused() -> None:
    tested = rule("expect_license_identifier_to_hold_code", column_A="v", column_B="w", part="serial")
    with pytest.raises(ValueError, match=r"a\.rule: `part` is one of type, issuer, not serial"):
        predicate(tested, ibis.table({"v": "string", "w": "string"}, name="rows"))


def test_spellings_of_one_identifier(normalised: Normalised) -> None:
    full_width = "".join(chr(ord(sign) + 0xFEE0) for sign in SPECIMEN)
    cells = [SPECIMEN, SPECIMEN.lower(), full_width, f" {SPECIMEN[:20]} {SPECIMEN[20:]}\u3000"]
    assert normalised("license_identifier", cells) == [SPECIMEN] * len(cells)
    assert normalised("license_type_code", [TYPE.lower(), f"{TYPE} "]) == [TYPE] * 2
