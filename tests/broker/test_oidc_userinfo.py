"""What UserInfo tells, and in which ways it is asked."""

from datetime import timedelta

import pytest

from tenants.organizations import Organization
from tests import factories
from tests.support import rows
from tests.support.relying_party import RelyingParty


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    values = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}
    who = factories.account(
        home, f"ada@{home.domain}", with_password=False, with_totp=False, groups=("staff", "board"), **values
    )
    return RelyingParty.of(app, home).signed_in(who)


ALL = "openid profile email groups"


@pytest.mark.parametrize(("scope", "statements"), [("openid", 1), (ALL, 2)], ids=["without groups", "with groups"])
def test_userinfo_takes_at_most_two_statements(rp, count_statements, scope, statements):
    token = rp.tokens(scope=scope)["access_token"]
    with count_statements() as count:
        rp.userinfo(token)
    assert len(count) == statements, count.statements
    assert count.commits == 0


def test_scopes_decide_what_is_told(rp, home):
    sub = rp.session.row.account_id
    profile = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}
    place = {"tenant": home.slug, "organization": "root"}
    email = {"email": f"ada@{home.domain}", "email_verified": False}
    for scope, expected in (
        ("openid", {"sub": sub}),
        ("openid profile", {"sub": sub} | profile | place),
        ("openid email", {"sub": sub} | email),
        ("openid groups", {"sub": sub, "groups": ["board", "staff"]}),
        (ALL, {"sub": sub} | profile | place | email | {"groups": ["board", "staff"]}),
    ):
        response = rp.userinfo(rp.tokens(scope=scope)["access_token"])
        assert response.content_type == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json == expected


@pytest.mark.parametrize("is_verified", [True, False], ids=["verified", "not verified"])
def test_address_is_called_verified_only_where_it_is(app, home, is_verified):
    who = factories.account(home, with_password=False, with_totp=False, is_email_verified=is_verified, name="")
    rp = RelyingParty.of(app, home).signed_in(who)
    told = rp.userinfo(rp.tokens(scope="openid email profile")["access_token"]).json
    assert told["email_verified"] is is_verified
    assert "name" not in told
    assert "given_name" not in told


def test_organization_is_the_accounts_own(app, home):
    part = rows.organization(home)
    who = factories.account(home, with_password=False, with_totp=False, organization_id=part.id)
    rp = RelyingParty.of(app, home).signed_in(who)
    assert rp.userinfo(rp.tokens(scope="openid profile")["access_token"]).json["organization"] == part.key


def test_it_tells_what_is_true_now(rp, home):
    token = rp.tokens(scope="openid profile")["access_token"]
    home.change(Organization, home.root, key="headquarters")
    assert rp.userinfo(token).json["organization"] == "headquarters"


def test_token_comes_in_a_header_or_in_a_form(rp):
    token = rp.tokens()["access_token"]
    for answer in (
        rp.post("/oidc/userinfo", {}, Authorization=f"Bearer {token}"),
        rp.post("/oidc/userinfo", {}, Authorization=f"bearer {token}"),
        rp.post("/oidc/userinfo", {"access_token": token}),
    ):
        assert answer.status == 200
        assert answer.response.json == {"sub": rp.session.row.account_id}


def test_token_in_two_ways_at_once_is_refused(rp):
    token = rp.tokens()["access_token"]
    answer = rp.post("/oidc/userinfo", {"access_token": token}, Authorization=f"Bearer {token}")
    assert answer.status == 400
    assert answer.response.json["error"] == "invalid_request"


def test_token_in_the_address_is_not_read(rp):
    answer = rp.get("/oidc/userinfo", {"access_token": rp.tokens()["access_token"]})
    assert answer.status == 401
    assert answer.response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "error=" not in answer.response.headers["WWW-Authenticate"]


def test_expired_token_is_refused(rp, clock):
    token = rp.tokens()["access_token"]
    clock.advance(seconds=599)
    assert rp.userinfo(token).status_code == 200
    clock.advance(seconds=1)
    response = rp.userinfo(token)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_application_switched_off_gets_nothing_more(rp, home):
    token = rp.tokens()["access_token"]
    home.change(type(rp.application), rp.application.id, is_enabled=False)
    assert rp.userinfo(token).status_code == 401


def test_token_ends_with_its_session(rp, clock):
    rp.signed_in(expires_at=clock.now() + timedelta(minutes=5))
    token = rp.tokens()["access_token"]
    clock.advance(minutes=5)
    assert rp.userinfo(token).status_code == 401
