"""Columns that are more personal than their data element: masked wholly, and joined with nothing."""

from __future__ import annotations

from pipelines.project.catalog import read_catalog
from pipelines.tables.shown import Masking, shown
from pipelines.tables.specs import standard_spec
from tests.support.place import PROJECT


def test_heads_of_religious_venues_cannot_be_joined_with_persons() -> None:
    """Whom a venue names as its head tells of religion (PIPL 第二十八条): not even a pseudonym may lead to a person."""
    catalog = read_catalog(PROJECT)
    identifiers = frozenset(name for name, element in catalog.elements.items() if element.identifier)
    masking = Masking(b"key", identifiers, 2026)
    treatments: dict[tuple[str, str], str] = {}
    for source in ("religious_venue", "public_institution"):
        spec = standard_spec(catalog, catalog.contracts[source])
        columns = shown(spec, spec.unbound, masking)
        treatments |= {(source, column.name): column.treatment for column in columns}
    assert treatments["religious_venue", "head_id"] == "已脱敏"
    assert ("religious_venue", "head_id_masked") not in treatments
    assert treatments["public_institution", "representative_id"] == "假名"
