"""`huiliu maintain`: small files, logs and change data kept in check."""

from __future__ import annotations

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import out, progress, titled_table


def register(app: typer.Typer) -> None:
    @app.command()
    def maintain(lake: LakeOption = None) -> None:
        """Put small files together, and remove what is older than HUILIU_RETENTION (days). No row changes.

        Whatever a table was within that time stays readable, and so do its changes.
        """
        from pipelines.operations.maintenance import maintain as maintain_tables
        from pipelines.project.workspace import open_existing

        settings = settings_with(lake)
        with open_existing(settings, writes=True) as workspace, progress() as show_step:
            done = maintain_tables(workspace, show_table=lambda table: show_step("maintain", table.path))
        shown = titled_table("维护 maintenance", "table", "before", "files", "removed", "version")
        for maintained in done:
            if maintained.changed:
                counts = (maintained.files_before, maintained.files, maintained.removed, maintained.version)
                shown.add_row(maintained.table.path, *(f"{count:,}" for count in counts))
        if shown.row_count:
            out.print(shown)
        out.print(
            f"{len(done)} tables, {sum(table.changed for table in done)} of them touched; "
            f"kept readable: {settings.retention} days",
            highlight=False,
        )
