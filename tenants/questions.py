"""From a tenant's configuration and what is known of an attempt to the question that `discovery.py` answers.

The sign-in pages and `broker explain` both ask here, so that what is explained is what happens.
"""

import ipaddress

from tenants.addresses import Address
from tenants.connections import NetworkMode
from tenants.discovery import Question
from tenants.snapshot import ApplicationConfig, ConnectionConfig, TenantConfig
from tenants.ways import LOCAL, NO_HINTS, Hints, IPAddress, Way


def question_for(
    tenant: TenantConfig,
    application: ApplicationConfig | None,
    address: Address | None,
    network: str,
    hints: Hints = NO_HINTS,
    *,
    last_method: str | None = None,
    has_just_ended: bool = False,
) -> Question:
    """What there is to decide from. `network` is the address that somebody asks from, as text.

    Nothing in it depends on whether an account exists. A `last_method` that is no way of this tenant counts for nothing.
    """
    return Question(
        ways=tuple(_way(connection) for connection in tenant.connections.values()),
        rules=tenant.domains,
        local_enabled=tenant.policy.local_enabled,
        page=tenant.policy.sign_in_page,
        address=address,
        accepted=frozenset(application.accepted_connections) if application else frozenset(),
        network=_network(network),
        hints=hints,
        last_method=last_method if last_method == LOCAL or last_method in tenant.connections else None,
        has_just_ended=has_just_ended,
    )


def _way(connection: ConnectionConfig) -> Way:
    return Way(
        key=connection.key,
        kind=connection.kind,
        label=connection.label,
        enabled=connection.is_enabled,
        shown=connection.is_shown,
        position=connection.position,
        networks=tuple(ipaddress.ip_network(network, strict=False) for network in connection.networks),
        first_in_network=connection.network_mode == NetworkMode.FIRST,
    )


def _network(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
