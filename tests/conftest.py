"""What pytest itself is told: where fixtures stand, and which module comes first; a place that one module shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.place import Place

# Beside the servers that are built once, and never in the home of whoever runs the tests.
os.environ.setdefault("HUILIU_CACHE", str(Path(__file__).resolve().parents[1] / ".cache/huiliu"))

# Fixtures that stand beside what they are about.
pytest_plugins = [
    "tests.support.analyst_files",
    "tests.support.dirty_report",
    "tests.support.element_values",
    "tests.support.front_end",
    "tests.support.postgres_server",
    "tests.support.s3_server",
    "tests.support.spark",
    "tests.support.validated_views",
]


# Few tests each, and minutes long: lakes over all that is declared, or the same lake several times.
LONGEST = (
    "test_parity.py",
    "test_few_rows.py",
    "test_credentials.py",
    "test_livelihood.py",
    "test_births_and_residences.py",
    "test_economy.py",
    "test_dagster.py",
    "test_incremental.py",
    "test_power_cut.py",
    "test_credit.py",
    "test_legal_entity.py",
    "test_models.py",
    "test_receipts.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first, and the others beside them: or one process would work on when the others are done."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A landing folder and a lake that the tests of one module share."""
    return Place(tmp_path_factory.mktemp("place"))
