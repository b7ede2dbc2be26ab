"""The finder's mail: which organizations know an address, looked up when the mail is made and not when it is asked for."""

from collections.abc import Iterator

from broker.mail.messages import Content, WayIn, finder
from broker.wiring import Broker
from tenants.addresses import Address, normalise_address
from tenants.finder import find_tenants
from tenants.languages import SOURCE
from tenants.outbox import Leased
from tenants.routing_domains import find_rule
from tenants.snapshot import TenantConfig


def finder_content(broker: Broker, mail: Leased) -> Content:
    """The words for the address that asked."""
    address = normalise_address(mail.to_address)
    ways = sorted(_ways(broker, address, mail.language or SOURCE), key=lambda way: way.name.casefold())
    return finder(address.text, ways, broker.settings.base_url, mail.created_at)


def _ways(broker: Broker, address: Address, language: str) -> Iterator[WayIn]:
    found = find_tenants(broker.db, address, broker.ports.clock.now())
    for slug in sorted({*found.by_account, *found.by_domain}):
        tenant = broker.snapshots.find_by_slug(slug)
        if tenant is not None and (slug in found.by_account or _routes(tenant, address)):
            yield WayIn(tenant.name_in(language), tenant.base_url)


def _routes(tenant: TenantConfig, address: Address) -> bool:
    """Does a proven domain of this tenant lead the address to a way in?"""
    rule = find_rule(address.domain, tenant.domains)
    if rule is None or not rule.proven or rule.connection is None:
        return False
    connection = tenant.connections.get(rule.connection)
    return connection is not None and connection.is_enabled
