"""SSO Broker: what moves. `create_app` in broker/app.py is the table of contents."""

from typing import TYPE_CHECKING

from broker.collecting import paused

if TYPE_CHECKING:
    from flask import Flask

    from broker.ports import Ports
    from broker.settings import Settings


def create_app(settings: "Settings | None" = None, ports: "Ports | None" = None) -> "Flask":
    """The application. Imported when it is made: most commands show no page, and would wait for all of them."""
    with paused():
        from broker import app  # noqa: PLC0415

    return app.create_app(settings, ports)
