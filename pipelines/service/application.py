"""The HTTP application: `POST /ingest/<source>`, `GET /receipts/<receipt>`, `GET /health`; it never opens the lake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Lifespan

from pipelines.database.connection import Database
from pipelines.database.queue import Queue
from pipelines.database.tokens import Tokens
from pipelines.declarations.catalog import Catalog
from pipelines.service.answers import answer_errors
from pipelines.service.health import health_router
from pipelines.service.pushing import pushing_router
from pipelines.service.receipts import receipts_router
from pipelines.service.record import Recorded
from pipelines.service.senders import sender_by
from pipelines.settings import Settings


def application(settings: Settings, catalog: Catalog, database: Database) -> ASGIApp:
    """The application over one database; raises ServiceError without `HUILIU_TOKEN_KEY`."""
    sender = sender_by(Tokens(database, settings))
    queue = Queue(database, settings.push_limit)
    # Its own pages load scripts from other hosts, and its own checks of a request repeat values.
    # A redirect to the path without its last slash would name whatever host the sender writes.
    app = FastAPI(
        title="Huiliu 汇流",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_closing(database),
    )

    app.include_router(pushing_router(sender, queue, catalog, settings.push_bytes))
    app.include_router(receipts_router(sender, queue))
    app.include_router(health_router(queue))
    answer_errors(app)
    return Recorded(app, drained=8 * settings.push_bytes)


def _closing(database: Database) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with database:
            yield

    return lifespan
