"""Around the application: one line in the log for each request, without values, and refused bodies let in."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
import traceback
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("huiliu.service")
NOTES = "huiliu.notes"  # in a request's scope: what the application adds to its line
PATIENCE = 60  # seconds for a body to arrive


class Recorded:
    """An application whose requests are logged by address, agency, source, status and time.

    Paths, headers and bodies are the sender's and may hold anything: no line repeats them. What an error says may
    quote them too: its kind and place are logged.
    """

    def __init__(self, app: ASGIApp, drained: int) -> None:
        self._app, self._drained = app, drained

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, notes = time.monotonic(), dict[str, Any]()
        body = _Body(scope, receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                notes["status"] = message["status"]
                await body.drain(self._drained)
            await send(message)

        try:
            await self._app({**scope, NOTES: notes}, body.receive, answer)
        except Exception as error:  # it was answered with 500 before it came here
            place = traceback.extract_tb(error.__traceback__)[-1]
            notes["failure"] = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        finally:
            self._log(_address(scope), scope["method"], notes, time.monotonic() - started)

    @staticmethod
    def _log(address: str, method: str, notes: dict[str, Any], seconds: float) -> None:
        details = " ".join(
            str(notes[name]) for name in ("agency", "source", "rows", "error", "failure") if name in notes
        )
        level = logging.ERROR if "failure" in notes else logging.INFO
        shown = method if method.isalpha() and len(method) < 10 else "?"
        LOG.log(level, "%s %s %s %.0f ms %s", address, shown, notes.get("status", "-"), seconds * 1000, details)


def _address(scope: Scope) -> str:
    """Where a request comes from: its connection, or what a proxy on this machine says of it."""
    try:
        return str(ipaddress.ip_address(scope["client"][0]))
    except (TypeError, ValueError):  # what a sender wrote into a header is repeated only where it is an address
        return "?"


class _Body:
    """A request's body on its way in: who still sends when the connection closes never reads why."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        # Who asks before sending has sent nothing yet.
        self._whole = any(name == b"expect" for name, _ in scope["headers"])

    async def receive(self) -> Message:
        message = await self._receive()
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drain(self, most: int) -> None:
        """Let the rest arrive and fall, up to `most` bytes."""
        try:
            async with asyncio.timeout(PATIENCE):
                while most > 0 and not self._whole:
                    most -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
