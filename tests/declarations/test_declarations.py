"""Wrong declarations stop at once, with the file, the line and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from pipelines.storage.kept import KeptTexts

PROJECT = Path(__file__).resolve().parents[2]
HOUSEHOLDS = "foundation_dbs/person/sources/household_registration.yml"
PENSIONS = "foundation_dbs/person/sources/social_insurance.yml"
CAPITAL = "foundation_dbs/legal_entity/sources/market_entity.yml"
GENERAL = "catalog/elements/general.yml"
PERSON = "foundation_dbs/person/person.yml"
RULES = "expectations/person/marriage_registration.yml"
DEATH = "foundation_dbs/person/death.py"
OF_LEAGUES = "{kind: public_security, level: league}"
KINDS = "catalog/agency_kinds.yml"
HEALTH = 'health: {title: 卫健, pattern: "{region}卫生健康委员会", levels: [league, banner]'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's declarations, to break."""
    for folder in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@dataclass(frozen=True)
class Mistake:
    """`old` becomes `new` in `file`; the error points to the line of `at` (default: of `new`) and says `says`."""

    file: str
    old: str
    new: str
    says: str
    at: str | None = None

    def make(self, project: Path) -> int:
        """Make the mistake; the number of the line that is to blame."""
        path = project / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) >= 1, f"{self.file} has no {self.old!r}: the test must follow it"
        text = text.replace(self.old, self.new, 1)
        path.write_text(text, encoding="utf-8")
        place = text.index(self.at) if self.at is not None else text.index(self.new)
        return text.count("\n", 0, place) + 1


MISTAKES = {
    "unknown field": Mistake(HOUSEHOLDS, "update: daily", "updates: daily", "unknown field `updates`: known are"),
    "field missing": Mistake(HOUSEHOLDS, "system: 常住人口管理信息系统\n", "", "`system` is missing", at="title:"),
    "unknown element": Mistake(HOUSEHOLDS, "性别: sex", "性别: gender", "no data element `gender`; there are"),
    "unknown element, long form": Mistake(
        HOUSEHOLDS, "element: region, required", "element: place, required", "no data element `place`"
    ),
    "unknown field of a column": Mistake(
        HOUSEHOLDS, "曾用名: {name: former_name,", "曾用名: {nam: former_name,", "unknown field `nam`"
    ),
    "column without an element": Mistake(
        HOUSEHOLDS,
        "何时迁入: {name: moved_in_on, element: past_date}",
        "何时迁入: {name: moved_in_on}",
        "element` is missing",
    ),
    "column name not ASCII": Mistake(HOUSEHOLDS, "name: former_name", "name: 曾用名", "should match pattern"),
    "unknown element in a list of columns": Mistake(
        CAPITAL, "element: capital_currency", "element: currency", "no data element `currency`"
    ),
    "column after a list of columns": Mistake(
        CAPITAL, "登记机关: {name: registrar", "登记机关: {nom: registrar", "unknown field"
    ),
    "header twice": Mistake(HOUSEHOLDS, "性别: sex", "姓名: sex", "`姓名` stands here and on line", at="姓名: sex"),
    "name twice": Mistake(
        HOUSEHOLDS, "{name: workplace,", "{name: registrar,", "two columns are named registrar", at="登记机关:"
    ),
    "agency not declared": Mistake(HOUSEHOLDS, "[public_security,", "[police,", "no agency `police`; declare it in"),
    "no provider": Mistake(HOUSEHOLDS, f"[public_security, {OF_LEAGUES}]", "[]", "`providers`"),
    "providers of no kind": Mistake(
        HOUSEHOLDS, OF_LEAGUES, "{kind: police, level: league}", "no kind of agency `police` in catalog/agency_k"
    ),
    "providers of a kind first": Mistake(
        HOUSEHOLDS, f"[public_security, {OF_LEAGUES}]", f"[{OF_LEAGUES}]", "the first is the source's own agency"
    ),
    "provider that no column names": Mistake(
        HOUSEHOLDS, "update: daily", "update: daily\ndelivered_by: sender", "no column is named sender", at="delivered"
    ),
    "key not required": Mistake(HOUSEHOLDS, "公民身份号码: id_number!", "公民身份号码: id_number", "must be required"),
    "key without a column": Mistake(HOUSEHOLDS, "key: id_number", "key: person_id", "no column is named person_id"),
    "version without a column": Mistake(HOUSEHOLDS, "version: updated_at", "version: changed_at", "named changed_at"),
    "alias to nowhere": Mistake(
        PENSIONS, "险种: 险种类型", "险种: 险种代码", "险种 stands for 险种代码", at="aliases:"
    ),
    "alias that is a header": Mistake(PENSIONS, "险种: 险种类型", "姓名: 险种类型", "姓名 is a header", at="aliases:"),
    "sharing without a basis": Mistake(
        HOUSEHOLDS, "sharing: unconditional", "sharing: none", "needs `reason` and `sharing_basis`"
    ),
    "sharing without a condition": Mistake(
        HOUSEHOLDS,
        "sharing: unconditional",
        "sharing: conditional\nreason: r\nsharing_basis: PIPL 第二十八条",
        "needs `condition`",
        at="sharing: conditional",
    ),
    "sharing of no kind": Mistake(HOUSEHOLDS, "sharing: unconditional", "sharing: public", "'unconditional'"),
    "basis not declared": Mistake(HOUSEHOLDS, "basis: 2024-19 ", "basis: 2019-24 ", "catalog/regulations.yml"),
    "basis out of force": Mistake(HOUSEHOLDS, "basis: 2024-19 ", "basis: 2021-43 ", "no longer in force"),
    "basis without an article": Mistake(
        HOUSEHOLDS, "legal_basis: 2024-19 第十三条（一）", "legal_basis: 2024-19", "cites an article too"
    ),
    "empty basis": Mistake(HOUSEHOLDS, "legal_basis: 2024-19 第十三条（一）", "legal_basis: ''", "`legal_basis`"),
    "feeds nothing": Mistake(HOUSEHOLDS, "record: person,", "record: people,", "no golden record `people`"),
    "feeds by another key": Mistake(PENSIONS, "rank: 4}", "rank: 4, key: employer_code}", "is a credit_code, where"),
    "feeds by no column": Mistake(PENSIONS, "rank: 4}", "rank: 4, key: worker}", "needs a column `worker`"),
    "unless of no code": Mistake(PERSON, "[注销]", "[迁出]", "residence_event.csv has 登记", at="unless"),
    "unless without codes": Mistake(PERSON, "residence_event: [", "phone: [", "phone has no code 注销", at="unless"),
    "unless of no column": Mistake(PERSON, "{residence_event: ", "{event: ", "has no column event", at="unless"),
    "unless of no source": Mistake(PERSON, "{floating_population_registration: {", "{x: {", "no source", at="unless"),
    "name said in the file": Mistake(HOUSEHOLDS, "update: daily", "update: daily\nname: x", "remove it", at="name: x"),
    "not a mapping": Mistake(
        "catalog/agencies.yml", "{title: 内蒙古自治区公安厅, level: region}", "公安厅", "a mapping such as"
    ),
    "kind without a region in its titles": Mistake(
        KINDS,
        'title: 民政, pattern: "{region}民政局"',
        'title: 民政, pattern: "民政局"',
        "write where the region's title",
    ),
    "kind at a level that there is not": Mistake(
        KINDS, HEALTH, HEALTH.replace("banner", "village"), "should be 'league' or 'banner'"
    ),
    "agency of another name in no region": Mistake(
        KINDS, '"150105": 呼和浩特市公安局赛罕区分局', '"150199": 某区分局', "titled: there is no region 150199"
    ),
    "agency absent from no region": Mistake(
        KINDS, HEALTH, HEALTH + ', absent: ["150400", "152301"]', "absent: there is no region 152301"
    ),
    "exception of an agency that there is not": Mistake(
        KINDS,
        HEALTH,
        HEALTH.replace(", banner]", ']\n         , absent: ["150402"]'),
        "absent: health has no agency in 红山区 (150402), which is no league",
        at=', absent: ["150402"]',
    ),
    "agency both named and absent": Mistake(
        KINDS, HEALTH, HEALTH + ', titled: {"150400": 卫健委}, absent: ["150400"]', "150400 is also `titled`"
    ),
    "agency of a kind declared alone too": Mistake(
        "catalog/agencies.yml",
        "housing:",
        "health_150400: {title: 赤峰市卫健委, level: league}\nhousing:",
        "is also what agency_kinds.yml makes of health and 150400",
    ),
    "responsible kind that is not declared": Mistake(
        HOUSEHOLDS, "{kind: public_security, by", "{kind: police, by", "no kind of agency `police` in catalog/agency_k"
    ),
    "responsible by no column": Mistake(
        HOUSEHOLDS, "by: household_region", "by: region", "no column is named region: name region columns, or provider"
    ),
    "responsible by a column that is no region": Mistake(
        HOUSEHOLDS, "by: household_region", "by: registrar", "registrar is a text; name columns of region codes"
    ),
    "syntax": Mistake(HOUSEHOLDS, f"{OF_LEAGUES}]", OF_LEAGUES, "not valid YAML", at="responsibility:"),
    "control character": Mistake(HOUSEHOLDS, "户籍登记信息", "户籍\x01登记", "control character"),
    "no date": Mistake(HOUSEHOLDS, "title: 户籍登记信息", "title: 2024-13-45", "no date of the calendar"),
    "attribute without a source": Mistake(
        PERSON, "attributes:\n", "attributes:\n  nickname: {}\n", "no source has such a column", at="nickname"
    ),
    "attribute from nowhere": Mistake(
        PERSON, "[death_registration]}\nreturns", "[deaths]}\nreturns", "no column deaths"
    ),
    "attribute from a source that does not feed": Mistake(
        PERSON,
        "{from: [death_registration]}\nreturns",
        "{from: [marriage_registration.registered_on]}\nreturns",
        "does not declare `feeds",
    ),
    "derivation that the key does not tell": Mistake(
        PERSON, "ethnicity:         {from", "ethnicity: {else: id_number, from", "not ethnicity"
    ),
    "scope that is no attribute": Mistake(
        PERSON, "[residence_region, household_region", "[region, household_region", "is no attribute"
    ),
    "withheld column that is none": Mistake(
        PERSON, "{scope: [residence_region,", "{withhold: {income: PIPL}, scope: [residence_region,", "withhold income"
    ),
    "unknown normaliser": Mistake(
        "catalog/elements/general.yml", "normalise: phone", "normalise: telephone", "no normaliser `telephone`"
    ),
    "unknown code list": Mistake(
        "catalog/elements/coded.yml",
        "codes: marriage_event",
        "codes: marriages",
        "no code list catalog/codes/marriages.csv",
    ),
    "unknown type of value": Mistake("catalog/elements/time.yml", "type: date\n", "type: day\n", "`day` is none of"),
    "type that the normaliser does not give": Mistake(
        GENERAL,
        "normalise: decimal",
        "normalise: upper_code",
        "`normalise: upper_code` does not give `type: decimal(18,2)`; write `type: string`, or name another normaliser",
    ),
    "whole numbers of a capital": Mistake(
        GENERAL,
        "type: decimal(24,4)",
        "type: int64",
        "`type: int64`; write `type: decimal(p,s)`",
        at="normalise: capital_amount",
    ),
    "day of a time": Mistake(
        "catalog/elements/time.yml",
        "type: timestamp",
        "type: date",
        "write `type: timestamp`",
        at="normalise: datetime",
    ),
    "number as a text": Mistake(
        GENERAL,
        "  type: decimal(18,2)\n",
        "",
        "write `type: int64` or `type: decimal(p,s)`",
        at="normalise: decimal",
    ),
    "more digits than can be read twice": Mistake(
        GENERAL, "type: decimal(18,2)", "type: decimal(38,2)", "of at most 36 digits"
    ),
    "no digit before the point": Mistake(
        GENERAL, "type: decimal(18,2)", "type: decimal(2,2)", "fewer behind the point than in all"
    ),
    "unknown expectation of an element": Mistake(
        "catalog/elements/general.yml",
        "type: expect_column_values_to_match_regex",
        "type: expect_column_values_to_look_good",
        "is not known as a row rule",
        at="form:",
    ),
    "element twice": Mistake(
        "catalog/elements/place.yml",
        "region:\n",
        "phone: {title: 电话, grade: personal}\nregion:\n",
        "declared in general",
    ),
    "unknown expectation": Mistake(
        RULES,
        "type: expect_column_pair_values_to_be_different",
        "type: expect_pairs_to_differ",
        "is not known as a row rule",
        at="- rule",
    ),
    "expectation on no column": Mistake(
        RULES, "column_B: wife_id", "column_B: bride", "there is no column `bride`", at="- rule"
    ),
    "expectation without a title": Mistake(
        RULES, "  title: 双方证件号码不得相同\n", "", "`title` is missing", at="- rule"
    ),
    "code without a title": Mistake("catalog/codes/sex.csv", "1,男,男性", "1,,男性", "needs `code` and `title`"),
    "code twice": Mistake("catalog/codes/sex.csv", "2,女,女性", "1,女,女性", "code 1 stands twice"),
    "model that needs no known table": Mistake(
        DEATH, "def death(death_registration", "def death(deaths", "names no table", at="@model"
    ),
    "model that cannot be imported": Mistake(DEATH, "from pipelines", "from pipeline", "ModuleNotFoundError"),
    "model without a docstring": Mistake(
        DEATH,
        '    """Death of each person whose death was registered, by the certificate of the latest version.\n\n'
        "    One row per id_number; of several certificates the one stands that stands in the golden record too, and\n"
        '    `several_death_dates` finds those that give another day. Source: 2024-19 第十三条（四）.\n    """\n',
        "",
        "needs a docstring",
        at="@model",
    ),
    "model with a syntax error": Mistake(DEATH, "def death(", "def death[", "SyntaxError"),
    "model with a name that is taken": Mistake(
        DEATH, "def death(", "def person(", "the name person is taken", at="@model"
    ),
    "model that needs itself": Mistake(
        DEATH, "def death(death_registration: ir.Table", "def death(death: ir.Table", "need each other", at="@model"
    ),
    "foundation that needs a theme": Mistake(
        DEATH, "def death(death_registration", "def death(person_file", "person_file is made after it", at="@model"
    ),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptTexts:
    """What follows from the declarations before anybody makes a mistake."""
    kept = KeptTexts(tmp_path_factory.mktemp("kept"))
    read_catalog(PROJECT, kept)
    return kept


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_names_file_line_and_what_to_do(project: Path, kept: KeptTexts, mistake: Mistake) -> None:
    line = mistake.make(project)
    with pytest.raises(DeclarationError) as raised:
        read_models(read_catalog(project, kept))
    assert str(raised.value).startswith(f"{project / mistake.file}:{line}: "), str(raised.value)
    assert mistake.says in str(raised.value)


def test_a_responsible_kind_must_have_agencies_at_the_level(project: Path) -> None:
    Mistake(KINDS, HEALTH, HEALTH.replace("league, ", ""), "").make(project)
    with pytest.raises(DeclarationError, match=r"\.yml:\d+: providers: health has no agencies at the level league"):
        read_catalog(project)
    for path in (project / "foundation_dbs").glob("*/sources/*.yml"):
        declared = path.read_text(encoding="utf-8")
        for listed in (", {kind: health, level: league}", "  - {kind: health, level: league}\n"):
            declared = declared.replace(listed, "")
        path.write_text(declared, encoding="utf-8")
    with pytest.raises(
        DeclarationError, match=r"birth_registration\.yml:\d+: responsibility: health has no agencies at"
    ):
        read_catalog(project)


def test_the_declarations_of_the_project_are_right(project: Path) -> None:
    catalog = read_catalog(project)
    assert set(catalog.contracts) >= {"household_registration", "market_entity"}
    assert "person_file" in read_models(catalog).tables


def test_models_in_a_circle_are_refused_with_all_their_names(project: Path) -> None:
    Mistake(DEATH, "def death(death_registration: ir.Table", "def death(marriage: ir.Table", "").make(project)
    marriages = "foundation_dbs/person/marriage.py"
    Mistake(marriages, "def marriage(", "def marriage(death: ir.Table, ", "").make(project)
    with pytest.raises(
        DeclarationError, match=r"\.py:\d+: models need each other: .*(death → marriage|marriage → death)"
    ):
        read_models(read_catalog(project))


def test_a_file_that_is_not_utf8_is_named_with_the_line(project: Path) -> None:
    path = project / HOUSEHOLDS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_bytes("".join(lines[:4]).encode() + "".join(lines[4:]).encode("gb18030"))
    first_chinese = next(number for number, text in enumerate(lines, 1) if number > 4 and not text.isascii())
    with pytest.raises(DeclarationError, match=f":{first_chinese}: not UTF-8 .* save the file as UTF-8"):
        read_catalog(project)


def test_a_code_list_that_is_not_utf8_is_named_with_the_line(project: Path) -> None:
    path = project / "catalog/codes/sex.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(DeclarationError, match=r"sex\.csv:2: not UTF-8"):
        read_catalog(project)


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just words\n"])
def test_a_contract_that_is_no_mapping_is_refused(project: Path, content: str) -> None:
    (project / HOUSEHOLDS).write_text(content, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"household_registration\.yml:1: should be a YAML mapping"):
        read_catalog(project)


def test_a_missing_catalogue_file_is_named(project: Path) -> None:
    (project / "catalog/agencies.yml").unlink()
    with pytest.raises(DeclarationError, match=r"agencies\.yml: this file is missing"):
        read_catalog(project)


def test_two_sources_of_one_name_are_refused(project: Path) -> None:
    shutil.copy(project / HOUSEHOLDS, project / "foundation_dbs/legal_entity/sources")
    with pytest.raises(DeclarationError, match=r":1: .*legal_entity.* has the same name: names are unique"):
        read_catalog(project)


def test_expectations_for_a_source_that_is_not_declared_are_refused(project: Path) -> None:
    (project / RULES).rename(project / "expectations/person/marriages.yml")
    with pytest.raises(DeclarationError, match=r"marriages\.yml:1: there is no source marriages"):
        read_catalog(project)


def test_the_command_stops_with_exit_code_2_and_touches_nothing(project: Path, tmp_path: Path) -> None:
    line = MISTAKES["unknown element"].make(project)
    lake = tmp_path / "lake"
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "run", "--lake", str(lake)]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, "HUILIU_PROJECT": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"{HOUSEHOLDS}:{line}: " in done.stderr
    assert "no data element `gender`" in done.stderr
    assert not lake.exists()
