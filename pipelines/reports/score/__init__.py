"""The truth score: what the lake found, held against what a simulation knows it planted."""

from __future__ import annotations

from pathlib import Path

from pipelines.project.workspace import Workspace
from pipelines.reports.score.outcomes import outcome_scores
from pipelines.reports.score.scored import OutcomeScore, Score
from pipelines.reports.score.tables import table_scores

__all__ = ["OutcomeScore", "Score", "score"]


def score(workspace: Workspace, truth: Path) -> Score:
    """Compare the lake with a truth folder: its `outcomes.csv`, and every table with the file due for it.

    Raises FileNotFoundError where the folder holds no truth.
    """
    if not (truth / "outcomes.csv").exists():
        raise FileNotFoundError(f"{truth} holds no outcomes.csv: name the truth/ folder that `huiliu simulate` wrote")
    tables, unscored = table_scores(workspace, truth)
    return Score((*outcome_scores(workspace, truth), *tables), unscored)
