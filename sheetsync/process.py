"""A daemon goes in, a process that behaves comes out: signals, systemd, and an end within ten seconds."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Protocol


class Served(Protocol):
    """What the signals act on."""

    @property
    def busy(self) -> bool: ...

    def serve(self) -> None: ...

    def stop(self) -> None: ...

    def reload(self) -> None: ...


def serve_until_told(daemon: Served) -> None:
    """Serves with the signals of a process: SIGTERM and SIGINT stop, SIGHUP reads the configuration anew."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        daemon.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        daemon.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)
    daemon.serve()
    if daemon.busy:  # a service that keeps a run waiting keeps nobody from switching off: the next start converges
        sys.stderr.flush()
        os._exit(0)


def notify(environ: Mapping[str, str], message: str) -> None:
    """Tells systemd how we are (sd_notify(3)); nothing where nobody listens."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.send(message.encode())
