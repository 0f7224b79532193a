"""Gunicorn för demon: ett barn till `manage.py demo` som slutar när föräldern gör det, även efter kill -9."""

import os
import signal
import sys
import threading
from typing import Any

workers = 2
loglevel = "warning"
graceful_timeout = 5
limit_request_line = 8190  # ett urval med alla kommuner och variabler står i adressen
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Börjar vakta förälderns ände av standard input."""
    threading.Thread(target=_sluta_med_foraldern, daemon=True).start()


def _sluta_med_foraldern() -> None:
    os.read(sys.stdin.fileno(), 1)  # tomt när föräldern är borta; sys.stdin skulle låsas i de avknoppade arbetarna
    os.kill(os.getpid(), signal.SIGTERM)
