"""Ctrl-C during work that commits step by step: answered at once, and followed once the running step can be left."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from pipelines.cli.screen import err

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

STOPPED = 130  # as shells count an end by SIGINT


@contextmanager
def stops_when_told(lake: Lake) -> Iterator[None]:
    """Let a first Ctrl-C stop the lake's work before its next commit, which raises StoppedError; a second one ends it.

    The answer comes from a thread: engines that compute outside of Python let no handler run until they are done.
    """
    signalled, answer = os.pipe()
    os.set_blocking(answer, False)
    thread = threading.Thread(target=_answer, args=(signalled, lake), daemon=True)
    before = signal.signal(signal.SIGINT, _interrupt_the_second_time())
    wakeup = signal.set_wakeup_fd(answer, warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, before)
        os.close(answer)
        thread.join()
        os.close(signalled)
        lake.stopped.clear()


def _answer(signalled: int, lake: Lake) -> None:
    while signals := os.read(signalled, 1):
        if signals[0] == signal.SIGINT and not lake.stopped.is_set():
            lake.stopped.set()
            err.print("stopping after the running step, before its next commit; Ctrl-C again ends it at once")


def _interrupt_the_second_time() -> Callable[[int, FrameType | None], None]:
    times = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times > 1:
            signal.default_int_handler(number, frame)

    return handle
