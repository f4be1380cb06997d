"""`huiliu demo`: simulate, run, report and analyst's file in one go, to look around in."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.run import run_and_show
from pipelines.cli.screen import err, out, program, tell


def register(app: typer.Typer) -> None:
    @app.command()
    def demo(
        people: Annotated[int, typer.Option(min=500)] = 20_000,
        seed: Annotated[int, typer.Option()] = 1,
        folder: Annotated[
            Path, typer.Option("--dir", help="gets landing/, truth/, lake/, report/, huiliu.duckdb")
        ] = Path("demo"),
    ) -> None:
        """Simulated agency files the whole way into a lake, a report and an analyst's file."""
        from pipelines.project.workspace import open_workspace
        from pipelines.reports.analyst_file import write_analyst_file
        from pipelines.reports.site import build_report
        from pipelines.settings import Settings
        from pipelines.storage.folders import writing

        # The simulated files are whole when the simulation ends: nobody is still writing them.
        settings = Settings(lake=folder / "lake", landing=folder / "landing", settle=0)
        settings.lake.check_place()
        with writing(folder, "the demo's folder", "say another with --dir"):
            _simulate_once(people, seed, folder)
        err.print("landing → returns")
        code = run_and_show(settings)
        with open_workspace(settings) as workspace, err.status("report and analyst's file …"):
            with writing(folder / "report", "the report's folder", "say another with --dir"):
                report = build_report(workspace, folder / "report")
            write_analyst_file(workspace, folder / "huiliu.duckdb")
        _show_next(folder, report, settings.project)
        # The simulation plants batches that must be held: for a demo that is as it should be.
        raise typer.Exit(0 if code == 1 else code)


def _simulate_once(people: int, seed: int, folder: Path) -> None:
    """Write the simulated files unless these very ones are there: a second demo must find nothing new."""
    done = folder / "truth" / "simulated.txt"
    parameters = f"people={people} seed={seed}\n"
    if done.exists() and done.read_text(encoding="utf-8") == parameters:
        err.print(f"simulated files of {people:,} people are there already")
        return
    if (folder / "lake").exists():
        err.print(f"[red]{folder} holds another demo (other people or seed): `make clean`, or another --dir[/]")
        raise typer.Exit(2)
    from simulation import simulate

    with err.status("simulating …") as status:
        err.print(f"simulating agency files of {people:,} people")
        simulate(people, seed, folder, progress=status.update)
    done.write_text(parameters, encoding="utf-8")


def _show_next(folder: Path, report: Path, project: Path) -> None:
    page = report.absolute().as_uri()  # a browser takes what follows a `#` in a path for a place on the page
    out.print("\nWhat to type next:", style="bold")
    for command, why in (
        (shlex.join(["python3", "-m", "webbrowser", page]), "a reviewer: what is wrong, whose is it"),
        (shlex.quote(f"{folder}/huiliu/open.sh"), "an analyst: DuckDB over the lake"),
        (
            shlex.join([program(), "score", "--truth", f"{folder}/truth", "--lake", f"{folder}/lake"]),
            "whether everything planted was found",
        ),
        (_dagster(folder, project), "an engineer: each table, where it comes from, what its checks found"),
    ):
        tell("", f"  {command}\n      {why}")


def _dagster(folder: Path, project: Path) -> str:
    """Dagster over the demo's lake. It keeps its own records beside `dagster.yaml`, so it starts in the project."""
    away = Path.cwd() != project
    where = folder.absolute() if away else folder
    lake, landing = (f"HUILIU_{name.upper()}={shlex.quote(str(where / name))}" for name in ("lake", "landing"))
    start = f"{lake} {landing} {shlex.quote(program('dagster'))} dev -w workspace.yaml"
    return f"cd {shlex.quote(str(project))} && {start}" if away else start
