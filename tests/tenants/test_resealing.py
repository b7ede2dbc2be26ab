"""Rotation of the master key: everything sealed is sealed anew, wherever it stands, and the old key can go."""

import hashlib
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.db import Database
from tenants.keys import SigningKey
from tenants.manifest.changes import Workshop
from tenants.resealing import reseal, sealed_columns
from tenants.vault import Place, Vault
from tests.support.manifests import WHOLE, Desk, pretend_hash
from tests.support.stores import Store

OLD, NEW = (hashlib.sha256(name).digest() for name in (b"old", b"new"))


@pytest.fixture(scope="module")
def db(own_store: Store) -> Iterator[Database]:
    """A database of this file's own: whoever seals anew looks at everything there is."""
    database = Database(own_store.url)
    yield database
    database.dispose()


@pytest.fixture
def sealed_desk(desk: Desk) -> Desk:
    """A tenant with one of everything that a file seals, under the old key."""
    desk.vault = Vault({"old": OLD})
    desk.apply(WHOLE)
    return desk


def sealed(desk: Desk) -> list[tuple[str, Place]]:
    tenant_id = desk.row.id
    with desk.session() as s:
        return [
            (getattr(row, name), Place(tenant_id, model.__tablename__, name, row.id))
            for model, name in (
                (Connection, "secrets_sealed"),
                (ConnectionVersion, "secrets_sealed"),
                (Credential, "secret_sealed"),
                (SigningKey, "private_sealed"),
            )
            for row in s.scalars(select(model))
            if getattr(row, name)
        ]


def test_every_sealed_column_is_known_by_its_name() -> None:
    found = {f"{model.__tablename__}.{name}" for model, names in sealed_columns() for name in names}
    assert found >= {
        "connection_versions.secrets_sealed",
        "connections.secrets_sealed",
        "credentials.secret_sealed",
        "door_credentials.totp_sealed",
        "login_transactions.pending_sealed",
        "login_transactions.upstream_sealed",
        "pending_links.session_sealed",
        "sessions.upstream_sealed",
        "signing_keys.private_sealed",
    }


def test_everything_opens_with_the_new_key_alone_afterwards(sealed_desk: Desk) -> None:
    before = {place: Vault({"old": OLD}).open(text, place) for text, place in sealed(sealed_desk)}
    assert len(before) == 7
    assert reseal(sealed_desk.db, Vault({"new": NEW, "old": OLD})).count >= 4
    alone = Vault({"new": NEW})
    assert {place: alone.open(text, place) for text, place in sealed(sealed_desk)} == before


def test_a_second_time_there_is_nothing_to_do(sealed_desk: Desk) -> None:
    vault = Vault({"new": NEW, "old": OLD})
    reseal(sealed_desk.db, vault)
    before = sealed(sealed_desk)
    assert reseal(sealed_desk.db, vault).count == 0
    assert sealed(sealed_desk) == before


def test_what_no_key_opens_is_named_and_left(sealed_desk: Desk) -> None:
    before = sealed(sealed_desk)
    done = reseal(sealed_desk.db, Vault({"new": NEW}))
    ours = [place for place in done.lost if place.startswith(f"{sealed_desk.slug}: ")]
    assert sorted(ours) == sorted(f"{sealed_desk.slug}: {place.table}.{place.column} {place.row_id}" for _, place in before)
    assert sealed(sealed_desk) == before
    reseal(sealed_desk.db, Vault({"new": NEW, "old": OLD}))


def test_more_rows_than_a_batch_are_all_sealed_anew(sealed_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.resealing._AT_ONCE", 1)
    reseal(sealed_desk.db, Vault({"new": NEW, "old": OLD}))
    assert [text for text, _ in sealed(sealed_desk) if not text.startswith("v1.new.")] == []


def test_workshop_makes_each_thing_once() -> None:
    made: list[str] = []
    shop = Workshop(Vault({"new": NEW}), lambda password: made.append(password) or pretend_hash(password))
    assert shop.password_hash("ten", "jane", "pw") == shop.password_hash("ten", "jane", "pw")
    assert shop.tenant_id("acme") == shop.tenant_id("acme") != shop.tenant_id("lumen")
    assert shop.signing_key("ten", "ES256") is shop.signing_key("ten", "ES256")
    assert made == ["pw"]
