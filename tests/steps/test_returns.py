"""Whose a row is: the first region of a list that lies in a league or city, and the rows that reach none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import open_project
from pipelines.steps.plan import plan
from pipelines.steps.return_flow import Flow, flows, unreturned, unreturned_rows
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, death, household, name_of, permit, person_id
from tests.support.place import Place, copied_project

HERE, THERE, OUTSIDE, REGION = "150102", "150402", "110101", "150000"
RESIDENT, MOVED, REGISTERED, INSURED, AWAY, TOP, NOWHERE, SPLIT = range(1, 17, 2)
SOCIAL = "foundation_dbs/person/social_security.py"


def insurance(number: int, region: str, kind: str = "110") -> Row:
    identity = {"公民身份号码": person_id(number), "姓名": name_of(number), "险种类型": kind, "参保状态": "参保缴费"}
    return {**identity, "参保地区划代码": region, "更新时间": "2026-03-01 08:00:00"}


DELIVERED = [
    Delivered(
        "household_registration",
        "1.csv",
        [
            household(RESIDENT),
            household(MOVED, 更新时间="2026-01-01 08:00:00"),
            household(REGISTERED, 更新时间="2026-01-01 08:00:00"),
            household(AWAY, 户籍地区划代码=OUTSIDE),
            household(TOP, 户籍地区划代码=REGION),
        ],
    ),
    Delivered("residence_permit", "1.csv", [permit(MOVED), permit(REGISTERED, 现居住地区划代码=OUTSIDE)]),
    Delivered(
        "social_insurance",
        "1.csv",
        [
            *(insurance(number, THERE) for number in (RESIDENT, REGISTERED, INSURED)),
            insurance(MOVED, HERE),
            *(insurance(number, OUTSIDE) for number in (AWAY, TOP)),
            insurance(NOWHERE, ""),
            insurance(SPLIT, HERE),
            {**insurance(SPLIT, THERE, "310"), "参保状态": "9"},
        ],
    ),
    Delivered("death_registration", "1.csv", [death(INSURED), death(NOWHERE)]),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("returns"))
    for delivered in DELIVERED:
        delivered.write(made.landing)
    made.run()
    return made


def returned(place: Place, table: str) -> dict[tuple[str, ...], str]:
    """Whose each row of a table is, by its key."""
    with place.opened() as at:
        flow = flow_of(at.workspace, table)
        return {tuple(row[name] for name in flow.spec.key): row["city"] for row in at.rows(flow.returned)}


def flow_of(workspace, table: str) -> Flow:  # type: ignore[no-untyped-def]
    return next(flow for flow in flows(workspace) if flow.spec.id.path == f"foundation/person/{table}")


def test_a_person_is_of_where_they_live_else_are_registered_else_are_insured(place: Place) -> None:
    found = {key[0]: city for key, city in returned(place, "person").items()}
    due = {RESIDENT: "150100", MOVED: "150400", REGISTERED: "150100", INSURED: "150400"}
    assert {number: found.get(person_id(number)) for number in due} == due
    assert not {person_id(number) for number in (AWAY, TOP, NOWHERE)} & {*found}


def test_social_security_is_of_the_person_s_city_else_of_its_own(place: Place) -> None:
    found = returned(place, "social_security")
    due = {
        (RESIDENT, "110"): "150100",
        (MOVED, "110"): "150400",
        (REGISTERED, "110"): "150100",
        (INSURED, "110"): "150400",
        (SPLIT, "110"): "150100",
        (SPLIT, "310"): "150400",
    }
    assert found == {(person_id(number), kind): city for (number, kind), city in due.items()}


def test_a_death_is_of_the_person_s_city(place: Place) -> None:
    assert returned(place, "death") == {(person_id(INSURED),): "150400"}


def test_a_value_in_no_code_list_reaches_a_city_marked(place: Place) -> None:
    with place.opened() as at:
        rows = at.rows(flow_of(at.workspace, "social_security").returned)
    marked = {(row["city"], row["id_number"], row["state"]): row["_flags"] for row in rows if row["_flags"]}
    assert marked == {(THERE[:4] + "00", person_id(SPLIT), "9"): ["state.listed"]}


def test_what_reaches_no_city_is_counted_and_why(place: Place) -> None:
    with place.opened() as at:
        found = {name: unreturned(at.workspace, flow_of(at.workspace, name)) for name in ("person", "social_security")}
        assert unreturned_rows(at.workspace, flow_of(at.workspace, "person")) == 3
        assert unreturned_rows(at.workspace, flow_of(at.workspace, "death")) == 1
    assert (found["person"].rows, found["person"].outside, found["person"].unknown) == (8, 2, 1)
    assert (found["social_security"].rows, found["social_security"].outside, found["social_security"].unknown) == (
        9,
        2,
        1,
    )


def test_a_run_and_the_report_say_so(place: Place) -> None:
    output = place.huiliu("run").stdout
    (line,) = [line for line in output.splitlines() if "foundation/person/social_security" in line]
    assert line.split()[-2:] == ["9", "3"], output
    assert place.huiliu("report", "--out", "report").returncode == 0
    page = (place.folder / "report/index.html").read_text(encoding="utf-8")
    row = page[page.index("foundation/person/social_security</th>") :].partition("</tr>")[0]
    cells = [cell.partition("</td>")[0] for cell in row.split('<td class="n">')[1:]]
    assert cells == ["9", "3", "2", "1"]


def test_rows_move_with_the_person(place: Place, tmp_path: Path) -> None:
    """Somebody known by insurance alone is registered, and somebody from outside moves in."""
    later = "2026-04-01 08:00:00"
    rows = [household(NOWHERE, 更新时间=later), household(AWAY, 户籍地区划代码=THERE, 更新时间=later)]
    Delivered("household_registration", "2.csv", rows).write(place.landing)
    place.run()
    security, people = returned(place, "social_security"), returned(place, "person")
    assert people[(person_id(NOWHERE),)] == security[(person_id(NOWHERE), "110")] == "150100"
    assert people[(person_id(AWAY),)] == security[(person_id(AWAY), "110")] == "150400"
    assert returned(place, "death")[(person_id(NOWHERE),)] == "150100"
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")


@pytest.mark.parametrize("scope", ["person.height", "persons.residence_region", "insured_city"])
def test_a_scope_names_a_region(tmp_path: Path, scope: str) -> None:
    project = copied_project(tmp_path / "project")
    model = project / SOCIAL
    text = model.read_text(encoding="utf-8")
    assert '"insured_region"))' in text
    model.write_text(text.replace('"insured_region"))', f'"{scope}"))'), encoding="utf-8")
    with Place(tmp_path, project=project).opened() as at, pytest.raises(DeclarationError, match=scope):
        plan(open_project(at.workspace.settings))
