"""Attacks around the first proof of an address, and on sign-ins and links that are under way then (LC-09, AC-06, OU-22)."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.linking import end_what_was
from tenants.local_off import end_attempts
from tenants.pending_links import PendingLink
from tenants.sessions import BrowserSession
from tenants.tenants import DomainProof
from tenants.vault import Place
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.linking import account_row, identities, linked, locally, mailed, offered, proven
from tests.support.meanwhile import after_look
from tests.support.own_page import facts_to
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


@pytest.fixture
def way(home, ada, oidc_peer):
    """Of the domain, which belongs to nobody yet."""
    made = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=made)
    made.idp.person = Person(ada.email, "Ada")
    return made


@pytest.fixture
def foreign(home, ada, oidc_peer):
    """Any provider; somebody's subject there was laid into Ada's account before she came."""
    made = steps.oidc_way(home, oidc_peer, "foreign", label="Foreign")
    made.idp.person = Person(f"mallory@{home.domain}", "Mallory")
    names = {"issuer": made.idp.issuer, "subject": made.idp.person.subject}
    factories.identity(home, ada.id, made.row.id, **names)
    return made


def prove_domain(home, way) -> None:
    """From now on this way's word for the address counts."""
    with home.broker.db.platform("a test proves a domain", home.now) as platform:
        platform.add(DomainProof(domain=home.domain, tenant_id=home.id, method="operator", proven_at=home.now))
    home.change(Domain, stored(home, Domain)[0].id, connection_id=way.row.id)
    steps.notice(home)


def owner_comes(home, ada) -> None:
    """The first proof, by a way that nobody of this test goes by."""
    with home.db.writing() as db:
        end_what_was(db, ada.id, home.now, spared=())


def credentials(home, ada) -> int:
    return sum(one.account_id == ada.id for one in stored(home, Credential))


def live_sessions(home) -> list[str]:
    return [one.account_id for one in stored(home, BrowserSession) if one.ended_at is None]


def test_lc09_sign_in_under_way_ends_with_the_first_proof(home, ada, foreign, new_browser):
    """Back from the provider, the stranger's account is read; then its owner comes, and everything of before goes."""
    assert steps.enter(new_browser(), home, foreign).at == f"{home.path}/", "it was a way in"
    attacker = new_browser()
    with after_look(home, "identities", lambda: owner_comes(home, ada)):
        steps.enter(attacker, home, foreign)
    assert steps.event_of(attacker, home).cause == "flow_expired"
    assert not attacker.cookie("sid")
    assert (live_sessions(home), identities(home)) == ([], [])


def test_lc09_subject_that_was_taken_away_changes_nothing_any_more(home, ada, way, foreign, new_browser):
    """Its names and its own first proof come too late: neither is written, and nothing of the owner's goes."""
    factories.identity(home, ada.id, way.row.id, issuer=way.idp.issuer, subject=way.idp.person.subject)
    prove_domain(home, foreign)
    foreign.idp.person = replace(foreign.idp.person, email=ada.email, given_name="Eve")

    def wipe():
        with home.db.writing() as db:
            db.delete(db.scalars(select(Identity).where(Identity.connection_id == foreign.row.id)).one())

    attacker = new_browser()
    with after_look(home, "identities", wipe):
        steps.enter(attacker, home, foreign)
    assert steps.event_of(attacker, home).cause == "flow_expired"
    row = account_row(home, ada)
    assert (row.is_email_verified, row.given_name) == (False, "")
    assert [one.connection_id for one in identities(home)] == [way.row.id]
    assert credentials(home, ada) == 2


def test_lc09_subject_that_was_taken_away_proves_no_account(home, ada, way, foreign, browser):
    offered(browser, home, way)
    steps.go_along(browser.submit(press="foreign"))
    assert browser.path == f"{home.path}/sign-in/link/confirm"

    def wipe():
        with home.db.writing() as db:
            db.delete(db.scalars(select(Identity)).one())

    with after_look(home, "pending_links", wipe):
        browser.submit(press="Link and continue")
    assert browser.status >= 400
    assert (identities(home), live_sessions(home)) == ([], [])


def test_ou22_nothing_is_linked_for_an_attempt_that_ended(home, ada, way, foreign, new_browser):
    """Also where the link is the owner's first proof, which lets the attempt go on that it ends."""
    home.change(Account, ada.id, is_email_verified=True)
    for is_first_proof in (False, True):
        browser = proven(offered(new_browser(), home, way), home, ada)
        if is_first_proof:
            home.change(Account, ada.id, is_email_verified=False)

        def end():
            with home.db.writing() as db:
                end_attempts(db, ada.id, home.now)

        with after_look(home, "pending_links", end):
            browser.submit(press="Link and continue")
        assert steps.event_of(browser, home).cause == "flow_expired", is_first_proof
        assert [one.connection_id for one in identities(home)] == [foreign.row.id], is_first_proof
        assert not steps.events(home, Event.IDENTITY_LINKED), is_first_proof
        prove_domain(home, way) if not is_first_proof else None
    assert mailed(home) == []


def test_lc09_first_proof_spares_the_password_that_the_link_was_proven_by(home, ada, way, foreign, new_browser):
    """Both sides were shown to be one person's. What that person did not show goes on as before."""
    linked(new_browser(), home, way, ada)
    before = factories.session(home, ada)
    prove_domain(home, way)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert account_row(home, ada).is_email_verified
    assert credentials(home, ada) == 2
    assert facts_to(home, ada, "credential_changed")["what"] == "first_proof_kept"
    assert foreign.row.id not in {one.connection_id for one in identities(home)}
    assert next(one for one in stored(home, BrowserSession) if one.id == before.row.id).ended_at is not None
    assert locally(new_browser(), home, ada).at == f"{home.path}/"


def test_lc09_link_that_another_provider_proved_spares_no_password(home, ada, way, foreign, new_browser):
    browser = offered(new_browser(), home, way)
    steps.go_along(browser.submit(press="foreign")).submit(press="Link and continue")
    assert len(identities(home)) == 2
    prove_domain(home, way)
    steps.enter(new_browser(), home, way)
    assert account_row(home, ada).is_email_verified
    assert credentials(home, ada) == 0


def test_ac06_first_proof_leaves_the_last_way_in_without_a_provider(home, way, new_browser):
    """Of two admins with a password the one whose address is proven loses it; the last one keeps it, and is told so."""
    chief, other = (factories.account(home, f"{name}@{home.domain}", role="admin") for name in ("chief", "other"))
    prove_domain(home, way)
    for who, left in ((other, 0), (chief, 2)):
        way.idp.person = Person(who.email)
        factories.identity(home, who.id, way.row.id, issuer=way.idp.issuer, subject=way.idp.person.subject)
        assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
        assert account_row(home, who).is_email_verified
        assert credentials(home, who) == left, who.email
        said = facts_to(home, who, "credential_changed")
        assert (said["what"], said["provider"]) == ("first_proof_kept" if left else "first_proof", way.row.label)
        home.change(Account, who.id, is_local_enabled=who is chief)


def test_su23_se11_sign_in_that_links_remembers_the_session_there(home, ada, way, browser):
    """Whose sign-out ends it, and what ours needs there: sealed for each place, and nothing of it is lost on the way."""
    home.change(Account, ada.id, is_email_verified=True)
    way.change(options={**way.row.options, "sign_out_there": True})
    way.idp.says(sid="there-1")
    offered(browser, home, way)
    pending = stored(home, PendingLink)[0]
    place = Place(home.id, "pending_links", "session_sealed", pending.id)
    assert json.loads(home.broker.vault.open(pending.session_sealed, place))["session"]["sid"] == "there-1"
    assert proven(browser, home, ada).submit(press="Link and continue").at == f"{home.path}/"
    (session,) = stored(home, BrowserSession)
    assert (session.upstream_sid, session.identity_id) == ("there-1", identities(home)[0].id)
    steps.go_along(browser.open(f"{home.path}/").submit(press="Sign out"))
    assert "id_token_hint" in way.idp.seen["logout"]


def test_ac07_time_to_come_is_no_fresher_proof_than_now(home, ada, way, browser):
    """Who could say when they were asked last would be asked by us never again."""
    home.change(Account, ada.id, is_email_verified=True)
    prove_domain(home, way)
    way.change(linking="proven")
    way.idp.says(auth_time=int(home.now.timestamp()) + 10 * 365 * 86400)
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    (session,) = stored(home, BrowserSession)
    assert session.auth_time <= home.now
    assert max(proof["at"] for proof in session.proofs) <= home.now.isoformat()
