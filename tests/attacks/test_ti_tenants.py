"""Attacks of one tenant on another (security.md, TI). The sweep over all addresses, TI-01, is tests/isolation/."""

import pytest
from sqlalchemy import select

from tenants.accounts import Account
from tenants.db import ScopeError
from tenants.identities import Identity
from tenants.ids import digest, new_secret
from tenants.tenants import Tenant
from tenants.throttles import PASSWORD_LIMIT, counter_key, take_try
from tenants.vault import Place, VaultError
from tests import factories
from tests.browser import Browser
from tests.peers.people import Person
from tests.support import steps
from tests.support.html import Page
from tests.support.relying_party import RelyingParty, unsigned
from tests.support.routes import everything
from tests.support.rows import FACTORIES, login_transaction
from tests.support.wiring import ORIGIN


@pytest.fixture
def homes(broker):
    return factories.tenant(broker), factories.tenant(broker)


def accounts(home):
    with home.db.reading() as db:
        return db.scalars(select(Account)).all()


def test_ti02_one_address_is_two_people_in_two_tenants(app, homes):
    address = "eve@shared.example"
    people = [factories.account(home, address) for home in homes]
    first, second = (Browser(app, ORIGIN) for _ in homes)
    steps.sign_in(first, homes[0], people[0])
    assert address in first.words
    assert first.open(f"{homes[1].path}/").path == f"{homes[1].path}/sign-in"
    steps.prove(second.open(f"{homes[1].path}/sign-in/again").submit(email=address), homes[1], people[1])
    assert address in second.words
    assert [event.account_id for event in steps.events(homes[1], steps.Event.LOGIN_SUCCEEDED)] == [people[1].id]


def test_ti02_password_of_one_tenant_does_not_open_the_other(app, homes):
    address = "eve@shared.example"
    factories.account(homes[0], address)
    stranger = Browser(app, ORIGIN)
    stranger.open(f"{homes[1].path}/sign-in/again").submit(email=address).submit(password=factories.PASSWORD)
    assert stranger.status == 403
    assert [event.cause for event in steps.events(homes[1])] == ["credentials_invalid"]


def test_ti03_one_subject_of_one_issuer_is_somebody_else_in_every_tenant(homes, oidc_peer, new_browser):
    issuer = oidc_peer.issuer()
    options = {"issuer": issuer.issuer, "client_id": issuer.client_id}
    secrets = {"client_secret": issuer.client_secret}
    for home in homes:
        issuer.person = Person(email=f"sam@{home.domain}", subject="the same subject")
        row = factories.connection(home, "sso", options=options, secrets=secrets, provisioning="just_in_time")
        way = steps.Way(home, row, issuer)
        steps.listed(home, way=way, proven=True)
        browser = steps.enter(new_browser(), home, way)
        assert browser.path == f"{home.path}/", browser.words
    found = []
    for home in homes:
        with home.db.reading() as db:
            found += db.scalars(select(Identity)).all()
    assert {(row.issuer, row.subject) for row in found} == {(issuer.issuer, "the same subject")}
    assert len({row.tenant_id for row in found}) == len({row.account_id for row in found}) == 2


def test_ti04_what_was_deleted_does_not_come_back_with_its_name(app, broker, clock):
    """A tenant is removed and made again with the same slug: cookie, token, link and client of the old one are dead."""
    old = factories.tenant(broker)
    party = RelyingParty.of(app, old).signed_in()
    tokens = party.tokens(scope="openid offline_access")
    link = new_secret()
    factories.invitation(old, link)
    with broker.db.platform("a test frees a slug", clock.now()) as db:
        db.get_one(Tenant, old.id).slug = f"{old.slug}-gone"
    new = factories.tenant(broker)
    with broker.db.platform("a test takes a slug again", clock.now()) as db:
        db.get_one(Tenant, new.id).slug = old.slug
    clock.advance(seconds=3)
    assert party.browser.get(f"{old.path}/", base_url=ORIGIN).status_code == 303
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 401
    assert app.test_client().get(f"{old.path}/activate/{link}", base_url=ORIGIN).status_code == 410
    assert party.authorize().status == 400


def test_ti06_query_without_its_tenant_fails(broker, homes):
    with pytest.raises(ScopeError):
        broker.db.tenant("")
    with homes[0].db.reading() as db, pytest.raises(ScopeError):
        db.execute(select(Account.__table__))


def test_ti07_tries_of_one_tenant_cost_the_other_nothing(homes, clock):
    key = counter_key("password", "eve@shared.example")
    for _ in range(PASSWORD_LIMIT.free + 2):
        with homes[0].db.writing() as db:
            paused = take_try(db, key, PASSWORD_LIMIT, clock.now())
    assert paused is not None
    with homes[1].db.writing() as db:
        assert take_try(db, key, PASSWORD_LIMIT, clock.now()) is None


@pytest.fixture
def pair(app, homes):
    """Two applications that share client id and secret, and return address, in two tenants."""
    same = {"client_id": f"client-{new_secret()[:12]}", "redirect_uris": ["https://app.shared.example/callback"]}
    return [RelyingParty.of(app, home, **same).signed_in() for home in homes]


def test_ti08_code_of_one_tenant_is_no_code_at_the_other(pair):
    here, there = pair
    code = here.code()
    answer = there.redeem(code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    assert here.redeem(code).status_code == 200  # nor was it spent there


def test_ti08_tokens_of_one_tenant_are_none_at_the_other(pair):
    here, there = pair
    tokens = here.tokens(scope="openid offline_access")
    assert there.userinfo(tokens["access_token"]).status_code == 401
    assert there.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    hinted = there.authorize(id_token_hint=tokens["id_token"], prompt="none")
    assert hinted.parameters["error"] == "invalid_request"
    ended = there.get("/oidc/logout", {"id_token_hint": tokens["id_token"]})
    assert "Location" not in ended.response.headers
    assert there.authorize(prompt="none").parameters.get("code")
    assert here.userinfo(tokens["access_token"]).status_code == 200
    assert here.refresh(tokens["refresh_token"]).status_code == 200


def test_ti08_token_signed_by_the_others_key_or_by_nobody_is_refused(pair):
    here, there = pair
    claims = here.claims(here.tokens()["access_token"])
    assert there.userinfo(unsigned(claims | {"iss": there.home.url}, typ="at+jwt")).status_code == 401


def test_ti08_invitation_and_attempt_of_one_tenant_are_unknown_at_the_other(app, homes):
    here, there = homes
    link = new_secret()
    factories.invitation(here, link)
    assert app.test_client().get(f"{there.path}/activate/{link}", base_url=ORIGIN).status_code == 410
    browser, tx, state = new_secret(), new_secret(), new_secret()
    way = factories.connection(here, "same")
    factories.connection(there, "same")
    steps.notice(there)
    values = {"browser_hash": digest(browser), "state_hash": digest(state), "connection_id": way.id, "method": "same"}
    login_transaction(here, id=digest(tx), **values)
    client = app.test_client()
    client.set_cookie(f"{there.slug}-tx", browser, domain="localhost", path=there.path)
    for path in (f"/sign-in?tx={tx}", f"/callback/same?state={state}&code=x"):
        assert client.get(f"{there.path}{path}", base_url=ORIGIN).status_code == 400


def test_ti08_sealed_value_opens_in_its_own_place_only(broker, homes):
    here, there = homes
    place = Place(here.id, "credentials", "secret_sealed", "cre_1")
    sealed = broker.vault.seal("a seed", place)
    assert broker.vault.open(sealed, place) == "a seed"
    others = (
        Place(there.id, "credentials", "secret_sealed", "cre_1"),
        Place(here.id, "door_credentials", "secret_sealed", "cre_1"),
        Place(here.id, "credentials", "secret_hash", "cre_1"),
        Place(here.id, "credentials", "secret_sealed", "cre_2"),
        Place(here.id, "credentialssecret_sealed", "", "cre_1"),
    )
    for other in others:
        with pytest.raises(VaultError):
            broker.vault.open(sealed, other)


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/", "/sign-in/again", "/signed-out", "/nowhere", "/sign-in?tx=x", "/logo", "/brand.css"])
def test_ti09_pages_of_one_tenant_show_nothing_of_another(app, homes, path):
    here, there = homes
    for factory in FACTORIES.values():
        factory(there)
    client = app.test_client()
    client.get(f"{there.path}{path}", base_url=ORIGIN, follow_redirects=True)  # what caches may keep
    answer = client.get(f"{here.path}{path}", base_url=ORIGIN, follow_redirects=True)
    assert there.canary not in everything(answer)
    if answer.mimetype == "text/html":
        assert here.canary in Page(answer.text).words or here.canary in answer.text


def test_ti09_reference_of_one_tenant_finds_nothing_in_another(app, homes):
    here, there = homes
    browser = Browser(app, ORIGIN)
    browser.open(f"{there.path}/sign-in?tx=x")
    reference = steps.reference_of(browser)
    assert reference
    with here.db.reading() as db:
        assert db.all(steps.EVENTS_BY_REFERENCE, reference=reference) == []
    assert steps.event_of(browser, there).cause == "flow_expired"
