"""`broker serve`: the product under granian."""

import socket

import click
from granian import Granian
from granian.constants import Interfaces

from broker.cli.start import started
from broker.operator_link import first_link, is_console_served
from broker.wiring import Broker
from tenants.tenants import TENANT_COUNT_WITHOUT_HOST, TenantHost

APPLICATION = "broker.served:make_served_app"
BLOCKING_THREADS = 16
_BACKLOG = 1024
SECONDS_TO_END = 10
"""How long a worker may finish what it is at; without a limit a stuck one would keep the process for ever."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve all tenants. Refuses to start where it would be unsafe."""
    with started() as broker:
        if reasons := refusals(broker):
            raise click.ClickException("\n".join(reasons))
        require_free(host, port)
        _tell_first_operator(broker)
    Granian(
        APPLICATION,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=BLOCKING_THREADS,
        backlog=_BACKLOG,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_END,
    ).serve()


def _tell_first_operator(broker: Broker) -> None:
    """The first start prints the link by which somebody becomes the first operator."""
    if not is_console_served(broker):
        return
    if (link := first_link(broker)) is not None:
        click.echo(f"Nobody operates this installation yet. Set up the first operator, within 24 hours:\n  {link}", err=True)


def refusals(broker: Broker) -> list[str]:
    """Why the product must not be served as it is; empty where it may. The settings have judged themselves before."""
    reasons = []
    if broker.db.bypasses_row_security():
        reasons.append(
            "The role of BROKER_DATABASE_URL sees every row in spite of row-level security. "
            "Use a role that is no superuser, has no BYPASSRLS and does not own the tables."
        )
    if broker.settings.operator_host and broker.db.has_row(TenantHost, TenantHost.host == broker.settings.operator_host):
        reasons.append("BROKER_OPERATOR_HOST is a tenant's host. The operator console needs one that serves no tenant.")
    if not broker.settings.allow_shared_origin and len(broker.db.look_up(TENANT_COUNT_WITHOUT_HOST)) > 1:
        reasons.append(
            "More than one tenant has its address in path form (/t/<slug>): they would share one origin. "
            "Give them hosts of their own, or set BROKER_ALLOW_SHARED_ORIGIN=true where they may trust each other."
        )
    return reasons


def require_free(host: str, port: int) -> None:
    """End with one line where the port can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise click.ClickException(f"Can't listen on {host} port {port}: {error.strerror}.") from None
