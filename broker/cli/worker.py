"""`broker worker`: the work beside the requests (broker/background.py) in a process of its own."""

import signal
import threading

import click

from broker import create_app
from broker.background import work_until
from broker.cli.start import started


@click.command()
def worker() -> None:
    """Send mail, remove old rows, read metadata anew and do the night's work, until a signal ends it.

    The night's work: accounts that end, records of domains, warnings before something runs out, moves.
    For BROKER_RUN_WORKER_INSIDE=false; several may run.
    """
    with started() as broker:
        settings = broker.settings
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    app = create_app(settings)
    click.echo("Working." if settings.smtp_host else "Working. No mail is sent: BROKER_SMTP_HOST is not set.", err=True)
    work_until(app, ended)
    app.extensions["broker"].db.dispose()
