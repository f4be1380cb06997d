"""A new source is one YAML file: drafted from a sample, checked before delivery, and then it arrives in foundation."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

from pipelines.cli import check, source
from pipelines.declarations.contract import Contract
from pipelines.project.catalog import read_catalog
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.settings import Settings
from pipelines.steps.run import run
from pipelines.tables.specs import golden_spec, raw_spec, standard_spec

PROJECT = Path(__file__).resolve().parents[2]
HEADER = (
    "补贴户号", "公民身份号码", "姓名", "单位名称", "补贴基数", "职工户口所在地", "开通日期",
    "补贴状态", "联系电话", "备注: 其他", "更新时间",
)  # fmt: skip
ELEMENTS = (
    "document_number", "id_number", "person_name", "organisation_name", "amount", "region", "date",
    "text", "phone", "text", "datetime",
)  # fmt: skip
PEOPLE = 60
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def person(number: int) -> str:
    """A made-up id number with a right check digit."""
    body = f"150102{1960 + number % 40}{1 + number % 12:02d}{1 + number % 28:02d}{100 + number:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def rows(count: int = PEOPLE) -> list[list[str]]:
    return [
        [
            f"1501{number:07d}",
            person(number),
            f"测{'甲乙丙丁'[number % 4]}",
            "某某建筑公司",
            f"{5000 + number}.50",
            "150102",
            f"20{number % 20:02d}/3/4",
            ("在发", "暂缓")[number % 2],
            f"139{number:08d}",
            "",
            f"2024-05-01 10:00:{number:02d}",
        ]
        for number in range(count)
    ]


def write(path: Path, cells: list[list[str]], header: tuple[str, ...] = HEADER, **how: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=how.get("encoding", "utf-8")) as file:
        csv.writer(file, delimiter=how.get("delimiter", ",")).writerows([header, *cells])
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's declarations that the commands work on."""
    root = tmp_path / "project"
    for folder in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HUILIU_PROJECT", str(root))
    monkeypatch.setenv("COLUMNS", "200")
    return root


def huiliu(*arguments: str | Path) -> Result:
    app = typer.Typer()
    source.register(app)
    check.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def drafted(project: Path, sample: Path, *more: str) -> Contract:
    done = huiliu("source", "draft", sample, "--name", "heating_subsidy", *more)
    assert done.exit_code == 0, done.output
    return activated(project)["heating_subsidy"]


def activated(project: Path) -> Mapping[str, Contract]:
    """The contracts once a person has filled in what the drafts ask for, and moved them."""
    answers = {
        "providers: [请填写]": "providers: [public_data]",
        "legal_basis: 请填写": "legal_basis: 2024-19 第十三条",
    }
    answers |= {"sharing: 请填写": "sharing: unconditional", ": 请填写 ": ": 某信息 "}
    for path in project.glob("foundation_dbs/*/drafts/*.yml"):
        text = path.read_text(encoding="utf-8")
        for asked, answer in answers.items():
            text = text.replace(asked, answer)
        path.unlink()
        (path.parents[1] / "sources" / path.name).write_text(text, encoding="utf-8")
    return read_catalog(project).contracts


@contextmanager
def ran(project: Path, tmp_path: Path) -> Iterator[Workspace]:
    settings = Settings(project=project, lake=tmp_path / "lake", landing=tmp_path / "landing", settle=0)
    with open_workspace(settings) as workspace:
        run(workspace)
        yield workspace


def test_a_drafted_source_arrives_in_foundation(project: Path, tmp_path: Path) -> None:
    delivered = write(tmp_path / "landing/heating_subsidy/2024.csv", rows())
    contract = drafted(project, delivered, "--provider", "human_resources", "--legal-basis", "2024-19 第十三条（六）")
    assert huiliu("check", delivered).exit_code == 0
    with ran(project, tmp_path) as workspace:
        lake, catalog = workspace.lake, workspace.catalog
        raw = lake.engine.rows(lake.read(raw_spec(catalog, contract)))
        standard = lake.engine.rows(lake.read(standard_spec(catalog, contract)))
        golden = lake.engine.rows(lake.read(golden_spec(catalog, catalog.records["person"])))
    assert len(raw) == PEOPLE
    assert {row["id_number"] for row in standard} == {person(number) for number in range(PEOPLE)}
    only_there = next(row for row in golden if row["id_number"] == person(7))
    assert only_there["person_name"] == rows()[7][2]
    assert only_there["person_name_source"] == "heating_subsidy"


def test_a_draft_knows_headers_titles_and_values(project: Path, tmp_path: Path) -> None:
    contract = drafted(project, write(tmp_path / "s.csv", rows()))
    elements = {column.header: (column.name, column.element) for column in contract.columns}
    assert elements["公民身份号码"] == ("id_number", "id_number")
    assert elements["姓名"] == ("person_name", "person_name")
    assert elements["单位名称"] == ("employer_name", "organisation_name"), "an alias of another contract"
    assert elements["更新时间"] == ("updated_at", "datetime")
    assert elements["补贴户号"][1] == "document_number"
    assert elements["补贴基数"] == ("column_5", "amount"), "by its values; its name waits for a person"
    assert elements["职工户口所在地"][1] == "region", "by its values"
    assert elements["开通日期"][1] == "date"
    assert elements["补贴状态"][1] == "text"
    assert elements["备注: 其他"][1] == "text"
    assert contract.version == "updated_at"
    assert contract.database == "person"
    assert contract.feeds is not None
    assert contract.feeds.record == "person"
    others = [
        contract.feeds.rank
        for contract in read_catalog(project).contracts.values()
        if contract.feeds and contract.database == "person"
    ]
    assert contract.feeds.rank == max(others)
    assert contract.key == (elements["补贴户号"][0],)


def test_a_draft_says_what_a_person_must_look_at_and_shows_no_value(project: Path, tmp_path: Path) -> None:
    huiliu("source", "draft", write(tmp_path / "s.csv", rows()), "--name", "heating_subsidy")
    text = (project / "foundation_dbs/person/drafts/heating_subsidy.yml").read_text(encoding="utf-8")
    assert "  公民身份号码: id_number!\n" in text
    assert "providers: [请填写]" in text
    assert next(line for line in text.splitlines() if "column_5" in line).count("请起英文列名") == 1
    shown = {cell for row in rows() for cell in row if len(cell) > 1 and cell in text}
    assert not shown


def test_what_is_said_is_not_asked_again(project: Path, tmp_path: Path) -> None:
    titles = ("--title", "公积金信息", "--system", "公积金系统")
    options = ("--provider", "health", "--legal-basis", "PIPL 第十三条", *titles)
    contract = drafted(project, write(tmp_path / "s.csv", rows()), *options)
    assert (contract.providers, contract.legal_basis) == (("health",), "PIPL 第十三条")
    assert (contract.title, contract.system) == ("公积金信息", "公积金系统")
    text = (project / "foundation_dbs/person/sources/heating_subsidy.yml").read_text(encoding="utf-8")
    assert "请填写：" not in text


def as_jsonl(path: Path) -> Path:
    lines = [json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in rows()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def as_parquet(path: Path) -> Path:
    columns = [list(column) for column in zip(*rows(), strict=True)]
    pq.write_table(pa.table(dict(zip(HEADER, columns, strict=True))), path)
    return path


def as_xlsx(path: Path) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([list(HEADER), *rows()]):
            sheet.write_row(number, 0, row)
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "s.jsonl": as_jsonl,
    "s.parquet": as_parquet,
    "s.xlsx": as_xlsx,
    "gb.csv": lambda path: write(path, rows(), encoding="gb18030"),
    "tab.txt": lambda path: write(path, rows(), delimiter="\t"),
}


@pytest.mark.parametrize("file", FORMATS)
def test_every_format_can_be_drafted_from(project: Path, tmp_path: Path, file: str) -> None:
    contract = drafted(project, FORMATS[file](tmp_path / file))
    assert [column.header for column in contract.columns] == list(HEADER)
    assert [column.element for column in contract.columns] == list(ELEMENTS)
    assert (contract.key, contract.version) == (("column_1",), "updated_at")


def test_a_header_that_no_contract_knows(project: Path, tmp_path: Path) -> None:
    sample = write(tmp_path / "s.csv", [[row[1], row[4]] for row in rows()], ("参缴人", "工资"), delimiter=";")
    contract = drafted(project, sample)
    assert [column.element for column in contract.columns] == ["id_number", "amount"]
    assert contract.feeds is not None
    assert contract.feeds.key == ("column_1",)


def test_a_key_of_two_columns_where_one_repeats(project: Path, tmp_path: Path) -> None:
    cells = [[row[1], kind, row[2]] for row in rows(20) for kind in ("提取", "贷款")]
    contract = drafted(project, write(tmp_path / "s.csv", cells, ("公民身份号码", "业务类型", "姓名")))
    assert contract.key == ("id_number", "column_2")


@pytest.mark.parametrize(
    ("header", "cells", "says"),
    [
        (tuple(rows()[0]), rows(5), "hold values, not headers"),
        (HEADER, [], "holds no rows"),
        (("甲", "乙"), [["a", "b"]], "--database"),
    ],
    ids=["no header", "no rows", "no key of any golden record"],
)
def test_a_sample_that_no_contract_can_be_drafted_from(
    project: Path, tmp_path: Path, header: tuple[str, ...], cells: list[list[str]], says: str
) -> None:
    done = huiliu("source", "draft", write(tmp_path / "s.csv", cells, header), "--name", "heating_subsidy")
    assert done.exit_code == 2
    assert says in done.output
    assert person(0) not in done.output
    assert "heating_subsidy" not in read_catalog(project).contracts


def test_a_draft_never_overwrites(project: Path, tmp_path: Path) -> None:
    sample = write(tmp_path / "s.csv", rows())
    drafted(project, sample)
    assert huiliu("source", "draft", sample, "--name", "heating_subsidy").exit_code == 2
    assert huiliu("source", "draft", sample, "--name", "death_registration").exit_code == 2
    kept = write(tmp_path / "kept.yml", [])
    assert huiliu("source", "draft", sample, "--name", "other", "--out", kept).exit_code == 2


DEATHS = ("死亡证编号", "公民身份号码", "姓名", "性别", "死亡日期", "更新时间")


def deaths(count: int = 20) -> list[list[str]]:
    return [
        [f"Z{number:04d}", person(number), "测甲", "男", "2024-01-31", "2024-02-01 08:00:00"] for number in range(count)
    ]


def test_check_passes_a_good_file_and_leaves_the_lake_alone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUILIU_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HUILIU_LANDING", str(tmp_path / "landing"))
    file = write(tmp_path / "anything.csv", deaths(), DEATHS, encoding="gb18030")
    before = file.read_bytes()
    done = huiliu("check", file, "--source", "death_registration")
    assert done.exit_code == 0, done.output
    for text in ("death_registration", "gb18030", "20 rows", "6 matched, 0 unknown", "would pass", "20 rows accepted"):
        assert text in done.output
    assert file.read_bytes() == before
    assert not (tmp_path / "lake").exists()
    assert not (tmp_path / "landing").exists()


def test_check_guesses_the_source_by_header_or_folder(project: Path, tmp_path: Path) -> None:
    contract = read_catalog(project).contracts["death_registration"]
    full = tuple(contract.cells)
    cells = [[row[DEATHS.index(name)] if name in DEATHS else "" for name in full] for row in deaths()]
    assert "→ death_registration" in huiliu("check", write(tmp_path / "x.csv", cells, full)).output
    assert (
        "→ death_registration" in huiliu("check", write(tmp_path / "death_registration/x.csv", deaths(), DEATHS)).output
    )


def test_check_names_broken_rules_with_rows_and_no_value(project: Path, tmp_path: Path) -> None:
    cells = deaths()
    cells[3][1] = cells[3][1][:-1] + ("0" if cells[3][1][-1] != "0" else "1")
    cells[8][4] = "未知某日"
    cells[9][3] = "不详"
    done = huiliu("check", write(tmp_path / "x.csv", cells, DEATHS), "--source", "death_registration")
    assert done.exit_code == 1
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "第18位校验码应按GB11643" in re.sub(r"\s", "", done.output)
    assert {"quarantine 1 id_number.check_digit: 5", "quarantine 1 died_on.form: 10", "flag 1 sex.listed: 11"} < {
        *lines
    }
    assert "18 rows accepted" in done.output
    assert "2 quarantined" in done.output
    for row in cells:
        assert row[1] not in done.output
    assert "未知某日" not in done.output


def test_check_says_why_a_batch_would_be_held(project: Path, tmp_path: Path) -> None:
    cells = deaths()
    for row in cells[:15]:
        row[4] = "某日"
    done = huiliu("check", write(tmp_path / "x.csv", cells, DEATHS), "--source", "death_registration")
    assert done.exit_code == 1
    assert "would be held" in done.output
    assert "15 of 20 rows would be quarantined" in done.output


def test_check_of_a_header_alone_is_held_for_its_rows(project: Path, tmp_path: Path) -> None:
    done = huiliu("check", write(tmp_path / "x.csv", [], DEATHS), "--source", "death_registration")
    assert done.exit_code == 1
    assert "would be held" in done.output
    assert "每批至少一条记录" in done.output


def test_check_tells_unknown_and_missing_columns(project: Path, tmp_path: Path) -> None:
    header = tuple("新列" if name == "性别" else name for name in DEATHS)
    done = huiliu("check", write(tmp_path / "x.csv", deaths(), header), "--source", "death_registration")
    assert done.exit_code == 1
    assert "unknown: 新列" in done.output
    assert "性别" in next(line for line in done.output.splitlines() if "  missing:" in line)
    header = tuple("日期" if name == "死亡日期" else name for name in DEATHS)
    done = huiliu("check", write(tmp_path / "y.csv", deaths(), header), "--source", "death_registration")
    assert done.exit_code == 1
    assert "required columns 死亡日期 are missing" in done.output
    assert "file.readable" in done.output


def test_check_of_an_empty_file_says_so(project: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    done = huiliu("check", tmp_path / "x.csv", "--source", "death_registration")
    assert done.exit_code == 1
    assert "x.csv: the file is empty; what to do" in done.output


def test_check_of_an_unknown_source_is_a_usage_error(project: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", [["1", "2"]], ("甲", "乙"))
    assert huiliu("check", file, "--source", "nobody").exit_code == 2
    guessed = huiliu("check", file)
    assert guessed.exit_code == 2
    assert "huiliu source draft" in guessed.output
    assert huiliu("check", tmp_path / "absent.csv").exit_code == 2


def test_check_warns_of_a_name_that_a_run_leaves_alone(project: Path, tmp_path: Path) -> None:
    done = huiliu("check", write(tmp_path / "x.csv.part", deaths(), DEATHS), "--source", "death_registration")
    assert done.exit_code == 1
    assert "rename it" in done.output
