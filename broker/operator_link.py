"""The one-time links of operators, as the console, the command and the first start hand them out."""

from broker.settings import Settings
from broker.wiring import Broker
from tenants.operators import IS_ANYBODY_SET_UP, By, invite_operator
from tenants.tenants import TENANT_COUNT_WITHOUT_HOST


def operator_link(settings: Settings, token: str) -> str:
    """Where an invitation leads: from the settings, never from a request."""
    return f"{settings.operator_origin}/operator/set-up/{token}"


def first_link(broker: Broker) -> str | None:
    """A link for the very first operator; an older one ends with it. None: somebody is there already."""
    if broker.db.look_up(IS_ANYBODY_SET_UP):
        return None
    with broker.db.own_tables() as own:
        token = invite_operator(own, None, broker.ports.clock.now(), By())
    return operator_link(broker.settings, token)


def is_console_served(broker: Broker) -> bool:
    """Is the operator console there? Not on a host on which tenants are (design.md, section 3)."""
    settings = broker.settings
    is_apart = settings.operator_host not in {"", settings.main_host} or settings.allow_operator_beside_tenants
    return is_apart or not broker.db.look_up(TENANT_COUNT_WITHOUT_HOST)
