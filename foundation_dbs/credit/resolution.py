"""Whom a publication is about: the organisation or person behind the codes, documents and names that it states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.modelling import ClaimsOf, FormsOf, Graded, Route

# What a publication is resolved by, the surest first. Whatever column a code stands in, it counts as what it is; the
# number of a tax registration ends in the organisation code. Of several candidates that one counts which is named so.
METHODS = (
    "credit_code",
    "id_number",
    "misread_credit_code",
    "organisation_code",
    "registration_number",
    "tax_number",
    "old_id_number",
)
MASKED, NAME = "name_and_visible_digits", "name"
RANK = {method: rank for rank, method in enumerate((*METHODS, MASKED, NAME))}
NAMED = "_and_name"
# Of a masked number the first six digits, which are a region's, and one at its end; or ten anywhere.
FRONT, VISIBLE = 6, 10
# What stands where there is no code, and what is too short to be one.
FILLER, SHORTEST = "^[a-z?]?(0+|1+|9+)$", 8
# What every table of publications shows of its subjects.
SUBJECT = (
    "subject_name",
    "subject_category",
    "credit_code",
    "id_number",
    "method",
    "candidates",
    "subject_region",
)
ORGANISATION_CODE = (8, 9)  # of a credit code (GB 32100): where it begins, and how long it is
# The subject block of the publication standard of 2018.
CODES = (
    "reported_credit_code",
    "reported_registration_number",
    "reported_organisation_code",
    "reported_tax_number",
    "reported_institution_number",
    "reported_civil_number",
    "document",
)
TAX, DOCUMENT = "reported_tax_number", "document"
ID_LENGTH = 18
NAMES = ClaimsOf("legal_entity", "entity_name")
TITLES: Mapping[str, str | Graded] = {
    "credit_code": "统一社会信用代码",
    "id_number": "公民身份号码",
    "method": Graded("主体匹配方法", "internal"),
    "candidates": "候选主体",
    "subject_region": "主体所在区划代码",
    "authority_region": "机关所在区划代码",
}


def inputs_of(source: str) -> Mapping[str, str | FormsOf | ClaimsOf]:
    """The inputs of a model of resolved publications, beside the golden records themselves."""
    return {"publications": source, "names": NAMES}


def routes_of(by: str, codes: Sequence[str] = CODES) -> Mapping[str, Route | Sequence[Route]]:
    """Which publications change with those whom they are about: whose codes they state, or whose name."""

    def about_entities(legal_entity: ir.Table, publications: ir.Table) -> ir.Table:
        return _stating(publications, by, codes, _identities(legal_entity))

    def about_persons(person: ir.Table, publications: ir.Table) -> ir.Table:
        masked = publications.semi_join(person, publications.subject_name == person.person_name)
        return _stating(publications, by, codes, _persons(person)).union(masked.select(by))

    def of_that_name(names: ir.Table, publications: ir.Table) -> ir.Table:
        return publications.semi_join(names, publications.subject_key == names.match_key).select(by)

    return {"publications": by, "legal_entity": about_entities, "person": about_persons, "names": of_that_name}


def _stating(publications: ir.Table, by: str, codes: Sequence[str], identities: ir.Table) -> ir.Table:
    return _references(publications, [by], codes).semi_join(identities, "stated").select(by)


def resolved(
    publications: ir.Table,
    key: Sequence[str],
    legal_entity: ir.Table,
    person: ir.Table,
    names: ir.Table,
    codes: Sequence[str] = CODES,
) -> ir.Table:
    """`publications` with credit_code or id_number of whom each is about, how that was found, and all candidates.

    Their `key` holds subject_key, the match key of the name that they state.
    Publications of which no candidate, or several, are left have neither: method says how far it went, and NULL that
    nobody is known by anything stated. subject_region is where the subject is registered or lives.
    """
    found = _found(publications, list(key), legal_entity, person, names, codes)
    joined = publications.left_join(found, list(key)).drop(*(f"{name}_right" for name in key))
    entities = legal_entity.select(_code="credit_code", _registered="registered_region")
    homes = person.select(_number="id_number", _home=ibis.coalesce(person.residence_region, person.household_region))
    placed = joined.left_join(entities, joined.credit_code == entities["_code"])
    placed = placed.left_join(homes, placed.id_number == homes["_number"])
    region = ibis.coalesce(placed["_registered"], placed["_home"])
    return placed.mutate(subject_region=region).drop("_code", "_registered", "_number", "_home")


def standing(publications: ir.Table, within: Sequence[str], order: Sequence[str]) -> ir.Table:
    """Of the publications of one decision about one subject the last: who was known by two spellings, is one."""
    subject = ibis.coalesce(publications.credit_code, publications.id_number)
    several = publications.mutate(_subject=ibis.coalesce(subject, ibis.literal("=") + publications.subject_key))
    window = ibis.window(
        group_by=[*within, "_subject"], order_by=[several[name].desc(nulls_first=False) for name in order]
    )
    numbered = several.mutate(_place=ibis.row_number().over(window))
    return numbered.filter(numbered["_place"] == 0).drop("_subject", "_place")


def _references(publications: ir.Table, key: list[str], codes: Sequence[str]) -> ir.Table:
    """What each publication states, one row for each reading of each code, as `_identities` writes them."""
    stated: list[ir.Value] = []
    for column in codes:
        code = publications[column]
        if column == DOCUMENT:
            # A passport's number may be that of an organisation too.
            stated.append(ibis.ifelse(code.length() == ID_LENGTH, code, None))
            continue
        stated.append(ibis.ifelse(code.re_search("^[0-9]{15}$"), "o" + code, None))
        stated += [code.replace("-", ""), ibis.ifelse(code.re_search("[IO]"), "?" + code.translate("IO", "10"), None)]
        if column == TAX:
            stated.append(ibis.ifelse(code.length() == 15, "t" + code.right(9), None))
    each = publications.select(*key, stated=ibis.array(stated).unnest())
    return each.filter((each.stated.length() >= SHORTEST) & ~each.stated.re_search(FILLER)).distinct()


def _identities(legal_entity: ir.Table) -> ir.Table:
    """Everything that an organisation is known by, each with what it resolves by."""
    code, nobody = legal_entity.credit_code, ibis.null("string")
    organisation_code = code.substr(*ORGANISATION_CODE)
    known = (
        ("credit_code", code),
        ("misread_credit_code", ibis.literal("?") + code),
        ("organisation_code", organisation_code),
        ("registration_number", legal_entity.registration_number.upper().replace("-", "")),
        ("tax_number", ibis.literal("t") + organisation_code),
    )
    return ibis.union(
        *(
            legal_entity.select(credit_code=code, id_number=nobody, stated=value, rank=_rank(method))
            for method, value in known
        )
    )


def _persons(person: ir.Table) -> ir.Table:
    """The number of each person, and its form of before 1999."""
    number = person.id_number
    known = {"id_number": number, "old_id_number": "o" + number.substr(0, 6) + number.substr(8, 9)}
    return ibis.union(
        *(
            person.select(credit_code=ibis.null("string"), id_number=number, stated=value, rank=_rank(method))
            for method, value in known.items()
        )
    )


def _rank(method: str) -> ir.IntegerValue:
    return ibis.literal(RANK[method], "int64")


def _found(
    publications: ir.Table,
    key: list[str],
    legal_entity: ir.Table,
    person: ir.Table,
    names: ir.Table,
    codes: Sequence[str],
) -> ir.Table:
    identities = _identities(legal_entity).union(_persons(person))
    references = _references(publications, key, codes)
    by_code = references.inner_join(identities, "stated").select(*key, "credit_code", "id_number", "rank")
    called = names.select(_code="key", _name="match_key").distinct()
    checked = by_code.left_join(
        called, [by_code.credit_code == called["_code"], by_code.subject_key == called["_name"]]
    )
    candidates = ibis.union(
        checked.mutate(named=checked["_code"].notnull()).select(*key, *_CANDIDATE),
        _by_name(publications, key, called),
        _by_visible_digits(publications, key, person, codes),
    )
    return _chosen(candidates, key)


_CANDIDATE = ("credit_code", "id_number", "rank", "named")


def _by_name(publications: ir.Table, key: list[str], called: ir.Table) -> ir.Table:
    found = publications.inner_join(called, publications.subject_key == called["_name"])
    return found.select(
        *key, credit_code="_code", id_number=ibis.null("string"), rank=_rank(NAME), named=ibis.literal(True)
    )


def _by_visible_digits(publications: ir.Table, key: list[str], person: ir.Table, codes: Sequence[str]) -> ir.Table:
    """Persons of the name whose number has the digits that a masked one shows in front and at its end."""
    stated = publications.select(
        *key, "subject_name", masked=ibis.array([publications[column] for column in codes]).unnest()
    )
    masked = stated.filter(stated.masked.re_search("^[0-9]+[*＊]+[0-9X]*$")).mutate(
        front=lambda rows: rows.masked.re_extract("^[0-9]+", 0), end=lambda rows: rows.masked.re_extract("[0-9X]*$", 0)
    )
    front, end = masked.front.length(), masked.end.length()
    seen = masked.filter(((front >= FRONT) & (end > 0)) | (front + end >= VISIBLE))
    named = person.select("id_number", subject_name="person_name")
    both = seen.inner_join(named, "subject_name")
    fits = both.filter(both.id_number.startswith(both.front) & both.id_number.endswith(both.end))
    return fits.select(
        *key, credit_code=ibis.null("string"), id_number="id_number", rank=_rank(MASKED), named=ibis.literal(True)
    )


def _chosen(candidates: ir.Table, key: list[str]) -> ir.Table:
    """Of each publication's candidates those by the surest method; the subject, where one of them is left."""
    surest = candidates.group_by(key).agg(_surest=candidates["rank"].min())
    best = candidates.inner_join(surest, key)
    best = best.filter(best["rank"] == best["_surest"])
    identity = ibis.coalesce(best.credit_code, best.id_number)
    listed = best.group_by(key).agg(
        rank=best["rank"].min(),
        known=identity.nunique(),
        named=identity.nunique(where=best.named),
        any_code=best.credit_code.min(),
        any_number=best.id_number.min(),
        named_code=best.credit_code.min(where=best.named),
        named_number=best.id_number.min(where=best.named),
        candidates=identity.collect(distinct=True),
    )
    resolves = listed["rank"] < RANK[NAME]
    lone, narrowed = resolves & (listed.known == 1), resolves & (listed.known > 1) & (listed.named == 1)
    method = listed["rank"].cases(*((rank, method) for method, rank in RANK.items()), else_=ibis.null("string"))
    return listed.select(
        *key,
        credit_code=ibis.cases((lone, listed.any_code), (narrowed, listed.named_code), else_=ibis.null("string")),
        id_number=ibis.cases((lone, listed.any_number), (narrowed, listed.named_number), else_=ibis.null("string")),
        method=ibis.ifelse(narrowed, method + NAMED, method),
        candidates=listed.candidates.sort().join(";"),
    )
