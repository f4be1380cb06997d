"""Settings of a process, from `HUILIU_*` environment variables."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from platformdirs import user_cache_path
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipelines.storage.memory import SIZE
from pipelines.storage.store import Store

PEOPLE_TIME = ZoneInfo("Asia/Shanghai")
# The declarations that were installed with the command, or those of the checkout that it runs from.
OWN_PROJECT = Path(__file__).resolve().parents[1]


def _nearest_project() -> Path:
    """The working folder where it has a project's declarations in it, else what came with the command."""
    here = Path.cwd()
    is_project = (here / "catalog/agencies.yml").is_file() and (here / "foundation_dbs").is_dir()
    return here if is_project else OWN_PROJECT


class EngineName(StrEnum):
    """What computes: DuckDB in this process, or Spark. `pipelines.engines.registry` makes either."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Settings(BaseSettings):
    """`project` holds the declarations, `landing` what agencies deliver, `lake` (a path or `s3://`) the Delta tables.

    By default the project is the working folder where that is one, else what was installed with the command.

    `db` (SQLAlchemy's URL of SQLite or PostgreSQL) keeps who may write the lake; by default `huiliu.db` beside a lake
    of files, and in the working folder for one on S3. Several machines that write one lake need PostgreSQL.
    `lease_wait` is how many seconds a writer waits for another one: by default until one that died would be forgotten.

    `memory` bounds a process on the embedded engine, and Spark's driver where it runs in this machine (`local[...]`).
    `spark_conf` is JSON: Spark's own settings by their names, such as `{"spark.executor.memory": "8g"}`, and
    `spark.huiliu.patience`: seconds that work waits for a cluster without workers before it gives up.

    `retention` is for how many days what is past is kept: old files, log and change data of tables, and the keys by
    which pushed requests are known again. `token_key` is the secret under which the tokens of agencies are kept.
    `cache` is a folder for what the next process would else work out again; it may be deleted at any time, and holds
    no rows. Whoever may write there can have this process run SQL: it is the user's own by default.
    `log` names a file that gets a line of JSON for all that a run does (`pipelines/steps/log.py`).

    `push_limit` is how many pushed rows may wait for ingest before more are refused, `push_bytes` the size of one
    request's body.
    """

    model_config = SettingsConfigDict(env_prefix="HUILIU_")

    project: Path = Field(default_factory=_nearest_project)
    landing: Path = Path("landing")
    lake: Annotated[Store, NoDecode, BeforeValidator(Store.at)] = Field(default_factory=lambda: Store.at("lake"))
    db: SecretStr | None = None
    lease_wait: float = Field(90.0, ge=0)
    engine: EngineName = EngineName.DUCKDB
    spark_master: str = Field("local[*]", pattern=r"^(local(\[.+\])?|spark://.+|yarn|k8s://.+)$")
    spark_conf: dict[str, str] = Field(default_factory=dict)
    memory: str = Field("4GB", pattern=SIZE)
    retention: int = Field(30, ge=1)
    cache: Path = Field(default_factory=lambda: user_cache_path("huiliu"))
    log: Path | None = None
    settle: float = Field(10.0, ge=0, description="seconds that a landing file must have been left unchanged")
    token_key: SecretStr | None = None
    push_limit: int = Field(500_000, ge=1)
    push_bytes: int = Field(8_000_000, ge=1_000)

    def command(self, *words: str, program: str = "huiliu") -> str:
        """A command about this lake, to be pasted into any shell: the lake is named where it is not the default."""
        usual = {Store.at("lake"), Settings().lake}
        named = () if usual == {self.lake} else ("--lake", str(self.lake))
        return shlex.join([program, *words, *named])
