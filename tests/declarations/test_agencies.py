"""Agencies by kind and region: which there are, who must act on what, and who delivered."""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest
import yaml

from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from pipelines.reports.site import build_report
from pipelines.steps.responsibility import acting as acting_agency
from pipelines.tables.specs import finding_spec
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, household, marriage, person_id
from tests.support.html_page import Page
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

ROOT = Path(__file__).resolve().parents[2]


def test_kinds_crossed_with_regions_give_an_agency_of_each_league_and_banner() -> None:
    catalog = read_catalog(ROOT)
    of_police = [agency for name, agency in catalog.agencies.items() if name.startswith("public_security_")]
    assert [sum(agency.level == level for agency in of_police) for level in ("league", "banner")] == [12, 103]
    titles = {name: catalog.agencies[name].title for name in ("public_security_150400", "public_security_150402")}
    assert titles == {"public_security_150400": "赤峰市公安局", "public_security_150402": "红山区公安局"}


def test_agencies_of_the_autonomous_region_keep_their_names_and_exceptions_their_titles() -> None:
    agencies = read_catalog(ROOT).agencies
    assert agencies["public_security"].title == "内蒙古自治区公安厅"
    assert agencies["public_security_150102"].title == "呼和浩特市公安局新城区分局"
    assert not any(name.startswith("public_data_") for name in agencies), "declared at that level alone"


def test_committees_are_the_civil_affairs_agency_s_but_where_another_one_has_the_task() -> None:
    catalog = read_catalog(ROOT)
    contract = catalog.contracts["grassroots_committee"]
    given = {"150402": "social_work_150400", "152401": "social_work_150400", "150102": "civil_affairs_150100"}
    given |= {"110105": "civil_affairs"}
    providers = {"social_work_150400": "social_work_150400", "civil_affairs_150400": "social_work_150400"}
    providers |= {"civil_affairs_150100": "civil_affairs_150100", "civil_affairs": "civil_affairs"}
    cells = [*((region, None) for region in given), *((None, provider) for provider in providers)]
    table = ibis.memtable(cells, columns=["registered_region", "provider"])
    rows = table.mutate(agency=acting_agency(catalog, contract, {name: table[name] for name in table.columns}))
    found = ibis.duckdb.connect().execute(rows)
    assert dict(zip(found.registered_region.fillna(found.provider), found.agency, strict=True)) == given | providers


@pytest.mark.parametrize(
    ("instead", "problem"),
    [
        ({"150499": "health"}, "instead: 150499 is no league or city of catalog/cities.yml"),
        ({"150400": "police"}, "no kind of agency `police` in catalog/agency_kinds.yml"),
    ],
)
def test_another_kind_must_exist_and_act_in_a_league_or_city(
    tmp_path: Path, instead: dict[str, str], problem: str
) -> None:
    project = tiny_project(tmp_path / "project")
    contract = project / "foundation_dbs/person/sources" / f"{MARRIAGES}.yml"
    declared = yaml.safe_load(contract.read_text(encoding="utf-8"))
    declared["responsibility"] = {"kind": OWN, "by": "registrar_region", "level": "league", "instead": instead}
    contract.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(DeclarationError, match=problem):
        read_catalog(project)


MARRIAGES, PEOPLE = "marriage_registration", "household_registration"
OWN = "civil_affairs"
# Where a marriage was registered, as the file says it, and who must act on it; 152401 is a retired code of 赤峰.
ACTING = {
    "150402": "civil_affairs_150402",
    "150404000000": "civil_affairs_150404",
    "150403": "civil_affairs_150400",  # declared to have no such agency
    "152401": "civil_affairs_150400",
    "赤峰市": "civil_affairs_150400",
    "150105": "civil_affairs_150105",
    "110105": OWN,
    "159999": OWN,
    "=1+1": OWN,
    "": OWN,
}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} has no {old!r}: the test must follow it"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def registered_too_early(number: int, region: str) -> Row:
    return marriage(number, 登记日期="1975-05-20", 登记机关区划代码=region)


@pytest.fixture(scope="module")
def shared_out(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Marriages of couples who were too young, each registered somewhere else, by agencies of banners."""
    folder = tmp_path_factory.mktemp("shared")
    project = tiny_project(folder / "project")
    contract = project / "foundation_dbs/person/sources" / f"{MARRIAGES}.yml"
    declared = yaml.safe_load(contract.read_text(encoding="utf-8"))
    declared["responsibility"] = {"kind": OWN, "by": "registrar_region", "level": "banner"}
    contract.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")
    kinds = project / "catalog/agency_kinds.yml"
    change(kinds, 'pattern: "{region}民政局"', 'absent: ["150403"], pattern: "{region}民政局"')
    place = Place(folder, project=project)
    couples = [registered_too_early(number, region) for number, region in enumerate(ACTING)]
    Delivered(MARRIAGES, "婚姻.csv", couples).write(place.landing)
    people = [household(number, 户籍地区划代码=region) for number, region in enumerate(("150402", "150102", "110105"))]
    nameless = [household(number, 姓名="", 户籍地区划代码="150402" if number % 2 else "") for number in range(10, 13)]
    Delivered(PEOPLE, "户籍.csv", [*people, *nameless]).write(place.landing)
    place.run()
    return place


def acting(place: Place) -> dict[str, str]:
    """Who must act on the marriages of each husband."""
    with place.opened() as at:
        catalog = at.workspace.catalog
        found = at.rows(finding_spec(catalog, catalog.records["person"]))
    return {row["subject"]: row["agency"] for row in found if row["rule"] == "marriage_under_age"}


def test_a_finding_goes_to_the_agency_of_its_row_s_region(shared_out: Place) -> None:
    due = {person_id(2 * number + 1): agency for number, agency in enumerate(ACTING.values())}
    found = acting(shared_out)
    assert {subject: found[subject] for subject in due} == due


def test_quarantined_rows_stand_on_the_page_of_the_agency_of_their_region_where_it_can_be_read(
    shared_out: Place,
) -> None:
    with shared_out.opened() as at:
        site = build_report(at.workspace, shared_out.folder / "report").parent
    rows = {row["机构"]: row for row in Page(site / "index.html").table("机构", "隔离记录")}
    assert {name: row["隔离记录"] for name, row in rows.items() if row["隔离记录"] != "0"} == {
        "内蒙古自治区公安厅": "2",
        "赤峰市公安局": "1",
    }
    assert rows["红山区民政局"]["核查发现"] == "2"  # husband and wife
    assert Page(site / "agencies" / "civil_affairs_150402.html").table("核查规则", "记录")


def test_a_row_that_moves_takes_its_finding_along_as_a_rebuild_would(shared_out: Place, tmp_path: Path) -> None:
    moved = registered_too_early(0, "150404") | {"更新时间": "2026-03-05 08:00:00"}
    Delivered(MARRIAGES, "更正.csv", [moved]).write(shared_out.landing)
    shared_out.run()
    assert acting(shared_out)[person_id(1)] == "civil_affairs_150404"
    assert_equals_a_rebuild(shared_out, tmp_path)
