"""`huiliu source`: a new source, drafted from a sample file; one that is declared no more, retired."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import By, LakeOption, Reason, account, settings_with
from pipelines.cli.screen import command, err, out, program

if TYPE_CHECKING:
    from pipelines.declarations.catalog import Catalog

Sample = Annotated[
    Path, typer.Argument(help="a file of the new source, in any supported format", exists=True, dir_okay=False)
]


def register(app: typer.Typer) -> None:
    source = typer.Typer(help="Sources: draft a contract; retire a source.", no_args_is_help=True)
    app.add_typer(source, name="source")

    @source.callback()
    def sources() -> None:
        """Sources: draft a contract; retire a source."""

    _register_draft(source)
    _register_retire(source)


def _register_draft(source: typer.Typer) -> None:
    @source.command("draft")
    def draft(
        file: Sample,
        name: Annotated[
            str | None, typer.Option(help="the source's name (default: its landing folder's or the file's)")
        ] = None,
        database: Annotated[str | None, typer.Option(help="person, legal_entity, … (default: by its columns)")] = None,
        title: Annotated[str | None, typer.Option(help="Chinese title of the catalogue entry")] = None,
        provider: Annotated[str | None, typer.Option(help="agency, by its name in catalog/agencies.yml")] = None,
        system: Annotated[str | None, typer.Option(help="the agency's system that holds the data")] = None,
        legal_basis: Annotated[
            str | None, typer.Option("--legal-basis", help="such as `2024-19 第十三条（六）`")
        ] = None,
        target: Annotated[
            Path | None, typer.Option("--out", help="default: foundation_dbs/DATABASE/drafts/NAME.yml")
        ] = None,
    ) -> None:
        """Draft a contract from a file of a new source. No run reads it until a person has moved it to the sources."""
        from pipelines.drafting import Given, shown_titles, to_yaml
        from pipelines.drafting import draft as drafted
        from pipelines.drafting.contract import CannotDraftError
        from pipelines.drafting.sample import read_sample
        from pipelines.engines.duckdb.engine import DuckDBEngine
        from pipelines.project.catalog import read_catalog
        from pipelines.readers import UnreadableFile
        from pipelines.settings import OWN_PROJECT, Settings

        settings = Settings()
        if target is None and settings.project == OWN_PROJECT and not (OWN_PROJECT / "pyproject.toml").exists():
            raise _refused(_not_into(settings.project))
        catalog = read_catalog(settings.project)
        given = Given(name or _name(file), database, title, provider, system, legal_basis)
        _check_name(catalog, given.name)
        try:
            sample = read_sample(file, catalog.contracts.values())
            with DuckDBEngine(settings.memory) as engine:
                found = drafted(catalog, engine, sample, given)
        except CannotDraftError as error:
            raise _refused(str(error)) from error
        except UnreadableFile as error:
            raise _refused(str(error.problem)) from error
        place = settings.project / "foundation_dbs" / found.database
        path, active = target or place / "drafts" / f"{found.name}.yml", place / "sources" / f"{found.name}.yml"
        _write(path, to_yaml(found))
        if sample.titles:
            warned = f"{file.name}: {shown_titles(sample.titles)}; deliveries must begin with their header: remove it"
            out.print(warned, highlight=False, markup=False, soft_wrap=True)
        open_questions = len(found.remarks) + sum(bool(column.remarks) for column in found.columns) + 3
        moved = shlex.join(["mv", str(path), str(active)])
        then = f"{moved} && {shlex.join([program(), 'check', str(file), '--source', found.name])}"
        message = (
            f"{path}: {len(found.columns)} columns, key {', '.join(found.key)}; {open_questions} lines ask for a look "
            f"(请填写, 请核对, 请定级, 请起英文列名). Columns that nobody classified are masked wholly. "
            f"It is a draft, and no run reads it; when it is filled in: {then}"
        )
        out.print(message, highlight=False, markup=False, soft_wrap=True)


def _register_retire(source: typer.Typer) -> None:
    @source.command("retire")
    def retire(
        name: Annotated[str, typer.Argument(help="the source, as its contract was named")],
        reason: Reason,
        by: By = None,
        lake: LakeOption = None,
    ) -> None:
        """Take the rows of a source out whose contract was removed; raw keeps them. The next run does the rest."""
        from pipelines.project.workspace import open_existing
        from pipelines.rules.verdicts import Person
        from pipelines.steps.retire import retire as retired

        with open_existing(settings_with(lake), writes=True) as workspace:
            try:
                done = retired(workspace, name, reason, Person(by, account()))
            except (LookupError, ValueError) as error:
                raise _refused(str(error)) from error
            run = command(workspace.settings, "run")
        out.print(
            f"{name} is retired: {done.rows:,} rows left its standard tables and quarantine, raw keeps {done.kept:,}. "
            f"What was built from them loses them with the next run: {run}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _not_into(project: Path) -> str:
    folders = shlex.join(str(project / folder) for folder in ("catalog", "foundation_dbs", "theme_dbs", "expectations"))
    return (
        f"the declarations in {project} were installed with the command, and what is written there is lost with its "
        f"next version: copy them into a folder of your own (mkdir declarations && cp -r {folders} declarations), "
        "then work in it or name it by HUILIU_PROJECT; or say with --out where the draft should be"
    )


def _name(file: Path) -> str:
    """The name of a landing folder is its source's; elsewhere the file's own name may do."""
    from pipelines.declarations.contract import IDENTIFIER
    from pipelines.settings import Settings

    folder = file.absolute().parent
    if folder.parent.name == Settings().landing.name and re.match(IDENTIFIER, folder.name):
        return folder.name
    return file.stem.lower()


def _check_name(catalog: Catalog, name: str) -> None:
    from pipelines.declarations.contract import IDENTIFIER

    if not re.match(IDENTIFIER, name):
        raise _refused(
            f"{name} is no name for a source: say --name with small letters, digits and _, such as housing_fund"
        )
    if name in catalog.contracts or name in catalog.records:
        raise _refused(f"{name} is declared already: say another --name, or change its contract")


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise _refused(f"{path} is there already: remove it, or say another --out")
    from pipelines.storage.folders import writing

    with writing(path.parent, "the draft's folder", "say another with --out"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _refused(problem: str) -> typer.Exit:
    err.print(problem, highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)
