"""Settings of a process, from `HUILIU_*` environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PEOPLE_TIME = ZoneInfo("Asia/Shanghai")


class Settings(BaseSettings):
    """`project` holds the declarations, `landing` what agencies deliver, `lake` the Delta tables."""

    model_config = SettingsConfigDict(env_prefix="HUILIU_")

    project: Path = Path(__file__).resolve().parent.parent
    landing: Path = Path("landing")
    lake: Path = Path("lake")
    engine: Literal["duckdb"] = "duckdb"
    memory: str = Field("2GB", pattern=r"^\d+(\.\d+)?\s*[KMGT]i?B$")
    settle: float = Field(10.0, ge=0, description="seconds that a landing file must have been left unchanged")
