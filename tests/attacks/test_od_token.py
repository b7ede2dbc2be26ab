"""Attacks on codes, on refresh tokens and on what they stand for."""

import threading
from dataclasses import replace

import pytest

from broker import floods
from tenants.accounts import Account
from tenants.audit import AuditEvent
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.tenants import Tenant
from tenants.throttles import Throttle, counter_key
from tests import factories
from tests.support.relying_party import VERIFIER, RelyingParty


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def events(home, event):
    with home.db.reading() as db:
        return db.query(AuditEvent).filter_by(event=event).all()


def assert_invalid_grant(response):
    assert response.status_code == 400
    assert response.content_type == "application/json"
    assert response.json["error"] == "invalid_grant"
    assert not {"access_token", "id_token", "refresh_token"} & set(response.json)


def at_once(work, count):
    """Let `count` threads do the same in the same moment; their results."""
    barrier, results = threading.Barrier(count), []

    def one():
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# Refusals without end


def test_op10_refused_requests_without_end_fill_no_audit_log(app, home, clock):
    """Each is refused; of one network address a hundred are written in ten minutes, and that no more are."""
    stranger = RelyingParty.of(app, home)
    with home.db.writing() as db:
        key, now = counter_key("refused", "127.0.0.1"), clock.now()
        db.add(Throttle(id=key, tries=floods.LIMIT.cap - 2, last_try_at=now, window_ends_at=now + floods.LIMIT.window))
    for _ in range(5):
        assert_invalid_grant(stranger.redeem("made-up"))
    assert len(events(home, "access.refused")) == 2
    (told,) = events(home, "attack.throttled")
    assert told.detail["what"] == "refused requests"
    clock.advance(minutes=11)
    assert_invalid_grant(stranger.redeem("made-up"))
    assert len(events(home, "access.refused")) == 3


# Codes


def test_od03_second_use_of_a_code_ends_what_the_first_brought(rp, home):
    code = rp.code()
    first = rp.redeem(code).json
    assert_invalid_grant(rp.redeem(code))
    assert rp.userinfo(first["access_token"]).status_code == 401
    assert_invalid_grant(rp.refresh(first["refresh_token"]))
    (event,) = events(home, "grant.reused")
    assert event.account_id == rp.session.row.account_id
    assert event.application_id == rp.application.id


def test_od03_of_parallel_redemptions_exactly_one_succeeds(rp):
    code = rp.code()
    responses = at_once(lambda: rp.redeem(code), 10)
    assert sorted(response.status_code for response in responses) == [200] + 9 * [400]
    (winner,) = [response.json for response in responses if response.status_code == 200]
    assert rp.userinfo(winner["access_token"]).status_code == 401
    assert_invalid_grant(rp.refresh(winner["refresh_token"]))


def test_od04_code_of_another_client_is_used_up_and_brings_nothing(rp):
    thief, code = rp.other_application(), rp.code()
    assert_invalid_grant(thief.redeem(code, redirect_uri=rp.application.redirect_uris[0]))
    assert_invalid_grant(rp.redeem(code))


def test_od04_ti08_code_of_another_tenant_is_unknown_and_stays_good_at_home(app, broker, rp):
    stranger = RelyingParty.of(app, factories.tenant(broker), client_id=rp.application.client_id)
    code = rp.code()
    assert_invalid_grant(stranger.redeem(code, redirect_uri=rp.application.redirect_uris[0]))
    assert rp.redeem(code).status_code == 200


@pytest.mark.parametrize("address", [None, "https://app.example/other", "CALLBACK"], ids=["none", "another", "spelling"])
def test_od04_code_for_another_return_address_brings_nothing(rp, address):
    code = rp.code()
    if address == "CALLBACK":
        address = rp.application.redirect_uris[0].replace("callback", "Callback")
    assert_invalid_grant(rp.redeem(code, redirect_uri=address))
    assert_invalid_grant(rp.redeem(code))


def test_od04_code_is_good_for_a_minute(rp, clock):
    early, late = rp.code(), rp.code()
    clock.advance(seconds=59)
    assert rp.redeem(early).status_code == 200
    clock.advance(seconds=1)
    assert_invalid_grant(rp.redeem(late))


@pytest.mark.parametrize(
    "verifier",
    [None, "x" * 43, VERIFIER[:-1], VERIFIER + "x", "short", "ü" * 50, "x" * 129],
    ids=["missing", "another", "shorter", "longer", "too short", "not ASCII", "too long"],
)
def test_od05_wrong_verifier_uses_the_code_up(rp, verifier):
    code = rp.code()
    assert_invalid_grant(rp.redeem(code, code_verifier=verifier))
    assert_invalid_grant(rp.redeem(code))


def test_od05_verifier_without_a_challenge_is_a_downgrade(app, home):
    rp = RelyingParty.of(app, home, is_pkce_required=False).signed_in()
    code = rp.code(code_challenge=None, code_challenge_method=None)
    assert_invalid_grant(rp.redeem(code, code_verifier=VERIFIER))


# Refresh tokens


def test_od06_reused_refresh_token_ends_the_family(rp, home, clock):
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).json
    third = rp.refresh(second["refresh_token"]).json
    clock.advance(seconds=11)
    assert_invalid_grant(rp.refresh(second["refresh_token"]))
    assert_invalid_grant(rp.refresh(third["refresh_token"]))
    assert rp.userinfo(third["access_token"]).status_code == 401
    assert len(events(home, "grant.reused")) == 1


def test_od06_older_than_the_previous_token_has_no_grace(rp):
    first = rp.tokens()["refresh_token"]
    second = rp.refresh(first).json["refresh_token"]
    third = rp.refresh(second).json["refresh_token"]
    assert_invalid_grant(rp.refresh(first))
    assert_invalid_grant(rp.refresh(third))


def test_od06_grace_is_for_the_same_client_only(rp):
    thief = rp.other_application()
    first = rp.tokens()["refresh_token"]
    second = rp.refresh(first).json["refresh_token"]
    assert_invalid_grant(thief.refresh(first))
    assert_invalid_grant(rp.refresh(second))


def test_od06_refresh_token_of_another_client_ends_the_family(rp):
    thief, token = rp.other_application(), rp.tokens()["refresh_token"]
    assert_invalid_grant(thief.refresh(token))
    assert_invalid_grant(rp.refresh(token))


def test_od06_parallel_refreshes_lead_to_one_successor(rp):
    token = rp.tokens()["refresh_token"]
    responses = at_once(lambda: rp.refresh(token), 6)
    assert {response.status_code for response in responses} == {200}
    assert len({response.json["refresh_token"] for response in responses}) == 1


def test_od06_guessed_secret_ends_the_family_and_guessed_handle_nothing(rp):
    token = rp.tokens()["refresh_token"]
    assert_invalid_grant(rp.refresh(f"{'A' * 43}.{token.partition('.')[2]}"))
    token = rp.refresh(token).json["refresh_token"]
    assert_invalid_grant(rp.refresh(f"{token.partition('.')[0]}.{'A' * 43}"))
    assert_invalid_grant(rp.refresh(token))


@pytest.mark.parametrize("scope", ["openid email", "openid offline_access", "openid admin", "*"])
def test_od06_scope_is_never_widened(rp, scope):
    response = rp.refresh(rp.tokens(scope="openid")["refresh_token"], scope=scope)
    assert response.status_code == 400
    assert response.json["error"] == "invalid_scope"


@pytest.mark.parametrize("state", ["disabled", "expired", "deactivated", "inactive", "deleted"])
def test_od06_se04_account_that_may_not_act_gets_nothing_at_once(rp, home, state):
    body = rp.tokens(scope="openid offline_access")
    code = rp.code()
    home.change(Account, rp.session.row.account_id, state=state)
    assert_invalid_grant(rp.redeem(code))
    assert_invalid_grant(rp.refresh(body["refresh_token"]))
    assert rp.userinfo(body["access_token"]).status_code == 401
    assert rp.authorize(prompt="none").parameters["error"] == "login_required"


def test_od06_account_that_expired_gets_nothing_at_once(rp, home, clock):
    body = rp.tokens(scope="openid offline_access")
    home.change(Account, rp.session.row.account_id, expires_at=clock.now())
    assert_invalid_grant(rp.refresh(body["refresh_token"]))
    assert rp.userinfo(body["access_token"]).status_code == 401


def test_se02_ended_session_gets_nothing_more(rp, home, clock):
    body = rp.tokens(scope="openid offline_access")
    code = rp.code()
    home.change(BrowserSession, rp.session.row.id, ended_at=clock.now())
    assert_invalid_grant(rp.redeem(code))
    assert_invalid_grant(rp.refresh(body["refresh_token"]))
    assert rp.userinfo(body["access_token"]).status_code == 401


def test_se04_suspended_tenant_gets_nothing_at_once(rp, home, broker, clock):
    body = rp.tokens(scope="openid offline_access")
    with broker.db.platform("a test suspends a tenant", clock.now()) as db:
        db.get_one(Tenant, home.id).status = "suspended"
    assert rp.refresh(body["refresh_token"]).status_code in {400, 403}
    assert rp.userinfo(body["access_token"]).status_code in {401, 403}


def test_ti08_tokens_of_one_tenant_are_nothing_at_another(app, broker, rp):
    stranger = RelyingParty.of(app, factories.tenant(broker), client_id=rp.application.client_id).signed_in()
    body = rp.tokens()
    assert_invalid_grant(stranger.refresh(body["refresh_token"]))
    assert stranger.userinfo(body["access_token"]).status_code == 401
    assert stranger.authorize(id_token_hint=body["id_token"]).parameters["error"] == "invalid_request"
    # Nothing was revoked from there, either.
    assert rp.refresh(body["refresh_token"]).status_code == 200


def test_ti04_heir_of_a_slug_honours_nothing_of_its_predecessor(app, broker, rp, clock):
    body, old = rp.tokens(), rp.home
    heir = factories.tenant(broker)
    with broker.db.platform("a test gives a slug away", clock.now()) as db:
        db.get_one(Tenant, old.id).slug = f"{old.slug}-gone"
        db.flush()
        db.get_one(Tenant, heir.id).slug = old.slug
    clock.advance(seconds=3)
    there = RelyingParty.of(app, replace(heir, slug=old.slug), client_id=rp.application.client_id)
    there.browser = rp.browser
    assert there.userinfo(body["access_token"]).status_code == 401
    assert_invalid_grant(there.refresh(body["refresh_token"]))
    assert there.authorize(prompt="none").parameters["error"] == "login_required"


def test_od07_database_holds_nothing_that_can_be_shown(rp, home):
    code = rp.code()
    body = rp.redeem(code).json
    with home.db.reading() as db:
        rows = db.query(ApplicationGrant).all()
        stored = " ".join(str(value) for row in rows for value in vars(row).values())
    handle, _, secret = body["refresh_token"].partition(".")
    for shown in (code, secret, body["access_token"], body["id_token"]):
        assert shown not in stored
    # The handle alone says which grant; with every hash of the dump beside it, it is still no token.
    for value in [handle, *stored.split()]:
        assert_invalid_grant(rp.token(grant_type="refresh_token", refresh_token=f"{handle}.{value}"[:87]))


@pytest.mark.both_databases
@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "", "PS256"])
def test_od09_algorithm_in_the_database_that_is_not_ours_signs_nothing(app, home, algorithm):
    rp = RelyingParty.of(app, home, id_token_alg=algorithm).signed_in()
    response = rp.redeem(rp.code())
    assert response.status_code == 400
    assert "id_token" not in response.json
