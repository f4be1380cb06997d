"""What a draft makes of headers below titles, figures that are no sums, ends, changes, keys and platforms' columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.declarations.contract import Contract, Deletes
from tests.drafting.test_adding_a_source import DEATHS, activated, deaths, drafted, huiliu, project, rows, write

__all__ = ["project"]
NAMES = ("公民身份号码", "姓名")


def by_header(contract: Contract) -> dict[str, str]:
    return {column.header: column.element for column in contract.columns}


def with_columns(path: Path, **columns: list[str]) -> Path:
    """A CSV file of people with more columns, whose values repeat to the end of the rows."""
    people = rows(12)
    cells = [
        [row[1], row[2], *(values[number % len(values)] for values in columns.values())]
        for number, row in enumerate(people)
    ]
    return write(path, cells, (*NAMES, *columns))


def as_workbook(path: Path, cells: Sequence[Sequence[object]], merged: str | None = None) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
        if merged:
            sheet.merge_range(merged, cells[0][0])
    return path


TITLES = {
    "one": ([["2026年公示表"]], "row 1 is a title above the header"),
    "with empty cells": ([["2026年公示表", "", ""]], "row 1 is a title above the header"),
    "two": ([["公示表"], ["填报单位：某局", "", "填报日期：2026-01-01"]], "rows 1, 2 are titles above the header"),
}


@pytest.mark.parametrize("above", TITLES)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_title_above_the_header_is_told_and_the_header_found(
    project: Path, tmp_path: Path, above: str, suffix: str
) -> None:
    titles, says = TITLES[above]
    cells = [*titles, list(NAMES), *([row[1], row[2]] for row in rows(9))]
    file = tmp_path / f"s.{suffix}"
    if suffix == "csv":
        file.write_text("\n".join(",".join(map(str, row)) for row in cells), encoding="gb18030")
    else:
        as_workbook(file, cells)
    done = huiliu("source", "draft", file, "--name", "heating_subsidy")
    assert done.exit_code == 0, done.output
    assert says in done.output
    assert by_header(activated(project)["heating_subsidy"]) == {
        "公民身份号码": "id_number",
        "姓名": "person_name",
    }
    assert says in (project / "foundation_dbs/person/sources/heating_subsidy.yml").read_text(encoding="utf-8")


def test_merged_cells_above_the_header_are_a_title(project: Path, tmp_path: Path) -> None:
    cells = [["公示表"], list(NAMES), *([row[1], row[2]] for row in rows(9))]
    contract = drafted(project, as_workbook(tmp_path / "s.xlsx", cells, merged="A1:B1"))
    assert list(by_header(contract)) == list(NAMES)


def test_a_file_of_one_column_has_no_title(project: Path, tmp_path: Path) -> None:
    contract = drafted(project, write(tmp_path / "s.csv", [[row[1]] for row in rows(9)], ("公民身份号码",)))
    assert by_header(contract) == {"公民身份号码": "id_number"}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_delivery_with_a_title_is_refused_with_its_reason(project: Path, tmp_path: Path, suffix: str) -> None:
    cells = [["2026年死亡登记表"], list(DEATHS), *deaths(3)]
    file = tmp_path / f"x.{suffix}"
    if suffix == "csv":
        file.write_text("\n".join(",".join(map(str, row)) for row in cells), encoding="utf-8")
    else:
        as_workbook(file, cells)
    done = huiliu("check", file, "--source", "death_registration")
    assert done.exit_code == 1
    assert "title above the header" in " ".join(done.output.split())


def test_figures_that_are_no_sums_of_money_keep_their_digits(project: Path, tmp_path: Path) -> None:
    figures = {
        "海拔": ["1040.1612345", "1063.7"],
        "年份": ["2023", "2024"],
        "缴费比例": ["5.25", "12.00"],
        "完成率": ["98.5%", "97%"],
        "楼层": ["3", "12"],
        "房屋面积": ["98.50", "120.25"],
        "单价金额": ["1.505", "2.5"],
        "费用金额": ["0012.50", "12.50"],
    }
    elements = by_header(drafted(project, with_columns(tmp_path / "s.csv", **figures)))
    assert {header: elements[header] for header in figures} == dict.fromkeys(figures, "text")


def test_degrees_are_degrees(project: Path, tmp_path: Path) -> None:
    degrees = {"经度": ["111.6612345", "111.7"], "纬度": ["40.81", "40.82"]}
    elements = by_header(drafted(project, with_columns(tmp_path / "s.csv", **degrees)))
    assert {header: elements[header] for header in degrees} == {"经度": "longitude", "纬度": "latitude"}


def test_sums_of_money_are_amounts(project: Path, tmp_path: Path) -> None:
    sums = {"缴存金额": ["12.50", "1,200.00"], "月工资": ["5000", "6000"], "其他": ["1.50", "2.25"]}
    elements = by_header(drafted(project, with_columns(tmp_path / "s.csv", **sums)))
    assert {header: elements[header] for header in sums} == dict.fromkeys(sums, "amount")


def test_ends_are_ends_and_no_versions(project: Path, tmp_path: Path) -> None:
    ends = {
        "有效期至": ["2030-01-31 00:00:00", "长期", "2031-01-31 00:00:00"],
        "到期日": ["2030/1/31", "无固定期限"],
        "经营期限截止": ["2030-01-31", "9999-12-31"],
    }
    contract = drafted(project, with_columns(tmp_path / "s.csv", **ends))
    elements = by_header(contract)
    assert {header: elements[header] for header in ends} == dict.fromkeys(ends, "end_date")
    assert contract.version is None


def test_cells_that_are_dates_in_a_workbook_are_dates(project: Path, tmp_path: Path) -> None:
    import datetime

    dated = [[row[1], row[2], datetime.date(2024, 1, 15), datetime.date(2030, 1, 15)] for row in rows(9)]
    contract = drafted(project, as_workbook(tmp_path / "s.xlsx", [[*NAMES, "发证日", "有效期至"], *dated]))
    assert by_header(contract) == {
        **dict(zip(NAMES, ("id_number", "person_name"), strict=True)),
        "发证日": "date",
        "有效期至": "end_date",
    }
    assert contract.version is None


@pytest.mark.parametrize(
    "header", ["更新时间", "最后修改时间", "操作时间", "数据时间戳", "dsc_biz_timestamp", "cd_time", "update_time"]
)
def test_only_times_of_change_are_versions(project: Path, tmp_path: Path, header: str) -> None:
    times = {header: ["2024-05-01 10:00:00", "2024-05-02 00:00:00"], "办结时间": ["2024-06-01 10:00:00"]}
    contract = drafted(project, with_columns(tmp_path / "s.csv", **times))
    assert contract.column(contract.version or "").header == header
    without = with_columns(tmp_path / "t.csv", 办结时间=["2024-06-01 10:00:00"])
    done = huiliu("source", "draft", without, "--name", "other")
    assert done.exit_code == 0
    assert activated(project)["other"].version is None


@pytest.mark.parametrize("header", ["code", "id", "编号", "企业编码", "许可证号", "item_code"])
def test_a_complete_column_that_never_repeats_and_is_named_as_a_key_is_it(
    project: Path, tmp_path: Path, header: str
) -> None:
    cells = [[f"1501{number:02}", "某区", "150102198001010014"] for number in range(1, 10)]
    sample = write(tmp_path / "s.csv", cells, (header, "名称", "公民身份号码"))
    contract = drafted(project, sample)
    assert [contract.column(name).header for name in contract.key] == [header]
    text = (project / "foundation_dbs/person/sources/heating_subsidy.yml").read_text(encoding="utf-8")
    assert "样本 9 行中无空值且不重复" in text


@pytest.mark.parametrize(("flag", "value"), [("dsc_biz_operation", "delete"), ("cd_operation", "D")])
def test_flags_of_exchange_platforms_are_flags(project: Path, tmp_path: Path, flag: str, value: str) -> None:
    columns = {flag: ["insert", value, ""], "dsc_biz_timestamp": ["2024-05-01 10:00:00"]}
    contract = drafted(project, with_columns(tmp_path / "s.csv", **columns))
    assert contract.deletes == Deletes(column=flag, value=value)
    assert contract.version == "updated_at", "what other contracts call this header"
    assert contract.column("updated_at").header == "dsc_biz_timestamp"


def test_no_figure_of_something_else_becomes_a_sum_of_money(project: Path, tmp_path: Path) -> None:
    headers = ("东经", "北纬", "考核得分", "平均气温", "年降水量", "人口密度")
    path = with_columns(tmp_path / "s.csv", **{header: ["41.25", "38.50", "45.75"] for header in headers})
    elements = by_header(drafted(project, path))
    assert {elements[header] for header in headers} == {"text"}


def test_days_on_which_something_ends_are_known_by_many_headers(project: Path, tmp_path: Path) -> None:
    headers = ("有效期限", "证件有效期", "使用期限至", "合同终止日", "有效期结束日期", "期满届满日", "valid_until")
    path = with_columns(tmp_path / "s.csv", **{header: ["长期", "2030-01-01"] for header in headers})
    elements = by_header(drafted(project, path))
    assert {elements[header] for header in headers} == {"end_date"}


def test_days_on_which_something_begins_are_no_ends(project: Path, tmp_path: Path) -> None:
    headers = ("有效期起", "有效期自", "有效期开始日期")
    path = with_columns(tmp_path / "s.csv", **{header: ["2020-01-01", "2021-01-01"] for header in headers})
    elements = by_header(drafted(project, path))
    assert "end_date" not in {elements[header] for header in headers}


@pytest.mark.parametrize("header", ["GXSJ", "UPDATETIME", "lastUpdateTime", "modifydate", "xgsj"])
def test_platforms_own_columns_of_changes_are_the_version(project: Path, tmp_path: Path, header: str) -> None:
    times = [f"2026-03-01 08:{minute:02d}:00" for minute in range(12)]
    contract = drafted(project, with_columns(tmp_path / "s.csv", **{header: times}))
    assert contract.version == header.lower()


def test_a_column_of_ways_to_reach_people_is_no_number_of_documents(project: Path, tmp_path: Path) -> None:
    path = with_columns(tmp_path / "s.csv", 联系方式=[f"1390000{number:04d}" for number in range(12)])
    assert by_header(drafted(project, path))["联系方式"] == "phone"
