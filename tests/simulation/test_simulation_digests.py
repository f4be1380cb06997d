"""What stands in the simulated files is pinned: a change to the simulation that is not meant to show must not."""

import csv
import hashlib
import json
import tempfile
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from simulation import simulate

PEOPLE, SEED = 600, 11
PINNED = Path(__file__).with_name("simulation_digests.json")
CHANGED = (
    "the simulated files are others than before for the same people and seed. If that is meant, pin what they are now "
    "with `python -m tests.simulation.test_simulation_digests` and say why in the commit"
)


def digest(path: Path) -> str:
    return hashlib.sha256(contents(path)).hexdigest()[:16]


def contents(path: Path) -> bytes:
    """The bytes of what agencies write as text; cells where a library decides on the bytes around them."""
    match path.suffix:
        case ".xlsx":
            sheets = [openpyxl.load_workbook(path, data_only=stored).active for stored in (False, True)]
            cells = [[[(cell.data_type, cell.value) for cell in row] for row in sheet.iter_rows()] for sheet in sheets]
            return repr(cells).encode()
        case ".parquet":
            table = pq.read_table(path)
            return repr([(field.name, str(field.type)) for field in table.schema] + table.to_pylist()).encode()
    if "truth" in path.parts and path.name != "outcomes.csv":
        with path.open(encoding="utf-8", newline="") as file:
            return repr(list(csv.reader(file))).encode()
    return path.read_bytes()


def digests(folder: Path) -> dict[str, str]:
    """File → digest of its contents, of everything that a simulation writes."""
    simulate(PEOPLE, SEED, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest(path) for path in paths}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digests(tmp_path_factory.mktemp("pinned"))


def test_the_same_people_and_seed_give_the_files_that_are_pinned(written: dict[str, str]) -> None:
    pinned = json.loads(PINNED.read_text("utf-8"))
    other = sorted(name for name in pinned.keys() | written.keys() if pinned.get(name) != written.get(name))
    assert not other, f"{', '.join(other)}: {CHANGED}"


def main() -> None:
    """Pin what the simulation writes now."""
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(digests(Path(folder)), ensure_ascii=False, indent=1)
    PINNED.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
