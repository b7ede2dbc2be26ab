"""Attacks on client authentication, and odd requests to the token endpoint."""

import base64

import pytest

from tests import factories
from tests.support.relying_party import SECRET, VERIFIER, RelyingParty, basic


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def encoded(joined):
    return {"Authorization": f"Basic {base64.b64encode(joined).decode()}"}


def test_od12_wrong_client_authentication_is_401_and_never_500(rp):
    mine, secret = rp.application.client_id, SECRET
    headers = [
        basic(mine, "wrong"),
        basic(mine, ""),
        basic("unknown", secret),
        basic("", ""),
        encoded(f"{mine}:".encode() + b"\xff\xfe"),
        encoded(f"{mine}:ü".encode("latin-1")),
        encoded(f"{mine}:%FF".encode()),
        encoded(f"{mine}:a\x00b".encode()),
        encoded(mine.encode()),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!!"},
        {"Authorization": "Basic ü"},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": "Digest x"},
        {},
    ]
    for header in headers:
        code = rp.code()
        response = rp.token(header, grant_type="authorization_code", code=code)
        assert response.status_code == 401, header
        assert response.json["error"] == "invalid_client"
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
        # It was refused before the code was looked at.
        assert rp.redeem(code).status_code == 200


def test_od12_two_ways_at_once_are_refused(rp):
    header = basic(rp.application.client_id, SECRET)
    for extra in ({"client_secret": SECRET}, {"client_assertion": "x"}, {"client_id": "another"}):
        response = rp.token(header, grant_type="authorization_code", code=rp.code(), **extra)
        assert response.status_code == 401
        assert response.json["error"] == "invalid_client"


def test_od12_client_proves_itself_in_its_registered_way_only(app, home, rp):
    mine = {"client_id": rp.application.client_id}
    assert rp.token({}, grant_type="authorization_code", **mine, client_secret=SECRET).status_code == 401
    assert rp.token({}, grant_type="authorization_code", **mine).status_code == 401
    assert rp.token({}, grant_type="authorization_code", **mine, client_assertion="x").status_code == 401
    posting = RelyingParty.of(app, home, client_auth="client_secret_post")
    assert posting.token(basic(posting.application.client_id, SECRET), grant_type="x").status_code == 401
    public = RelyingParty.of(app, home, secret=None)
    assert public.token(basic(public.application.client_id, ""), grant_type="x").status_code == 401


def test_od12_application_without_a_secret_in_the_database_lets_nobody_in(app, home):
    rp = RelyingParty.of(app, home, secret_hash=None)
    assert rp.token(basic(rp.application.client_id, ""), grant_type="x").status_code == 401
    assert rp.token(basic(rp.application.client_id, "None"), grant_type="x").status_code == 401


def test_od12_secret_in_the_address_is_refused_even_when_right(app, home):
    rp = RelyingParty.of(app, home, client_auth="client_secret_post").signed_in()
    form = {"grant_type": "authorization_code", "code": rp.code(), "code_verifier": VERIFIER}
    response = rp.app.test_client().post(
        f"{home.path}/oidc/token",
        base_url="http://localhost:8000",
        query_string={"client_id": rp.application.client_id, "client_secret": SECRET},
        data=form,
    )
    assert response.status_code == 401


def test_od12_repeated_parameters_are_refused(rp):
    for name in ("code", "client_id", "grant_type", "code_verifier"):
        data = [("grant_type", "authorization_code"), ("code", "x"), (name, "1"), (name, "2")]
        body = "&".join("=".join(pair) for pair in data)
        response = rp.app.test_client().post(
            f"{rp.home.path}/oidc/token",
            base_url="http://localhost:8000",
            data=body,
            content_type="application/x-www-form-urlencoded",
            headers=basic(rp.application.client_id, SECRET),
        )
        assert response.status_code == 400
        assert response.json["error"] == "invalid_request"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\xfe=\x80", 400), (b"grant_type=%FF&code=%00", 400), (b"&" * 5000, 413), (b"grant_type", 400)],
    ids=["no UTF-8", "odd values", "nothing but separators", "no value"],
)
def test_od12_odd_bytes_are_no_failure_of_ours(rp, body, status):
    response = rp.app.test_client().post(
        f"{rp.home.path}/oidc/token",
        base_url="http://localhost:8000",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers=basic(rp.application.client_id, SECRET),
    )
    assert response.status_code == status
    assert response.json["error"] in {"invalid_request", "unsupported_grant_type"}


def test_od12_huge_body_is_refused_unread(rp):
    response = rp.token(grant_type="authorization_code", code="x" * 40_000)
    assert response.status_code == 413
