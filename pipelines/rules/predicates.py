"""Row rules as Ibis predicates: one Great Expectations type each, with the same meaning."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.rule import BATCH, ROW_NUMBER, Rule
from pipelines.elements import credit_code, document, id_number, legible, license_identifier, organisation_code
from pipelines.elements.listed import listed
from pipelines.rules.figures import FIGURES
from pipelines.rules.taking import Arguments, Predicate
from pipelines.rules.taking import column as _column
from pipelines.rules.taking import pair as _pair
from pipelines.rules.taking import take as _take

ROW_HASH, CONTRADICTS, REPEATS = "_row_hash", "_contradicts", "_repeats"


def predicate(rule: Rule, rows: ir.Table) -> ir.BooleanValue:
    """TRUE where a row of `rows` keeps the rule or the rule does not apply to it, FALSE where it breaks it; never NULL.

    Like Great Expectations' map expectations, rules on values skip NULLs; those on identifiers apply to well-formed
    ones only. Raises ValueError for a type that is no row rule, and for arguments that the type does not take.
    """
    build = PREDICATES.get(rule.type)
    if build is None:
        kind = "judges the whole table, not rows" if rule.on_table else "is not known as a row rule"
        raise ValueError(f"rule {rule.code}: {rule.type} {kind}; row rules are {', '.join(sorted(PREDICATES))}")
    arguments = dict(rule.arguments)
    kept = build(rule, arguments, rows).fill_null(True)
    if arguments:
        raise ValueError(f"rule {rule.code}: {rule.type} does not take {', '.join(sorted(arguments))}")
    return ibis.or_(
        kept, *(rows[name].isnull() for name in rule.where), *(~there for there in _asked_codes(rule, rows))
    )


def applies(rule: Rule, rows: ir.Table) -> ir.BooleanValue:
    """TRUE where a row has what the rule looks at, so that it counts as checked; never NULL."""
    asked = list(rule.where)
    if rule.type != "expect_column_values_to_not_be_null":
        asked += rule.needs
    return ibis.and_(True, *(rows[name].notnull() for name in asked), *_asked_codes(rule, rows))


def _asked_codes(rule: Rule, rows: ir.Table) -> list[ir.BooleanValue]:
    """Per column of `only` whether a row has one of the codes; never NULL."""
    if unknown := [name for name in rule.only if name not in rows.columns]:
        raise ValueError(f"rule {rule.code}: only: there is no column `{unknown[0]}`")
    return [rows[name].isin(codes).fill_null(False) for name, codes in rule.only.items()]


def with_duplicates(rows: ir.Table, key: list[str], version: str | None) -> ir.Table:
    """`rows` with two more columns for the batch rules: does the row contradict another one, does it repeat one.

    `rows` needs _batch, _row and _row_hash and is read three times: materialise it first. Cheaper than the windows
    that `predicate` writes otherwise, for only keys that occur more than once in a batch are looked at.
    """
    doubled = rows.group_by([BATCH, *key]).aggregate(_copies=ibis._.count()).filter(ibis._._copies > 1)
    asked = rows.select(*dict.fromkeys([BATCH, ROW_NUMBER, ROW_HASH, *key, *([version] if version else [])]))
    # A key that is not filled in can be repeated too: NULL is as good a value as another here.
    few = asked.semi_join(doubled, [asked[name].identical_to(doubled[name]) for name in (BATCH, *key)])
    judged = few.select(
        _of_batch=few[BATCH],
        _of_row=few[ROW_NUMBER],
        **{CONTRADICTS: _contradicts(few, key, version), REPEATS: _repeats(few, key)},
    )
    joined = rows.left_join(judged, [rows[BATCH] == judged._of_batch, rows[ROW_NUMBER] == judged._of_row])
    flags = {name: joined[name].fill_null(False) for name in (CONTRADICTS, REPEATS)}
    return joined.select(*rows.columns, **flags)


def _contradicts(rows: ir.Table, key: list[str], version: str | None) -> ir.BooleanValue:
    """Another row of the batch has the same key and version (no version counts as one) and other content."""
    same = ibis.window(group_by=[BATCH, *key, *([version] if version else [])])
    differs = rows[ROW_HASH].min().over(same) != rows[ROW_HASH].max().over(same)
    return differs & ibis.and_(*(rows[name].notnull() for name in key))


def _repeats(rows: ir.Table, key: list[str]) -> ir.BooleanValue:
    """An earlier row of the batch has the same key and content."""
    same = ibis.window(group_by=[BATCH, *key, ROW_HASH])
    return rows[ROW_NUMBER] > rows[ROW_NUMBER].min().over(same)


def _bound(rule: Rule, value: ir.Value, bound: Any) -> Any:
    """A bound in the type of the column: dates stand in declarations as ISO strings."""
    if not isinstance(bound, str) or value.type().is_string():
        return bound
    try:
        if value.type().is_date():
            return ibis.literal(datetime.date.fromisoformat(bound))
        return ibis.literal(bound).cast(value.type())
    except ValueError as error:
        raise ValueError(f"rule {rule.code}: {bound!r} is no value of type {value.type()}") from error


def _not_null(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    return _column(rule, arguments, rows).notnull()


def _matches(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    return _column(rule, arguments, rows).re_search(_take(rule, arguments, "regex"))


def _does_not_match(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    return ~_matches(rule, arguments, rows)


def _legible(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    return legible.is_legible(_column(rule, arguments, rows), arguments.pop("surnames", ""))


def _in_set(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    value, values = _column(rule, arguments, rows), _take(rule, arguments, "value_set")
    return listed(value, values) if value.type().is_string() else value.isin(list(values))


def _between(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    value = _column(rule, arguments, rows)
    least, most = arguments.pop("min_value", None), arguments.pop("max_value", None)
    above, below = arguments.pop("strict_min", False), arguments.pop("strict_max", False)
    if least is None and most is None:
        raise ValueError(f"rule {rule.code}: {rule.type} needs `min_value` or `max_value`")
    kept = []
    if least is not None:
        bound = _bound(rule, value, least)
        kept.append(value > bound if above else value >= bound)
    if most is not None:
        bound = _bound(rule, value, most)
        kept.append(value < bound if below else value <= bound)
    return ibis.and_(*kept)


def _greater(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    left, right = _pair(rule, arguments, rows)
    return left >= right if arguments.pop("or_equal", False) else left > right


def _different(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    left, right = _pair(rule, arguments, rows)
    return left != right


def _several_in_set(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    value, values = _column(rule, arguments, rows), _take(rule, arguments, "value_set")
    code = _alternatives(values)
    return value.re_search(f"^{code}(?:;{code})*$")


def _goes_with_codes(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    value, codes = _pair(rule, arguments, rows)
    there = (value > 0).fill_null(False) if arguments.pop("numeric", False) else value.notnull()
    coded = codes.re_search(f"(?:^|;){_alternatives(_take(rule, arguments, 'codes'))}(?:;|$)")
    # Not `==`: Spark reads `a = b RLIKE c` as `(a = b) RLIKE c`.
    return (coded & there) | (~coded & ~there) if arguments.pop("both_ways", False) else coded | ~there


def _alternatives(codes: Sequence[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, codes))})"


def _days_apart(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    later, earlier = _pair(rule, arguments, rows)
    least, most = arguments.pop("min_value", None), arguments.pop("max_value", None)
    if least is None and most is None:
        raise ValueError(f"rule {rule.code}: {rule.type} needs `min_value` or `max_value`")
    days = later.cast("date").delta(earlier.cast("date"), unit="day")
    return ibis.and_(*([days >= least] if least is not None else []), *([days <= most] if most is not None else []))


def _equal(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    left, right = _pair(rule, arguments, rows)
    return left == right


def _within_years(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    last, first = _pair(rule, arguments, rows)
    # Days as whole numbers yyyymmdd: an anniversary has so much more in the years' place.
    places = [day.year() * 10_000 + day.month() * 100 + day.day() for day in (last, first)]
    return places[0] <= places[1] + int(_take(rule, arguments, "years")) * 10_000


def _unless_malformed(kept: ir.BooleanValue, has_form: ir.BooleanValue) -> ir.BooleanValue:
    """Whether well-formed values keep a check: the form is only looked at where the check fails, which is rare."""
    return ibis.ifelse(kept, True, ~has_form)


def _id_check_digit(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    number = _column(rule, arguments, rows)
    return _unless_malformed(id_number.has_check_digit(number), id_number.has_form(number))


def _id_birth_date(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    number, received_on = _pair(rule, arguments, rows)
    return _unless_malformed(id_number.has_birth_date(number, received_on), id_number.has_form(number))


def _id_region(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    number = _column(rule, arguments, rows)
    codes = list(_take(rule, arguments, "value_set"))
    return _unless_malformed(
        listed(number.substr(0, 6), codes) | ~id_number.holds_region(number), id_number.has_form(number)
    )


def _credit_check_digit(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code = _column(rule, arguments, rows)
    return _unless_malformed(credit_code.has_check_digit(code), credit_code.has_form(code))


def _credit_region(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code = _column(rule, arguments, rows)
    codes = list(_take(rule, arguments, "value_set"))
    return _unless_malformed(listed(credit_code.region(code), codes), credit_code.has_form(code))


def _license_check_character(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    identifier = _column(rule, arguments, rows)
    return _unless_malformed(
        license_identifier.has_check_character(identifier), license_identifier.has_form(identifier)
    )


def _license_holds_code(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    identifier, code = _pair(rule, arguments, rows)
    name = _take(rule, arguments, "part")
    if name not in license_identifier.PARTS:
        raise ValueError(f"rule {rule.code}: `part` is one of {', '.join(license_identifier.PARTS)}, not {name}")
    same = license_identifier.part(identifier, name) == code
    return _unless_malformed(same, license_identifier.has_form(identifier) & code.notnull())


def _date_matches_id(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    date, number = _pair(rule, arguments, rows)
    return _unless_malformed(id_number.born_on(number, date), id_number.has_form(number) & date.notnull())


def _not_before_birth(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    date, number = _pair(rule, arguments, rows)
    return _unless_malformed(id_number.not_born_after(number, date), _tells_of_somebody(number) & date.notnull())


def _sex_matches_id(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    sex, number = _pair(rule, arguments, rows)
    return (id_number.sex(number) == sex) | ~sex.isin(("1", "2")) | ~_tells_of_somebody(number)


def _tells_of_somebody(number: ir.StringValue) -> ir.BooleanValue:
    """Damage to a number shows in its check digit, and then no part of it can be held against anything else."""
    return id_number.has_form(number) & id_number.has_check_digit(number)


def _credit_organisation_check(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code = _column(rule, arguments, rows)
    exempt = list(arguments.pop("exempt", []))
    kept = organisation_code.has_check_character(code.substr(8, 9)) | code.substr(0, 2).isin(exempt)
    return _unless_malformed(kept, credit_code.has_form(code) & credit_code.has_check_digit(code))


def _code_fits_type(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code, document_type = _pair(rule, arguments, rows)
    kinds, untyped = dict(_take(rule, arguments, "kinds")), arguments.pop("untyped", None)
    asked = {*kinds.values(), *([untyped] if untyped else [])}
    if unknown := asked - {*document.DOCUMENTS}:
        raise ValueError(
            f"rule {rule.code}: a kind is one of {', '.join(document.DOCUMENTS)}, not {', '.join(sorted(unknown))}"
        )
    types = {kind: [code for code in kinds if kinds[code] == kind] for kind in sorted({*kinds.values()})}
    judged = [(document_type.isin(ones), document.DOCUMENTS[kind](code)) for kind, ones in types.items()]
    if untyped:
        judged.append((document_type.isnull(), document.DOCUMENTS[untyped](code)))
    return ibis.cases(*judged, else_=True) | code.isnull()


def _pattern_of_type(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code, type_of_code = _pair(rule, arguments, rows)
    patterns, untyped = dict(arguments.pop("patterns", {})), arguments.pop("untyped", None)
    if not patterns and not untyped:
        raise ValueError(f"rule {rule.code}: {rule.type} needs `patterns` or `untyped`")
    judged = [(type_of_code == name, code.re_search(pattern)) for name, pattern in patterns.items()]
    if untyped:
        judged.append((type_of_code.isnull(), code.re_search(untyped)))
    return ibis.cases(*judged, else_=True) | code.isnull()


def _holds_id_number(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code, number = _pair(rule, arguments, rows)
    held = code.upper().contains(number) | code.upper().contains(number.substr(0, 6) + number.substr(8, 9))
    return held | ~code.re_search(_take(rule, arguments, "form"))


def _no_contradiction(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    key, version = list(_take(rule, arguments, "key")), arguments.pop("version", None)
    return ~(rows[CONTRADICTS] if CONTRADICTS in rows.columns else _contradicts(rows, key, version))


def _no_repeat(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    key = list(_take(rule, arguments, "key"))
    arguments.pop("version", None)
    return ~(rows[REPEATS] if REPEATS in rows.columns else _repeats(rows, key))


PREDICATES: dict[str, Predicate] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _does_not_match,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_legible": _legible,
    "expect_column_values_to_be_between": _between,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_different": _different,
    "expect_column_values_to_be_several_in_set": _several_in_set,
    "expect_value_to_go_with_codes": _goes_with_codes,
    "expect_days_apart_to_be_between": _days_apart,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_date_to_lie_within_years": _within_years,
    "expect_code_to_match_pattern_of_its_type": _pattern_of_type,
    "expect_code_to_hold_id_number": _holds_id_number,
    "expect_id_number_check_digit": _id_check_digit,
    "expect_id_number_birth_date": _id_birth_date,
    "expect_id_number_region": _id_region,
    "expect_credit_code_check_digit": _credit_check_digit,
    "expect_credit_code_region": _credit_region,
    "expect_license_identifier_check_character": _license_check_character,
    "expect_license_identifier_to_hold_code": _license_holds_code,
    "expect_date_to_match_id_number": _date_matches_id,
    "expect_date_not_before_birth_in_id_number": _not_before_birth,
    "expect_sex_to_match_id_number": _sex_matches_id,
    "expect_credit_code_organisation_check": _credit_organisation_check,
    "expect_code_to_fit_its_type": _code_fits_type,
    "expect_rows_not_to_contradict_in_batch": _no_contradiction,
    "expect_rows_not_to_repeat_in_batch": _no_repeat,
    **FIGURES,
}
