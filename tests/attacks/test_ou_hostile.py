"""A provider that answers anything: it costs its own connection, and nobody else (security.md, OU-03, OU-14 to OU-16)."""

import json

from werkzeug.wrappers import Response

from broker.upstream import KINDS
from tenants.causes import BrokerError, Cause
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.edge import oidc_options, opened_edge

OIDC = KINDS["oidc"]
PLACES = ("discovery", "jwks", "token", "userinfo")
CAUSES = {Cause.UPSTREAM_UNREACHABLE, Cause.UPSTREAM_RESPONSE_INVALID, Cause.CONNECTION_MISCONFIGURED}
VALUES = (None, True, 7, -1, 1e400, "", "x", [], {}, [[]], [None], {"a": {"b": []}}, "\u202e", "http://evil.example", "//evil")
MEMBERS = {
    "discovery": ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "scopes_supported"),
    "jwks": ("keys",),
    "token": ("id_token", "access_token", "token_type"),
    "userinfo": ("sub", "email", "name", "groups"),
}
BODIES = (
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{",
    b"\xff\xfe{}",
    b"<html><body>Welcome</body></html>",
    b'{"a": NaN}',
    b'{"issuer": "a", "issuer": "b"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"keys": [' + b"{}," * 20_000 + b"{}]}",
    b" " * 10_000_000,
)


def hostile_answers(edge, place):
    """Whole answers that are none, loops, and members of other types."""
    yield from (lambda body=body: Response(body, content_type="application/json") for body in BODIES)
    own = f"{edge.oidc.origin}/loop"
    for status in (301, 302, 307, 308):
        yield lambda status=status: Response(status=status, headers={"Location": own})
    yield from (lambda status=status: Response(b"{}", status) for status in (204, 400, 401, 404, 418, 429, 500, 503, 599))
    for name in MEMBERS[place]:
        for value in VALUES:
            text = json.dumps({name: value}).replace("Infinity", "1e400")
            yield lambda text=text: Response(text, content_type="application/json")


def became_of(edge, issuer) -> Cause | None:
    """Of a sign-in there; None where what it said was believed."""
    try:
        edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
    except BrokerError as refused:
        return refused.cause
    return None


def test_ou14_no_answer_of_a_provider_ends_in_anything_but_a_refusal():
    with opened_edge() as edge:
        tried = 0
        for place in PLACES:
            for answer in hostile_answers(edge, place):
                issuer = edge.oidc.issuer().answers(place, answer)
                tried += 1
                assert became_of(edge, issuer) in CAUSES, (place, answer().get_data()[:60])
        assert not [asked for asked in edge.oidc.requests if "loop" in asked], "no redirect was followed"
        good = edge.oidc.issuer()
        assert edge.sign_in(OIDC, oidc_options(good), good).subject
    assert tried > 200


def test_ou14_ou15_hostile_connection_costs_its_own_people_only(broker, oidc_peer, new_browser):
    """A flood of unknown keys at one connection fetches once; another connection and another tenant go on."""
    home, other = factories.tenant(broker), factories.tenant(broker)
    ways = steps.oidc_way(home, oidc_peer, "bad"), steps.oidc_way(home, oidc_peer, "good"), steps.oidc_way(other, oidc_peer)
    for way in ways:
        way.idp.person = Person(f"jane@{way.home.domain}")
    steps.listed(home, way=ways[1], proven=True)
    steps.listed(other, way=ways[2], proven=True)
    bad = ways[0].idp.unknown_kid()
    for _ in range(10):
        assert steps.enter(new_browser(), home, ways[0]).status == 403
    assert bad.hits["jwks"] == 1
    for way in ways[1:]:
        assert steps.enter(new_browser(), way.home, way).path == f"{way.home.path}/"


def test_ou03_code_of_one_connection_at_the_callback_of_another(broker, oidc_peer, new_browser):
    """The hostile provider hands its visitor on to the honest one, and takes the return to its own callback."""
    home = factories.tenant(broker)
    honest, hostile = steps.oidc_way(home, oidc_peer, "honest"), steps.oidc_way(home, oidc_peer, "hostile")
    steps.listed(home, way=honest, proven=True)
    honest.idp.person = Person(f"jane@{home.domain}")
    browser = new_browser().stop_at(honest.origin)
    steps.enter(browser, home, honest)
    back = honest.idp.approve(browser.foreign)
    for path in (f"{home.path}/callback/hostile", f"{home.path}/callback/nobody", f"{home.path}/saml/honest/acs"):
        browser.open(f"{path}?{back.partition('?')[2]}")
        assert browser.status >= 400, path
    assert (hostile.idp.hits["token"], honest.idp.hits["token"]) == (0, 0), "the code went nowhere"
    assert browser.open(back).path == f"{home.path}/", "and is still good where it belongs"
