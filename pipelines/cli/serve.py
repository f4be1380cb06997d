"""`huiliu serve`: the HTTP service to which agencies push rows."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, LandingOption, settings_with


def register(app: typer.Typer) -> None:
    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="address to listen on; TLS is a proxy's in front of it")] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8000,
        lake: LakeOption = None,
        landing: LandingOption = None,
    ) -> None:
        """Take rows that agencies push: POST /ingest/SOURCE with a token. HUILIU_DB keeps them until a run."""
        from pipelines.service.server import serve as answer

        def ready(address: str) -> None:
            typer.echo(f"{address}/ingest/SOURCE takes rows; Ctrl-C or SIGTERM ends it when all are answered.")

        answer(settings_with(lake, landing), host, port, ready)
