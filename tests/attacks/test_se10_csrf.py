"""SE-10: forms are ours, posted from our own place, by the browser that they were made for."""

import pytest

import broker.app as product
from tests import factories
from tests.support.routes import csrf_token, of_nobody, places, tx_of
from tests.support.rows import backdoor
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def opened(home):
    return factories.session(home, factories.account(home))


def page_of(app, home, opened, path="/"):
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    return client.get(f"{home.path}{path}", base_url=ORIGIN)


def is_welcome(app, home, opened):
    return page_of(app, home, opened).status_code == 200


def csrf_places(app):
    """Every POST route of tenants and the platform that a form stands behind."""
    for place in places(app, of_nobody(app)):
        exempt = place.endpoint in product.CSRF_EXEMPT or place.endpoint.startswith("back_channel.")
        if place.method != "GET" and not exempt:
            yield place


def test_se10_list_of_exempt_endpoints_is_closed(app):
    posts = {place.endpoint for place in places(app, of_nobody(app)) if place.method != "GET"}
    exempt = posts - {place.endpoint for place in csrf_places(app)}
    assert exempt == {
        "signin.callback", "signin.take_saml_response", "signin.take_saml_logout", "signin.take_logout_token",
        "oidc.authorize", "oidc.logout", "saml_idp.single_sign_on", "saml_idp.single_logout",
        "back_channel.token", "back_channel.userinfo", "back_channel.introspect", "back_channel.revoke", "back_channel.push",
    }  # fmt: skip
    assert {place.method for place in places(app, of_nobody(app))} == {"GET", "POST"}


FORGED = {
    "no token": ({}, {}),
    "an invented token": ({}, {"csrf_token": "x.y.z"}),
    "a foreign origin": ({"Origin": "https://evil.example"}, None),
    "a sibling origin": ({"Origin": "http://evil.localhost:8000"}, None),
    "another port": ({"Origin": "http://localhost:9000"}, None),
    "a cross-site request": ({"Sec-Fetch-Site": "cross-site"}, None),
    "a same-site request": ({"Sec-Fetch-Site": "same-site"}, None),
    "a token in the address": ({}, {"in_query": True}),
}


@ON_SQLITE
@pytest.mark.parametrize(("headers", "form"), FORGED.values(), ids=FORGED)
def test_se10_forged_posts_are_refused_everywhere(app, home, opened, headers, form):
    """`form` None: the token itself is right, so that only the origin can be what is refused."""
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    backdoor(home, "x")  # as PARTS says: a door that is not there answers like nothing at all
    tx = tx_of(client, home)
    walked = 0
    for place in csrf_places(app):
        token = csrf_token(client, home, place.path)
        sent = {"csrf_token": token} if form is None else {key: value for key, value in form.items() if key != "in_query"}
        query = {"csrf_token": token} if form and "in_query" in form else {}
        path = f"{home.path if place.is_tenants else ''}{place.path}"
        answer = client.post(path, base_url=ORIGIN, data={"tx": tx} | sent, query_string=query, headers=headers)
        assert answer.status_code == 403, place
        assert "no longer current" in answer.text
        walked += 1
    assert walked >= 8
    assert is_welcome(app, home, opened)


def test_se10_token_of_another_browser_or_tenant_is_refused(app, broker, home, opened):
    other = factories.tenant(broker)
    client, stranger = app.test_client(), app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    stranger.set_cookie(**factories.cookie_of(home, factories.session(home)))
    elsewhere = app.test_client()
    elsewhere.set_cookie(**factories.cookie_of(other, factories.session(other)))
    for token in (csrf_token(stranger, home, "/sign-out"), csrf_token(elsewhere, other, "/sign-out")):
        answer = client.post(f"{home.path}/sign-out", base_url=ORIGIN, data={"csrf_token": token})
        assert answer.status_code == 403
    assert is_welcome(app, home, opened)
