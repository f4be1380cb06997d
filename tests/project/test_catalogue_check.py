"""What the catalogue owes the regulations: every breach is named with its line, and none hides another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.project.catalogue_check import ARTICLE, Breach, Collecting, check_catalogue
from tests.support.deliveries import Delivered, household, permit
from tests.support.place import PROJECT, Place
from tests.support.tiny_project import tiny_project

HOUSEHOLDS = "foundation_dbs/person/sources/household_registration.yml"
MARRIAGES = "foundation_dbs/person/sources/marriage_registration.yml"
PERMITS = "foundation_dbs/person/sources/residence_permit.yml"
PERSON = "foundation_dbs/person/person.yml"
SHARED = "sharing: unconditional"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny_project(tmp_path / "project")


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}: the test must follow it"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(project: Path, file: str, text: str) -> int:
    lines = (project / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def breaches(project: Path) -> tuple[Breach, ...]:
    return check_catalogue(project).breaches


def test_what_is_really_declared_breaks_nothing() -> None:
    found = check_catalogue(PROJECT)
    assert found.breaches == ()
    assert found.entries == len([*PROJECT.glob("foundation_dbs/*/sources/*.yml")])


def test_the_same_item_from_two_agencies_is_listed_with_both_and_is_no_breach(project: Path) -> None:
    found = check_catalogue(project)
    assert found.breaches == ()
    (sex,) = [duplicate for duplicate in found.duplicates if duplicate.item == "sex"]
    assert Collecting("household_registration", "public_security", "sex") in sex.collecting
    assert Collecting("residence_permit", "floating_population_service", "sex") in sex.collecting
    assert not [duplicate for duplicate in found.duplicates if duplicate.item in ("id_number", "updated_at")]


@dataclass(frozen=True)
class Case:
    """`old` becomes `new` in `file`; the breach is of `rule`, on the line of `at`, and says `says`."""

    file: str
    old: str
    new: str
    rule: str
    at: str
    says: str


CASES = {
    "conditional without a basis": Case(
        HOUSEHOLDS,
        SHARED,
        "sharing: conditional\nreason: 隐私\ncondition: 限民政",
        "C2",
        "sharing:",
        "is unconditional",
    ),
    "not shared without a reason": Case(
        HOUSEHOLDS, SHARED, "sharing: none\nsharing_basis: PIPL 第二十八条", "C2", "sharing:", "says no `reason`"
    ),
    "conditional without a condition": Case(
        HOUSEHOLDS,
        SHARED,
        "sharing: conditional\nreason: 隐私\nsharing_basis: PIPL 第二十八条",
        *("C2", "sharing:", "says no `condition`"),
    ),
    "condition of what is unconditional": Case(
        HOUSEHOLDS, SHARED, f"{SHARED}\ncondition: 限民政", "C2", "condition:", "shared unconditionally"
    ),
    "basis of no regulation": Case(
        HOUSEHOLDS, "legal_basis: 2024-19", "legal_basis: 1999-1", "C2", "legal_basis:", "`1999-1` is no regulation"
    ),
    "basis that is repealed": Case(
        HOUSEHOLDS, "legal_basis: 2024-19", "legal_basis: 2021-43", "C2", "legal_basis:", "no longer in force"
    ),
    "basis without an article": Case(
        HOUSEHOLDS, "第十三条（一）", "有关规定", "C2", "legal_basis:", "`有关规定` is no article"
    ),
    "basis of what stays": Case(
        PERSON,
        "legal_basis: 2024-19 第十八、十九条",
        "legal_basis: 2024-19 第十八条, withhold: {sex: PIPL 见附件}",
        *("C2", "withhold", "returns.withhold.sex: `见附件` is no article"),
    ),
    "no system": Case(HOUSEHOLDS, "system: ", "system: 无 # ", "C3", "system:", "names no information system"),
    "no update frequency": Case(HOUSEHOLDS, "update: ", "# update: ", "C1", "title:", "`update`（更新频率）is missing"),
    "empty title": Case(HOUSEHOLDS, "title: ", "title: '' # ", "C1", "title:", "`title`（名称）is missing"),
    "unknown approving agency": Case(
        HOUSEHOLDS, SHARED, f"{SHARED}\nentry: {{approved_by: nobody}}", "C1", "entry:", "no agency `nobody`"
    ),
    "openness without a condition": Case(
        HOUSEHOLDS, "openness: none", "openness: conditional", "C1", "openness:", "conditional says no condition"
    ),
    "feeds no record": Case(
        HOUSEHOLDS, "feeds: {record: person", "feeds: {record: people", "C3", "feeds:", "no golden record `people`"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_breach_has_its_rule_its_line_and_what_to_do(case: Case, project: Path) -> None:
    edit(project, case.file, case.old, case.new)
    found = [breach for breach in breaches(project) if case.says in str(breach)]
    assert [(breach.rule, breach.path.name, breach.line) for breach in found] == [
        (case.rule, Path(case.file).name, line_of(project, case.file, case.at))
    ], breaches(project)


def test_every_breach_is_named_though_the_first_would_keep_the_project_from_being_opened(project: Path) -> None:
    edit(project, HOUSEHOLDS, SHARED, "sharing: conditional")
    edit(project, HOUSEHOLDS, "第十三条（一）", "有关规定")
    edit(project, MARRIAGES, SHARED, "sharing: none")
    edit(
        project, PERMITS, "有效期止: {name: valid_to, element: end_date}", "有效期止: {name: valid_to, element: ending}"
    )
    found = breaches(project)
    assert sorted((breach.path.stem, breach.rule) for breach in found) == [
        *[("household_registration", "C2")] * 4,
        *[("marriage_registration", "C2")] * 2,
        ("residence_permit", "declaration"),
    ]


def test_two_sources_of_one_rank_have_no_first_authority(project: Path) -> None:
    listed = line_of(project, PERSON, "sex:")
    lines = (project / PERSON).read_text(encoding="utf-8").splitlines(keepends=True)
    lines[listed - 1] = "  sex: {else: id_number}\n"
    (project / PERSON).write_text("".join(lines), encoding="utf-8")
    edit(project, HOUSEHOLDS, "rank: 1", "rank: 2")
    found = [breach for breach in breaches(project) if breach.rule == "C5"]
    assert [(breach.path.name, breach.line) for breach in found] == [("person.yml", line_of(project, PERSON, "sex:"))]
    assert "sex: household_registration, residence_permit are its authority alike" in str(found[0])


@pytest.mark.parametrize(
    "article", ["第十三条（一）", "第十八、十九条", "第二十一条第二款", "（八）", "第十四条第一款（二）"]
)
def test_articles_have_a_form(article: str) -> None:
    assert ARTICLE.fullmatch(article)


def test_with_a_lake_only_keys_in_common_count(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    Delivered("household_registration", "1.csv", [household(1), household(2), household(3)]).write(place.landing)
    Delivered("residence_permit", "1.csv", [permit(2), permit(3, 性别="", 姓名="另一人"), permit(4)]).write(
        place.landing
    )
    place.run()
    done = place.huiliu("catalog", "check", "--lake", str(place.lake))
    assert done.returncode == 0, done.stderr
    both = (
        "household_registration (public_security) and residence_permit (floating_population_service): {} keys in both"
    )
    assert f"person.sex 性别: {both.format(1)}, 1 agree; authority household_registration" in done.stdout
    assert f"person.person_name 姓名: {both.format(2)}, 1 agree; authority household_registration" in done.stdout
    assert "death_registration" not in done.stdout
    assert place.huiliu("report", "--lake", str(place.lake), "--out", str(tmp_path / "report")).returncode == 0
    page = (tmp_path / "report/duplicates.html").read_text(encoding="utf-8")
    row = re.search(r"<tr><th scope=\"row\">姓名</th>.*</tr>", page)
    assert row
    assert re.findall(r'<td class="n">([^<]+)</td>', row[0]) == ["2", "1", "50%"]
    assert "另一人" not in page


def test_as_a_person_asks(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    done = place.huiliu("catalog", "check")
    assert (done.returncode, "4 entries, 0 breaches" in done.stdout) == (0, True), done.stderr
    assert "person.sex 性别: delivered more than once: household_registration (public_security)" in done.stdout
    edit(project, HOUSEHOLDS, SHARED, "sharing: conditional")
    done = place.huiliu("catalog", "check")
    assert done.returncode == 1
    where = f"{project / HOUSEHOLDS}:{line_of(project, HOUSEHOLDS, 'sharing:')}"
    assert (
        f"{where}: C2: sharing: conditional without a basis: without a basis the type is unconditional" in done.stdout
    )
    assert "what to do: name the law" in done.stdout
