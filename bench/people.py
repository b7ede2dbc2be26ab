"""A tenant of very many people, for what its admins do all day: the users table and imports."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from broker.wiring import Broker
from tenants.accounts import ADD_ACCOUNT
from tenants.connections import Connection
from tenants.db import TenantDatabase
from tenants.identities import ADD_IDENTITY
from tenants.ids import new_id
from tenants.organizations import Organization

_BATCH = 5000
_GIVEN = ("Amina", "Casper", "Dilan", "Elena", "Finn", "Grace", "Hiroshi", "Ines", "Jane", "Karel", "Liv", "Mehmet", "Noor")
_FAMILY = ("Bakkali", "Vermeulen", "Öz", "Marinescu", "Jørgensen", "Hall", "Kato", "Novak", "Doe", "Peeters", "Lindqvist")
_STATES = ("active",) * 90 + ("invited",) * 5 + ("disabled",) * 3 + ("deactivated", "inactive")


def fill(broker: Broker, tenant: TenantDatabase, count: int, domain: str) -> None:
    """So many people, with the states, ways and last sign-ins that a large organization has. The same each time."""
    now, chance = broker.ports.clock.now(), Random(7)  # noqa: S311  # sample data, the same each time
    with tenant.reading() as db:
        organizations = list(db.scalars(select(Organization.id).order_by(Organization.key)))
        connection = db.scalars(select(Connection.id).order_by(Connection.position)).first()
    for start in range(0, count, _BATCH):
        people = list(_people(range(start, min(start + _BATCH, count)), domain, organizations, now, chance))
        with tenant.writing() as db:
            db.run_each(ADD_ACCOUNT, people)
            if connection:
                linked = [one for one in people if not one["is_local_enabled"]]
                db.run_each(ADD_IDENTITY, [_identity(one, connection, now) for one in linked])


def _people(numbers: range, domain: str, organizations: list[str], now: datetime, chance: Random) -> Iterator[dict[str, Any]]:
    for number in numbers:
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
        state = chance.choice(_STATES)
        has_come = state != "invited" and chance.random() < 0.9
        address = f"{given}.{family}.{number}@{domain}".casefold()
        made = now - timedelta(minutes=number)
        yield {
            "id": new_id("acc"),
            "organization_id": chance.choice(organizations),
            "email": address,
            "email_key": address,
            "is_email_verified": True,
            "name": f"{given} {family}",
            "given_name": given,
            "family_name": family,
            "state": state,
            "is_local_enabled": chance.random() < 0.1,
            "role": "admin" if number % 20_000 == 19_999 else None,
            "own_role": None,
            "is_file_managed": False,
            "created_at": made,
            "activated_at": made if has_come else None,
            "last_login_at": now - timedelta(minutes=chance.randrange(500_000)) if has_come else None,
        }


def _identity(person: dict[str, Any], connection: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("idn"),
        "account_id": person["id"],
        "connection_id": connection,
        "issuer": "https://idp.example",
        "subject": person["id"],
        "email": person["email"],
        "profile": {},
        "created_at": now,
        "login_count": 1,
    }
