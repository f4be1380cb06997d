"""The server process: from a free port to the last answer."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from pipelines.database.connection import Database, ServiceError
from pipelines.project.catalog import read_catalog
from pipelines.service.application import application
from pipelines.service.connections import HEADERS_BYTES, BoundedConnection
from pipelines.settings import Settings

LAST_ANSWERS = 90  # seconds for requests in flight when the server is asked to stop


def serve(settings: Settings, host: str, port: int, ready: Callable[[str], None] = lambda address: None) -> None:
    """Answer requests until SIGTERM or SIGINT; those in flight then are answered first.

    `ready` is told the address; port 0 takes a free one. Raises DeclarationError or ServiceError before it listens.
    """
    catalog = read_catalog(settings.project)
    database = Database.of(settings)
    app = application(settings, catalog, database)
    database.upgrade()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    with _listening(host, port) as listening:
        # The server raises the signal again when it is done; the process then ends as it began, by its own will.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        ready(f"http://{_shown(host)}:{listening.getsockname()[1]}")
        server_of(app).run(sockets=[listening])


def server_of(app: ASGIApp) -> uvicorn.Server:
    """The server of an application, with its limits."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedConnection,
            h11_max_incomplete_event_size=HEADERS_BYTES,
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,  # its lines would hold paths with their queries
            server_header=False,
            ws="none",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServiceError(
            f"nothing can listen on {host}, port {port} ({error.strerror})",
            "give an address of this machine with --host and a free port with --port",
            2,
        ) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
