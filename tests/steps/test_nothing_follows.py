"""Of tables without rows no row follows, by whatever model or rule: the refresh relies on it and asks none of them.

What follows from code lists alone is computed always.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.project.workspace import Workspace, open_workspace
from pipelines.settings import Settings
from pipelines.steps.inputs import expression_of, inputs_of


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_workspace(Settings(lake=tmp_path_factory.mktemp("empty"))) as opened:
        yield opened


def test_no_model_or_rule_makes_rows_of_nothing(workspace: Workspace) -> None:
    engine, models = workspace.lake.engine, workspace.models
    rules = [rule for rules in models.findings.values() for rule in rules]
    assert len(models.tables) > 10
    assert len(rules) > 20
    for placed in (*models.tables.values(), *rules):
        inputs = inputs_of(workspace, placed, engine.empty)
        if any(side.tables for side in inputs.values()):
            assert engine.scalar(expression_of(placed, inputs).count()) == 0, placed.declared.name
