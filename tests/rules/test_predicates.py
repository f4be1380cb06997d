"""Row rules as predicates: what keeps them, what breaks them, and that NULLs and malformed values do not."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from pipelines.declarations.rule import SENT, Rule
from pipelines.project.catalog import read_catalog
from pipelines.rules.predicates import predicate, with_duplicates
from tests.support.element_values import Computed, Judged

CATALOG = read_catalog(Path(__file__).resolve().parents[2])
RECEIVED = datetime.date(2026, 6, 30)
REGIONS = [code.code for code in CATALOG.codes["region"]]
TYPES = {"id": "string", "text": "string", "day": "date", "other_day": "date", "amount": "decimal(18,2)"}
Row = dict[str, Any]


def rule(type_: str, *, where: tuple[str, ...] = (), **arguments: Any) -> Rule:
    return Rule(code="some.rule", title="…", severity="critical", type=type_, arguments=arguments, where=where)


JudgedValues = Callable[[str, list[Any], Rule], list[bool]]


@pytest.fixture(scope="module")
def judged(computed: Computed) -> Judged:
    """Whether each row keeps the rule, in order."""

    def evaluate(tested: Rule, rows: list[Row], types: dict[str, str] | None = None) -> list[bool]:
        schema = {name: type_ for name, type_ in (types or TYPES).items() if name in rows[0]}
        table = ibis.memtable([{"place": n, **row} for n, row in enumerate(rows)], schema={"place": "int64", **schema})
        found = table.select(table.place, kept=predicate(tested, table)).order_by("place")
        return [row["kept"] for row in computed(found)]

    return evaluate


@pytest.fixture(scope="module")
def judged_values(judged: Judged) -> JudgedValues:
    def evaluate(column: str, values: list[Any], tested: Rule) -> list[bool]:
        return judged(tested, [{column: value} for value in values])

    return evaluate


def test_values_that_must_be_there(judged_values: JudgedValues) -> None:
    assert judged_values("text", ["a", "", None], rule("expect_column_values_to_not_be_null", column="text")) == [
        True, True, False,
    ]  # fmt: skip


def test_regexes_search_and_skip_nulls(judged_values: JudgedValues) -> None:
    matches = rule("expect_column_values_to_match_regex", column="text", regex="[0-9]{2}")
    assert judged_values("text", ["a12b", "a1b", "", None], matches) == [True, False, False, True]
    not_matches = rule("expect_column_values_to_not_match_regex", column="text", regex="[0-9]{2}")
    assert judged_values("text", ["a12b", "a1b", "", None], not_matches) == [False, True, True, True]


def test_an_end_of_line_is_no_end_of_the_value(judged_values: JudgedValues) -> None:
    """Java's `$` would let a closing line end pass, and its `.` would not match a next-line character."""
    tested = rule("expect_column_values_to_match_regex", column="text", regex="^[0-9]{3}.$")
    assert judged_values("text", ["123a", "123a\n", "123\n", "123\u0085", "123\r"], tested) == [
        True, False, False, True, True,
    ]  # fmt: skip


def test_sets_skip_nulls(judged_values: JudgedValues) -> None:
    listed = rule("expect_column_values_to_be_in_set", column="text", value_set=REGIONS)
    assert judged_values("text", ["150102", "159999", "", None], listed) == [True, False, False, True]


def test_ranges_include_their_ends_and_dates_stand_as_text(judged_values: JudgedValues) -> None:
    days = [datetime.date(1899, 12, 31), datetime.date(1900, 1, 1), None]
    plausible = rule("expect_column_values_to_be_between", column="day", min_value="1900-01-01")
    assert judged_values("day", days, plausible) == [False, True, True]
    below = rule("expect_column_values_to_be_between", column="amount", min_value=0, max_value=10, strict_max=True)
    assert judged_values("amount", [-1, 0, 10, None], below) == [False, True, False, True]


def test_pairs(judged: Judged) -> None:
    early, late = datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)
    pairs = [(early, late), (early, early), (late, early), (None, early), (early, None), (None, None)]
    rows = [{"day": a, "other_day": b} for a, b in pairs]
    columns: dict[str, Any] = {"column_A": "day", "column_B": "other_day"}
    greater = "expect_column_pair_values_a_to_be_greater_than_b"
    assert judged(rule(greater, **columns), rows) == [False, False, True, True, True, True]
    assert judged(rule(greater, or_equal=True, **columns), rows) == [False, True, True, True, True, True]
    different = rule("expect_column_pair_values_to_be_different", **columns)
    assert judged(different, rows) == [True, False, True, True, True, True]


def test_where_restricts_a_rule_to_rows_with_a_value_there(judged: Judged) -> None:
    readable = rule("expect_column_values_to_not_be_null", column="day", where=("text",))
    rows = [{"day": None, "text": "不详"}, {"day": None, "text": None}, {"day": RECEIVED, "text": "2026-06-30"}]
    assert judged(readable, rows) == [False, True, True]


MALFORMED = ["1.50102E+17", "15010219800101001", "150102X98001010014", "", "数", "1501021980010100１4", None]


class TestIdNumbers:
    def test_check_digit(self, judged_values: JudgedValues) -> None:
        tested = rule("expect_id_number_check_digit", column="id")
        good = [
            "810000199408230021",
            "830000199201300022",
            "911124198108030024",
            "150102198001010014",
            "11010519491231002X",
        ]
        wrong = ["150102198001010015", "150102198001011000", "150102198001011232", "110105194912310021"]
        assert judged_values("id", good + wrong + MALFORMED, tested) == [True] * 5 + [False] * 4 + [True] * 7

    @settings(max_examples=8, deadline=None)
    @given(
        days=st.lists(
            st.tuples(st.integers(1850, 2100), st.integers(0, 13), st.integers(0, 32)), min_size=1, max_size=99
        )
    )
    def test_birth_date(self, judged: Judged, days: list[tuple[int, int, int]]) -> None:
        def due(year: int, month: int, day: int) -> bool:
            try:
                return datetime.date(1900, 1, 1) <= datetime.date(year, month, day) <= RECEIVED
            except ValueError:
                return False

        tested = rule("expect_id_number_birth_date", column_A="id", column_B="_received_on")
        rows = [{"id": f"150102{y:04}{m:02}{d:02}0014", "_received_on": RECEIVED} for y, m, d in days]
        assert judged(tested, rows, {"id": "string", "_received_on": "date"}) == [due(*day) for day in days]

    def test_birth_date_of_malformed_numbers_and_at_the_day_of_receipt(self, judged: Judged) -> None:
        tested = rule("expect_id_number_birth_date", column_A="id", column_B="_received_on")
        cells = [
            "150102185001019960",
            "150102184912319960",
            "150102189901019959",
            "150102202606300014",
            "150102202607010014",
            "150102190001010014",
            "150102189912310014",
            *MALFORMED,
        ]
        rows = [{"id": cell, "_received_on": RECEIVED} for cell in cells]
        expected = [True, False, False, True, False, True, False] + [True] * len(MALFORMED)
        assert judged(tested, rows, {"id": "string", "_received_on": "date"}) == expected

    def test_region(self, judged_values: JudgedValues) -> None:
        tested = rule("expect_id_number_region", column="id", value_set=REGIONS)
        known = ["150102198001010014", "152101198001010014", "150100198001010014", "810000199408230021"]
        exempt = ["911124198108030024", "830000199201300022", "820000199201300022"]
        assert judged_values("id", [*known, *exempt, "159999198001010014", *MALFORMED], tested) == [True] * 7 + [
            False
        ] + [True] * len(MALFORMED)

    def test_date_that_should_match_the_number(self, judged: Judged) -> None:
        tested = rule("expect_date_to_match_id_number", column_A="day", column_B="id")
        number, born = "150102198001010014", datetime.date(1980, 1, 1)
        pairs = [(born, number), (datetime.date(1980, 1, 2), number), (None, number), (born, None), (born, "1.5E+17")]
        assert judged(tested, [{"day": day, "id": cell} for day, cell in pairs]) == [True, False, True, True, True]


class TestCreditCodes:
    @settings(max_examples=8, deadline=None)
    @given(
        bodies=st.lists(
            st.from_regex(r"[1-9][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True), min_size=1, max_size=60
        )
    )
    def test_check_digit_agrees_with_stdnum(self, judged_values: JudgedValues, bodies: list[str]) -> None:
        tested = rule("expect_credit_code_check_digit", column="text")
        good = [body + uscc.calc_check_digit(body) for body in bodies]
        wrong = [code[:-1] + ("1" if code[-1] != "1" else "2") for code in good]
        assert judged_values("text", good + wrong, tested) == [True] * len(good) + [False] * len(wrong)

    def test_departments_with_letters_and_malformed_codes(self, judged_values: JudgedValues) -> None:
        tested = rule("expect_credit_code_check_digit", column="text")
        # Not a credit code, whatever it looks like: a foreigner's number fails the check.
        cells = [
            "91150782MA0Q52DA8Y",
            "N2150782MA0Q52DA85",
            "911124198108030024",
            "91150782MA0Q52DA8",
            "9115078OMA0Q52DA8Y",
            None,
        ]
        body = "N2150782MA0Q52DA8"
        alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
        total = sum(alphabet.index(character) * weight for character, weight in zip(body, weights, strict=True))
        cells[1] = body + alphabet[-total % 31]
        assert judged_values("text", cells, tested) == [True, True, False, True, True, True]

    def test_region(self, judged_values: JudgedValues) -> None:
        tested = rule("expect_credit_code_region", column="text", value_set=REGIONS)
        cells = ["91150782MA0Q52DA8Y", "91159999MA0Q52DA8Y", "9115", None]
        assert judged_values("text", cells, tested) == [True, False, True, True]


BATCH_TYPES = {"_batch": "string", "_row": "int64", "_row_hash": "string", "key": "string", "version": "string"}
# batch, key, version, content → contradicts, repeats
BATCH_ROWS = [
    ("b1", "once", "1", "x", False, False),
    ("b1", "same", "1", "x", False, False),
    ("b1", "same", "1", "x", False, True),
    ("b1", "same", "1", "x", False, True),
    ("b1", "two", "1", "x", True, False),
    ("b1", "two", "1", "y", True, False),
    ("b1", "later", "1", "x", False, False),
    ("b1", "later", "2", "y", False, False),
    ("b1", "none", None, "x", True, False),
    ("b1", "none", None, "y", True, False),
    ("b1", "none", None, "y", True, True),
    ("b1", None, "1", "x", False, False),
    ("b1", None, "1", "y", False, False),
    ("b2", "once", "1", "y", False, False),
    ("b2", "same", "1", "x", False, False),
]


def batch_rows() -> ir.Table:
    names = ("_batch", "key", "version", "_row_hash")
    rows = [{**dict(zip(names, row[:4], strict=True)), "_row": place} for place, row in enumerate(BATCH_ROWS)]
    return ibis.memtable(rows, schema=BATCH_TYPES)


@pytest.mark.parametrize("narrowed", [False, True])
@pytest.mark.parametrize(("name", "place"), [("contradict", 4), ("repeat", 5)])
def test_rows_of_one_batch(computed: Computed, narrowed: bool, name: str, place: int) -> None:
    rows = with_duplicates(batch_rows(), ["key"], "version") if narrowed else batch_rows()
    tested = rule(f"expect_rows_not_to_{name}_in_batch", key=["key"], version="version")
    found = computed(rows.select(rows._row, kept=predicate(tested, rows)).order_by("_row"))
    assert [row["kept"] for row in found] == [not row[place] for row in BATCH_ROWS]


def test_without_a_version_column_any_other_content_contradicts(computed: Computed) -> None:
    tested = rule("expect_rows_not_to_contradict_in_batch", key=["key"], version=None)
    rows = batch_rows()
    found = computed(rows.select(rows.key, kept=predicate(tested, rows)))
    broken = {row["key"] for row in found if not row["kept"]}
    assert broken == {"two", "later", "none"}


def _few_codes(arguments: Row) -> Row:
    return {name: value[:9] if name == "value_set" else value for name, value in arguments.items()}


@pytest.mark.parametrize("name", sorted(CATALOG.contracts))
@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_every_declared_row_rule_is_an_expression_of_both_engines(name: str, dialect: str) -> None:
    contract = CATALOG.contracts[name]
    columns = {column.name: CATALOG.elements[column.element].ibis_type for column in contract.columns}
    sent = {column.name + SENT: "string" for column in contract.columns}
    evidence = {"_batch": "string", "_row": "int64", "_row_hash": "string", "_received_on": "date"}
    evidence |= {"_upsert": "boolean", "_sound": "boolean", "_latest_version": "timestamp('UTC')"}
    evidence |= {"delete_flag": "string"}
    rows = ibis.table({**columns, **sent, **evidence}, name="rows")
    batch = {"key": list(contract.key), "version": contract.version}
    tested = [
        rule.model_copy(update={"arguments": {**rule.arguments, **(batch if rule.code.startswith("row.") else {})}})
        for rule in CATALOG.rules(contract)
        if not rule.on_table
    ]
    # Compiling thousands of region codes takes seconds and shows nothing more than a few of them.
    tested = [declared.model_copy(update={"arguments": _few_codes(declared.arguments)}) for declared in tested]
    assert len(tested) > 10
    query = rows.select(**{f"r{place}": predicate(declared, rows) for place, declared in enumerate(tested)})
    assert "_row_hash" in ibis.to_sql(query, dialect=dialect)


@pytest.mark.parametrize(
    ("tested", "message"),
    [
        (rule("expect_table_row_count_to_be_between", min_value=1), "judges the whole table"),
        (rule("expect_column_values_to_sparkle", column="text"), "not known as a row rule"),
        (rule("expect_column_values_to_not_be_null", column="gone"), "no column `gone`"),
        (rule("expect_column_values_to_not_be_null", column="text", mostly=0.9), "does not take mostly"),
        (rule("expect_column_values_to_match_regex", column="text"), "needs `regex`"),
        (rule("expect_column_values_to_be_between", column="day"), "needs `min_value` or `max_value`"),
        (rule("expect_column_values_to_be_between", column="day", min_value="soon"), "'soon' is no value of type date"),
    ],
)
def test_a_rule_that_cannot_be_a_predicate_says_why(tested: Rule, message: str) -> None:
    with pytest.raises(ValueError, match=f"rule some.rule: .*{message}"):
        predicate(tested, ibis.table(TYPES, name="rows"))
