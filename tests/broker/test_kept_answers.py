"""The provider's documents, answered ahead of Flask: the same as the view would answer, for as long as it would."""

from contextlib import contextmanager

import pytest
from flask import request_started
from structlog.testing import capture_logs
from werkzeug.http import parse_options_header

from broker.kept_answers import DOCUMENTS
from tenants.tenants import Tenant
from tests import factories
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE
ORIGIN = "https://page.example"
METADATA = "/.well-known/openid-configuration"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ask(app, home):
    """Asks for a document of the tenant; `is_warm` had it asked for before, twice."""

    def asked(path, *, method="GET", is_warm=True, base_url="http://localhost:8000", **headers):
        client = app.test_client()
        if is_warm:
            for _ in range(2):
                client.get(f"{home.path}{path}", base_url=base_url)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(f"{home.path}{path}", method=method, base_url=base_url, headers=named)

    return asked


@contextmanager
def reaching_flask(app):
    """Which requests come as far as Flask."""
    reached = []

    def note(*_, **__):
        reached.append(True)

    with request_started.connected_to(note, app):
        yield reached


def told(response):
    """What of an answer has to be the same."""
    return response.status, sorted(pair for pair in response.headers if pair[0] != "Date"), response.data


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_kept_answer_is_that_of_the_view(app, ask, path):
    first = ask(path, is_warm=False)
    with reaching_flask(app) as reached:
        assert told(ask(path)) == told(first)
        assert len(reached) == 1, "the second and the third are answered ahead of it"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert parse_options_header(first.headers["Content-Type"])[0] == "application/json"


def test_each_request_has_its_line_in_the_log(ask, home):
    with capture_logs() as logs:
        ask(METADATA)
    lines = [line for line in logs if line["event"] == "request"]
    assert len(lines) == 3
    assert len({(line["method"], line["rule"], line["status"], line["tenant"], line["address"]) for line in lines}) == 1
    assert (lines[2]["rule"], lines[2]["tenant"]) == (METADATA, home.slug)


def test_what_is_asked_in_a_particular_way_goes_to_the_view(app, ask, home):
    factories.application(home, cors_origins=[ORIGIN])
    tag = ask(METADATA).headers["ETag"]
    assert ask(METADATA, If_None_Match=tag).status_code == 304
    assert ask(METADATA, Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert ask(METADATA, method="HEAD").data == b""
    assert ask(METADATA, method="POST").status_code == 405
    assert "Access-Control-Allow-Origin" not in ask(METADATA).headers


def test_another_address_than_the_tenants_own_leads_there(app, broker):
    host = f"{factories.new_id('h')[2:12]}.login.example"
    home = factories.tenant(broker, host=host)
    client = app.test_client()
    for _ in range(3):
        assert client.get(METADATA, base_url=f"http://{host}:8000").json["issuer"] == home.url
        assert client.get(f"/t/{home.slug}{METADATA}", base_url="http://localhost:8000").status_code == 302


def test_suspended_tenant_tells_nothing_any_more(ask, home, clock):
    assert ask(METADATA).status_code == 200
    with home.broker.db.platform("a test suspends a tenant", clock.now()) as db:
        db.get_one(Tenant, home.id).status = "suspended"
    clock.advance(seconds=3)
    assert ask(METADATA, is_warm=False).status_code == 403
    assert ask(METADATA).status_code == 403


def test_new_configuration_is_told(ask, home, clock):
    before = ask("/oidc/jwks").json["keys"]
    home.add(factories.signing_key(home, "ES256"))
    clock.advance(seconds=3)
    assert len(ask("/oidc/jwks").json["keys"]) == len(before) + 1
