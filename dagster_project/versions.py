"""Which rows an asset holds, and which of its inputs they follow from, as Dagster's data versions.

They are those of the lake's own log and watermarks, so they are the same whoever wrote the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import dagster as dg

from dagster_project.described import asset_key
from pipelines.lake.lake import NOWHERE, Lake
from pipelines.steps.task import Task
from pipelines.tables.layout import TableId

DATA_VERSION, INPUT_VERSION = "dagster/data_version", "dagster/input_data_version/"
# Dagster looks at the versions of inputs only where a materialisation also says these two.
CODE_VERSION, INPUT_EVENT = "dagster/code_version", "dagster/input_event_pointer/"
UNWRITTEN, UNTOLD = "unwritten", "NULL"


def data_version(lake: Lake, tables: Iterable[TableId]) -> str:
    """The version since which the rows are what they are, with the table's id; of several tables a digest of them."""
    versions = [_named(lake.version(table)) for table in tables]
    return versions[0] if len(versions) == 1 else _digest(versions)


def _digest(versions: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]


def _named(version: tuple[str, int]) -> str:
    return UNWRITTEN if version == NOWHERE else f"{version[1]}@{version[0]}"


def input_versions(lake: Lake, task: Task, output: TableId) -> Mapping[dg.AssetKey, str]:
    """By the watermark, which versions of the task's inputs a table holds; none where it carries no watermark."""
    state = lake.state(output)
    mark = state.watermark if state else None
    if mark is None or not all(table.path in mark.inputs for table in task.inputs):
        return {}
    return {asset_key(table): _named(mark.inputs[table.path]) for table in task.inputs}


def version_tags(own: str, inputs: Mapping[dg.AssetKey, str], versioned: Collection[dg.AssetKey]) -> dict[str, str]:
    """What a materialisation outside a run says of its rows and inputs, as one in a run says it by itself.

    `versioned` are the assets that Dagster knows a version of: to it an input that was never written has none.
    """
    tags = {DATA_VERSION: own, "dagster/data_version_is_user_provided": "true"}
    if not inputs:
        return tags
    for key, version in inputs.items():
        name = key.to_user_string()
        tags[INPUT_VERSION + name] = UNTOLD if version == UNWRITTEN and key not in versioned else version
        tags[INPUT_EVENT + name] = UNTOLD
    return tags | {CODE_VERSION: "outside"}


def says_same(tags: Mapping[str, str], own: str, inputs: Mapping[dg.AssetKey, str]) -> bool:
    """Whether a materialisation with these tags is about the same rows of the same inputs."""
    if tags.get(DATA_VERSION) != own:
        return False
    tagged = {key: tags.get(INPUT_VERSION + key.to_user_string()) for key in inputs}
    return all(tagged[key] in (version, UNTOLD if version == UNWRITTEN else version) for key, version in inputs.items())
