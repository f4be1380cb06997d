"""Items that several agencies deliver, as a lake's rows show it: of how many keys each source has what another has too.

Declarations tell only that it may be so: companies and associations have names in two registers, and no key in common.
"""

from __future__ import annotations

import ibis

from pipelines.project.catalogue_check import Duplicate
from pipelines.project.workspace import Workspace
from pipelines.tables.specs import standard_spec


def keys_in_common(workspace: Workspace, duplicate: Duplicate) -> dict[str, int]:
    """By source, of how many golden keys it delivers the item that a source of another agency delivers too.

    Sources without any are left out.
    """
    catalog, lake = workspace.catalog, workspace.lake
    record, parts = catalog.records[duplicate.record], []
    for source, agency in duplicate.deliveries:
        contract = catalog.contracts[source]
        rows, own = lake.read(standard_spec(catalog, contract)), catalog.feeding_key(contract, record)
        filled = rows.filter(rows[duplicate.item].notnull() & ibis.and_(*(rows[part].notnull() for part in own)))
        keys = {part: filled[column] for part, column in zip(record.key, own, strict=True)}
        parts.append(filled.select(**keys, source=ibis.literal(source), agency=ibis.literal(agency)).distinct())
    delivered = ibis.union(*parts)
    agencies = delivered.group_by([*record.key]).agg(agencies=delivered.agency.nunique())
    several = delivered.semi_join(agencies.filter(agencies.agencies > 1), [*record.key])
    counted = several.group_by("source").agg(keys=several.count())
    return {row["source"]: int(row["keys"]) for row in lake.engine.rows(counted.order_by("source"))}
