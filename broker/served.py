"""What a server loads: the application with its work beside the requests. Configured by the environment."""

import sys

from flask import Flask

from broker import create_app
from broker.collecting import paused

with paused():
    from broker.background import start_background

_TURN_SECONDS = 0.001
"""How long a thread that computes keeps the interpreter from others that want it: a fifth of Python's own measure, as a light
request takes less than that."""


def make_served_app() -> Flask:
    """The application as a server runs it: with its background thread."""
    sys.setswitchinterval(_TURN_SECONDS)
    app = create_app()
    if app.extensions["broker"].settings.run_worker_inside:
        start_background(app)
    return app
