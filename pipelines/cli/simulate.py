"""`huiliu simulate`: agency files with planted defects, and the truth about them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.screen import err, program


def register(app: typer.Typer) -> None:
    @app.command()
    def simulate(
        people: Annotated[int, typer.Option(min=500)] = 20_000,
        seed: Annotated[int, typer.Option()] = 1,
        out: Annotated[Path, typer.Option(help="gets landing/ and truth/")] = Path("simulated"),
    ) -> None:
        """Write agency files for N simulated people, with planted defects and the outcome due for each."""
        from pipelines.storage.folders import writing
        from simulation import simulate as write

        with err.status("simulating …") as status, writing(out, "the folder", "say another with --out"):
            write(people, seed, out, progress=status.update)
        then = shlex.join([program(), "run", "--landing", str(out / "landing")])
        err.print(f"{out}: landing/ and truth/. Then try: {then}", highlight=False, markup=False, soft_wrap=True)
