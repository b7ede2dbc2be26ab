"""Work beside the requests: one quiet thread a process that removes rows whose time is over."""

import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from broker import create_app
from broker.wiring import Broker
from tenants.sweeping import BATCH, sweep

log = structlog.get_logger()

_PAUSE_SECONDS = 600.0


def make_served_app() -> Flask:
    """The application as a server runs it: with its background thread. Configured by the environment."""
    app = create_app()
    start_background(app)
    return app


def start_background(app: Flask) -> threading.Event:
    """Start the thread; set the event to end it. It is a daemon: it never holds the process up."""
    ended = threading.Event()
    broker: Broker = app.extensions["broker"]
    threading.Thread(target=_run, args=(broker, ended), name="background", daemon=True).start()
    return ended


def _run(broker: Broker, ended: threading.Event) -> None:
    pause = _PAUSE_SECONDS
    while not ended.wait(pause):
        try:
            count = sweep(broker.db, broker.ports.clock.now())
        except SQLAlchemyError as error:
            log.warning("sweep_failed", error=type(error).__name__)
            count = 0
        # A full batch says that more waits: go on soon, but let the requests through between.
        pause = 1.0 if count >= BATCH else _PAUSE_SECONDS
