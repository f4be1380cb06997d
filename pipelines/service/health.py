"""`GET /health`: whether the service and its database answer."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from pipelines.database.queue import Queue


def health_router(queue: Queue) -> APIRouter:
    """Asks no token: a monitor has none."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:
        await run_in_threadpool(queue.waiting)
        return {"status": "good"}

    return router
