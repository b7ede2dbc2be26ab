"""Further tenants by the thousand, each with keys, a connection, an application and somebody signed in.

They are drafted as tests make them and written many at once: ten thousand of them take half a minute, not an hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import insert, inspect

from bench.peer import PEOPLE, SUBJECT
from broker.wiring import Broker
from tenants.base import Base
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.organizations import Organization
from tenants.signing import KEYS
from tenants.tenants import Tenant, TenantSettings
from tests import factories
from tests.peers.oidc import CLIENT_SECRET

AT_ONCE = 250


@dataclass(frozen=True)
class Draft(factories.Home):
    """A tenant that nothing is stored of yet: what is added to it waits in `rows`, in an order that keys allow."""

    rows: list[tuple[type[Base], dict[str, Any]]] = field(default_factory=list)

    def add(self, row: Any, *others: Any) -> Any:
        """Keep rows for later. Returns the first."""
        for one in (row, *others):
            if not isinstance(one, Tenant):
                one.tenant_id = self.id
            values = {name: value for name, value in inspect(one).dict.items() if not name.startswith("_")}
            self.rows.append((type(one), values))
        return row


def drafts(broker: Broker, options: Mapping[str, Any]) -> Iterator[Draft]:
    """One after the other, without end. `options` are those of the connection."""
    while True:
        home = Draft(broker, new_id("ten"), f"t{new_id('x')[2:14]}", None, new_id("org"))
        home.add(Tenant(id=home.id, slug=home.slug, name=f"Bench {home.slug}", status="active", created_at=home.now))
        home.add(Organization(id=home.root, key="root", name="Bench"))
        home.add(TenantSettings(id="settings", policy={"local_enabled": True}))
        for algorithm in KEYS:
            home.add(factories.signing_key(home, algorithm))
        factories.contact(home)
        _add_way_in(home, options)
        factories.domain(home)
        yield home


def store(broker: Broker, homes: Iterable[Draft]) -> None:
    """Write them, many tenants in one transaction and the rows of one shape in one go."""
    waiting = iter(homes)
    while batch := list(islice(waiting, AT_ONCE)):
        with broker.db.platform("the bench fills the database", broker.ports.clock.now()) as session:
            for (model, _names), rows in _grouped(batch).items():
                session.execute(insert(model.__table__), rows)


def _grouped(homes: Iterable[Draft]) -> dict[tuple[type[Base], tuple[str, ...]], list[dict[str, Any]]]:
    found: dict[tuple[type[Base], tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for home in homes:
        for model, values in home.rows:
            found[model, tuple(sorted(values))].append(values)
    return found


def _add_way_in(home: Draft, options: Mapping[str, Any]) -> None:
    """The provider's people are one account here, each by an identity of its own."""
    way = factories.connection(home, "upstream", options=dict(options), secrets={"client_secret": CLIENT_SECRET})
    who = factories.account(home, with_password=False, with_totp=False, is_local_enabled=True)
    names = {"account_id": who.id, "connection_id": way.id, "issuer": options["issuer"], "created_at": home.now}
    names |= {"tenant_id": home.id}
    home.rows.extend((Identity, {"id": new_id("idn"), "subject": f"{SUBJECT}{number}", **names}) for number in range(PEOPLE))
