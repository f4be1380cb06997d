"""The simulation: repeatable, readable as real files are, complete in its kinds, and no relation of the pipelines."""

import contextlib
import csv
import filecmp
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from stdnum.cn import ric, uscc

from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from simulation import simulate
from simulation.checksums import credit_check, credit_code, id_check, id_number, id_numbers, organisation_check
from simulation.contracts import contract
from simulation.sources import sources
from simulation.truth.golden import name_key
from simulation.world.places import CITIES, counties, retired
from tests.support.place import PROJECT

LICENSE_ROOT = "1.2.156.3005.2."
SEED = 7
SOURCES = list(sources())
FEWEST_REJECTS = 10  # so many, and more than three in ten rows, hold a file
ONCE = {
    "stale_file",
    "file_delivered_twice",
    "columns_swapped",
    "file_without_records",
    "numbers_cut_to_fifteen_digits",
    "bad_row_in_small_file",
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated")
    simulate(2_000, SEED, out)
    return out


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def outcomes(simulated: Path) -> list[dict[str, str]]:
    return read(simulated / "truth" / "outcomes.csv")


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_same_seed_same_files_byte_for_byte(simulated: Path, tmp_path: Path) -> None:
    simulate(2_000, SEED, tmp_path)
    names = [str(path) for path in files(simulated)]
    assert [str(path) for path in files(tmp_path)] == names
    assert filecmp.cmpfiles(simulated, tmp_path, names, shallow=False)[1:] == ([], [])


def test_another_seed_gives_other_people(simulated: Path, tmp_path: Path) -> None:
    simulate(2_000, SEED + 1, tmp_path)
    ids = [{row["id_number"] for row in read(at / "truth" / "golden_person.csv")} for at in (simulated, tmp_path)]
    assert len(ids[0] & ids[1]) < 0.01 * len(ids[0])


def test_outcomes_use_the_known_words_and_name_what_they_are_about(outcomes: list[dict[str, str]]) -> None:
    needed = {
        "quarantine": ("source", "file", "row", "kind", "rule"),
        "flag": ("source", "file", "row", "kind", "rule"),
        "hold": ("source", "file", "kind", "rule"),
        "accept": ("source", "file", "kind"),
        "conflict": ("kind", "database", "subject", "attribute"),
        "finding": ("kind", "rule", "database", "subject"),
    }
    for outcome in outcomes:
        assert all(outcome[column] for column in needed[outcome["outcome"]]), outcome
    unique = Counter(tuple(outcome.values()) for outcome in outcomes)
    assert unique.most_common(1)[0][1] == 1


def test_every_kind_is_planted_three_times_and_once_among_few_people(
    outcomes: list[dict[str, str]], tmp_path: Path
) -> None:
    often = Counter((outcome["outcome"], outcome["kind"]) for outcome in outcomes)
    assert {kind for (_, kind), times in often.items() if times < 3} == ONCE
    simulate(500, SEED, tmp_path)
    few = {(outcome["outcome"], outcome["kind"]) for outcome in read(tmp_path / "truth" / "outcomes.csv")}
    assert few == set(often)
    assert len(few) >= 140


def test_defects_stay_rare_enough_for_no_ordinary_file_to_be_held(simulated: Path, tmp_path: Path) -> None:
    for people, folder in ((500, tmp_path), (2_000, simulated)):
        if people == 500:
            simulate(people, SEED, folder)
        kept_out: dict[tuple[str, str], set[str]] = defaultdict(set)
        for outcome in read(folder / "truth" / "outcomes.csv"):
            if outcome["outcome"] == "quarantine":
                kept_out[outcome["source"], outcome["file"]].add(outcome["row"])
        for (source, name), rows in kept_out.items():
            path = folder / "landing" / source / name
            assert len(rows) < FEWEST_REJECTS or len(rows) <= 0.25 * len(records(path)), path


def test_no_row_is_both_accepted_and_kept_out(outcomes: list[dict[str, str]]) -> None:
    rows = defaultdict(set)
    for outcome in outcomes:
        if outcome["row"]:
            rows[outcome["outcome"]].add((outcome["source"], outcome["file"], outcome["row"]))
    assert not rows["accept"] & rows["quarantine"]
    assert not rows["accept"] & rows["flag"]


def records(path: Path) -> Sequence[Sequence[object]]:
    """Every record of a landed file below its header; undecodable bytes replaced."""
    match path.suffix:
        case ".xlsx":
            sheet = openpyxl.load_workbook(path, read_only=True).active
            return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
        case ".parquet":
            return [list(row.values()) for row in pq.read_table(path).to_pylist()]
        case ".jsonl":
            return [[line] for line in path.read_text("utf-8").split("\n")[:-1]]
    form = sources()[path.parent.name].form
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        return list(csv.reader(file, delimiter=form.delimiter))[1:]


def marked(outcomes: list[dict[str, str]], kind: str, suffix: str = "") -> list[dict[str, str]]:
    return [outcome for outcome in outcomes if outcome["kind"] == kind and outcome["file"].endswith(suffix)]


def record(simulated: Path, outcome: dict[str, str]) -> Sequence[object]:
    path = simulated / "landing" / outcome["source"] / outcome["file"]
    first = 1 if path.suffix in (".jsonl", ".parquet") else 2
    return records(path)[int(outcome["row"]) - first]


def test_every_file_is_readable_in_its_format(simulated: Path) -> None:
    landed = {path.parent.name: path for path in (simulated / "landing").rglob("*") if path.is_file()}
    assert set(landed) == set(SOURCES)
    for path in (simulated / "landing").rglob("*.*"):
        assert records(path) or "空" in path.name
    household = next((simulated / "landing" / "household_registration").glob("*_001.csv")).read_bytes()
    assert household.count(b"\r\n") == household.count(b"\n")
    insurance = next((simulated / "landing" / "social_insurance").glob("*_001.csv")).read_bytes()
    assert insurance.startswith(b"\xef\xbb\xbf")


def test_broken_records_are_broken_where_the_truth_says(simulated: Path, outcomes: list[dict[str, str]]) -> None:
    for outcome in marked(outcomes, "row_too_many_cells") + marked(outcomes, "row_too_few_cells"):
        path = simulated / "landing" / outcome["source"] / outcome["file"]
        assert len(record(simulated, outcome)) != Counter(map(len, records(path))).most_common(1)[0][0]
    for outcome in marked(outcomes, "row_undecodable"):
        assert any("\ufffd" in str(cell) for cell in record(simulated, outcome))
    for outcome in marked(outcomes, "row_no_json"):
        line = str(record(simulated, outcome)[0])
        with contextlib.suppress(json.JSONDecodeError):
            assert not isinstance(json.loads(line), dict)


def test_repeated_records_equal_an_earlier_one_and_contradictions_do_not(
    simulated: Path, outcomes: list[dict[str, str]]
) -> None:
    assert marked(outcomes, "row_repeated_in_another_spelling")
    for outcome in marked(outcomes, "row_repeated_in_another_spelling"):
        path = simulated / "landing" / outcome["source"] / outcome["file"]
        assert record(simulated, outcome) not in records(path)[: int(outcome["row"]) - 2]
    for outcome in marked(outcomes, "row_repeated"):
        path = simulated / "landing" / outcome["source"] / outcome["file"]
        first = 1 if path.suffix in (".jsonl", ".parquet") else 2
        before = records(path)[: int(outcome["row"]) - first]
        assert record(simulated, outcome) in before
    for outcome in marked(outcomes, "row_contradiction"):
        assert (
            records(simulated / "landing" / outcome["source"] / outcome["file"]).count(record(simulated, outcome)) == 1
        )


def test_golden_records_have_valid_keys_and_plain_values(simulated: Path) -> None:
    people = read(simulated / "truth" / "golden_person.csv")
    assert len({person["id_number"] for person in people}) == len(people) > 1_900
    for person in people:
        number = person["id_number"]
        assert number[17] == id_check(number[:17])
        assert re.fullmatch(r"(\d{4}-\d\d-\d\d)?", person["died_on"])
    entities = read(simulated / "truth" / "golden_legal_entity.csv")
    assert len({entity["credit_code"] for entity in entities}) == len(entities)
    for entity in entities:
        assert entity["credit_code"][17] == credit_check(entity["credit_code"][:17])
        assert re.fullmatch(r"(\d+\.\d{4})?", entity["registered_capital"])


def test_rare_characters_survive_into_the_golden_record(simulated: Path) -> None:
    names = "".join(person["person_name"] for person in read(simulated / "truth" / "golden_person.csv"))
    assert all(sign in names for sign in "䶮𠮷𫖯")


def test_each_city_gets_the_golden_rows_of_its_regions(simulated: Path) -> None:
    truth = simulated / "truth"
    for table, key, scope in (
        ("person", "id_number", ("residence_region", "household_region", "insured_region")),
        ("legal_entity", "credit_code", ("registered_region",)),
    ):
        due = {(row["city"], row[key]) for row in read(truth / "returns" / table / f"{table}.csv")}
        assert {city for city, _ in due} == set(CITIES)
        golden = set()
        for row in read(truth / f"golden_{table}.csv"):
            cities = [row[name][:4] + "00" for name in scope]
            golden |= {(city, row[key]) for city in [city for city in cities if city in CITIES][:1]}
        assert due == golden


def test_every_derived_table_and_every_register_has_its_truth(simulated: Path) -> None:
    truth = simulated / "truth"
    assert {path.stem for path in (truth / "standard").iterdir()} == {*SOURCES}
    assert {path.stem for path in (truth / "withdrawn").iterdir()} == {
        name for name in SOURCES if contract(name).is_deleted_from
    }
    numbered = {name for name in SOURCES if {"id_number", "person_document"} & {*contract(name).elements.values()}}
    assert {path.stem for path in (truth / "alias").iterdir()} == numbered
    derived = {str(path.relative_to(truth)) for layer in ("foundation", "theme") for path in truth.glob(f"{layer}/*/*")}
    models = read_models(read_catalog(PROJECT)).tables.values()
    assert derived == {f"{placed.layer}/{placed.database}/{placed.declared.name}.csv" for placed in models}
    for table in SOURCES:
        rows = read(truth / "standard" / f"{table}.csv")
        keys = Counter(tuple(row[name] for name in contract(table).key) for row in rows)
        assert rows
        assert keys.most_common(1)[0][1] == 1, table
        assert all(all(held) for held in keys), table


def test_no_end_and_no_day_are_nothing_in_the_truth(simulated: Path, outcomes: list[dict[str, str]]) -> None:
    """What the domain means by 长期 or a day in year one, worked out from the files: no day stands for it."""
    for kind in ("no_end_in_words", "date_year_one"):
        assert marked(outcomes, kind)
    for table in SOURCES:
        for row in read(simulated / "truth" / "standard" / f"{table}.csv"):
            assert not any(value.startswith(("0001-", "9999-", "长期")) for value in row.values()), table


def test_findings_hold_in_the_golden_records(simulated: Path, outcomes: list[dict[str, str]]) -> None:
    people = {row["id_number"]: row for row in read(simulated / "truth" / "golden_person.csv")}
    entities = {row["credit_code"] for row in read(simulated / "truth" / "golden_legal_entity.csv")}
    for finding in (outcome for outcome in outcomes if outcome["outcome"] == "finding"):
        if finding["rule"] in ("marriage_after_death", "benefit_after_death"):
            assert people[finding["subject"]]["died_on"]
        elif finding["database"] == "legal_entity" and not finding["rule"].endswith("_unknown"):
            # A code of digits alone may be somebody's number: the licence is named in its place.
            assert finding["subject"] in entities or finding["subject"].startswith(LICENSE_ROOT)


@pytest.mark.parametrize(
    "number",
    ["150102198001010014", "810000199408230021", "830000199201300022", "911124198108030024"],
)
def test_published_id_numbers(number: str) -> None:
    assert id_number(number[:17]) == number


def test_id_numbers_agree_with_stdnum(simulated: Path) -> None:
    numbers = [person["id_number"] for person in read(simulated / "truth" / "golden_person.csv")]
    assert all(ric.calc_check_digit(number) == number[17] for number in numbers)
    assert id_numbers(np.array([int(number[:17]) for number in numbers])) == numbers


@pytest.mark.parametrize("code", ["11100000000013338W", "11430000006122244L"])
def test_published_credit_codes(code: str) -> None:
    assert credit_code(code[0], code[1], code[2:8], code[8:16]) == code
    assert organisation_check(code[8:16]) == code[16]


def test_credit_codes_agree_with_stdnum(simulated: Path) -> None:
    codes = [entity["credit_code"] for entity in read(simulated / "truth" / "golden_legal_entity.csv")]
    assert all(uscc.calc_check_digit(code[:17]) == code[17] for code in codes)


def test_regions_are_those_of_the_autonomous_region() -> None:
    assert len(counties()) == 103
    assert len({code[:4] for code in counties()}) == len(CITIES) == 12
    assert counties()["150105"] == "赛罕区"
    assert "152101" in retired()
    assert not set(retired()) & set(counties())


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        ("买买提·艾力", "买买提．艾力"),
        ("王民", "王⺠"),
        ("张 三", "张\u3000三"),
        ("蒙（集团）", "蒙(集团)"),
        ("金玉", "⾦⽟"),
    ],
)
def test_spellings_of_one_name_share_a_key(spelling: str, other: str) -> None:
    assert name_key(spelling) == name_key(other)


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least"):
        simulate(10, SEED, tmp_path)


def test_nothing_of_the_pipelines_is_loaded() -> None:
    code = (
        "import sys, simulation; print([n for n in sys.modules if n.split('.')[0] in ('pipelines', 'foundation_dbs')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
