"""Attacks on the way back from an OpenID Provider, as far as they end at the kind (security.md, OU)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from werkzeug.wrappers import Response

from broker.upstream import KINDS
from tenants.causes import Cause, UpstreamFailure
from tests.support.edge import Edge, oidc_options, opened_edge, returned
from tests.support.sockets import drip, raw_server

OIDC, ENTRA = KINDS["oidc"], KINDS["entra"]


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def issuer(edge):
    return edge.oidc.issuer()


@pytest.fixture
def directory(edge):
    return edge.entra.directory()


def refused(edge, issuer, *, options=None, **context) -> str:
    """The word of the check that refused."""
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(OIDC, options or oidc_options(issuer), issuer, **context)
    assert failure.value.cause is Cause.UPSTREAM_RESPONSE_INVALID
    return failure.value.detail


def finish(edge, options, tx, url):
    return OIDC.finish(options, tx, returned(url), edge.ports)


def test_ou01_state_of_another_way_is_refused(edge, issuer):
    options, tx = oidc_options(issuer), edge.context()
    back = issuer.approve(OIDC.start(options, tx, edge.ports).url)
    with pytest.raises(UpstreamFailure, match="state"):
        finish(edge, options, edge.context(nonce=tx.nonce, verifier=tx.verifier), back)
    assert issuer.hits["token"] == 0


@pytest.mark.parametrize("iss", ["https://evil.example", "", None], ids=repr)
def test_ou03_wrong_issuer_parameter_is_refused_before_the_code_is_sent(edge, issuer, iss):
    assert refused(edge, issuer.iss_param(iss)) == "iss_param"
    assert issuer.hits["token"] == 0


def test_ou03_issuer_parameter_counts_although_it_was_not_announced(edge, issuer):
    issuer.describes(authorization_response_iss_parameter_supported=None).iss_param("https://evil.example")
    assert refused(edge, issuer) == "iss_param"
    assert issuer.hits["token"] == 0


def test_ou03_code_of_one_provider_never_reaches_another(edge, issuer):
    """The hostile provider sends the browser on to the honest one, and waits for its code at its own callback."""
    hostile = edge.oidc.issuer()
    tx = edge.context()
    OIDC.start(oidc_options(hostile), tx, edge.ports)
    back = issuer.approve(OIDC.start(oidc_options(issuer), tx, edge.ports).url)
    with pytest.raises(UpstreamFailure, match="iss_param"):
        finish(edge, oidc_options(hostile), tx, back)
    assert hostile.hits["token"] == 0


def test_ou03_forged_error_with_foreign_issuer_is_refused(edge, issuer):
    issuer.error_callback("access_denied").iss_param("https://evil.example")
    assert refused(edge, issuer) == "iss_param"


@pytest.mark.parametrize("sub", ["somebody-else", "", None, 5], ids=repr)
def test_ou12_userinfo_of_another_person_is_refused(edge, issuer, sub):
    issuer.userinfo_says(sub=sub)
    assert refused(edge, issuer, options=oidc_options(issuer, fetch_userinfo=True)) == "userinfo_sub"


@pytest.mark.parametrize(
    ("knob", "cause", "word"),
    [
        (lambda it: it.no_id_token(), Cause.UPSTREAM_RESPONSE_INVALID, "id_token_missing"),
        (lambda it: it.replies_with(id_token=["x"]), Cause.UPSTREAM_RESPONSE_INVALID, "id_token_missing"),
        (lambda it: it.html_reply(), Cause.UPSTREAM_RESPONSE_INVALID, "token_json"),
        (lambda it: it.breaks(status=503), Cause.UPSTREAM_UNREACHABLE, "token_status"),
        (lambda it: it.huge_body(), Cause.UPSTREAM_UNREACHABLE, "size"),
        (
            lambda it: it.answers("token", lambda: Response("[" * 100_000)),
            Cause.UPSTREAM_RESPONSE_INVALID,
            "token_json",
        ),
        (lambda it: it.html_reply("jwks"), Cause.UPSTREAM_RESPONSE_INVALID, "jwks_json"),
        (lambda it: it.huge_body("jwks"), Cause.UPSTREAM_UNREACHABLE, "size"),
        (lambda it: it.breaks("jwks", 500), Cause.UPSTREAM_UNREACHABLE, "jwks_status"),
    ],
    ids=["no id token", "odd id token", "html", "503", "10 MB", "deep", "keys in html", "10 MB of keys", "no keys"],
)
def test_ou14_hostile_answer_is_refused(edge, issuer, knob, cause, word):
    knob(issuer)
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(OIDC, oidc_options(issuer), issuer)
    assert (failure.value.cause, failure.value.detail) == (cause, word)


class HurriedHttp:
    """The real port with less patience."""

    def __init__(self, http):
        self.http = http

    def request(self, *args, **more):
        return self.http.request(*args, **(more | {"timeout": 0.4}))

    def is_safe_url(self, url):
        return self.http.is_safe_url(url)


def test_ou14_trickling_token_endpoint_ends_and_others_go_on(edge, issuer):
    start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    hurried = replace(edge, ports=replace(edge.ports, http=HurriedHttp(edge.ports.http)))
    with raw_server(drip(start)) as hostile:
        issuer.describes(token_endpoint=hostile.url)
        with pytest.raises(UpstreamFailure) as failure:
            hurried.sign_in(OIDC, oidc_options(issuer), issuer)
    assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_UNREACHABLE, "timeout")
    other = edge.oidc.issuer()
    assert edge.sign_in(OIDC, oidc_options(other), other).subject


def test_ou15_flood_of_unknown_keys_fetches_once_a_minute(edge, issuer):
    options = oidc_options(issuer)
    edge.sign_in(OIDC, options, issuer)
    issuer.unknown_kid()
    for _ in range(3):
        edge.clock.advance(seconds=60)
        before = issuer.hits["jwks"]
        assert {refused(edge, issuer) for _ in range(30)} == {"kid"}
        assert issuer.hits["jwks"] == before + 1


def test_ou15_flood_fetches_once_a_minute_while_the_keys_are_out_of_reach(edge, issuer):
    edge.sign_in(OIDC, oidc_options(issuer), issuer)
    edge.clock.advance(seconds=60)
    before = issuer.hits["jwks"]
    issuer.unknown_kid().breaks("jwks")
    for _ in range(10):
        with pytest.raises(UpstreamFailure):
            edge.sign_in(OIDC, oidc_options(issuer), issuer)
        edge.clock.advance(seconds=5)
    assert issuer.hits["jwks"] == before + 1


def test_ou16_withdrawn_key_is_refused_after_an_hour(edge, issuer):
    options, old = oidc_options(issuer), issuer.keys[0]
    edge.sign_in(OIDC, options, issuer)
    issuer.rotate_key()
    issuer.keys.remove(old)
    issuer.signs_with(old)
    assert edge.sign_in(OIDC, options, issuer).subject
    edge.clock.advance(hours=1)
    assert refused(edge, issuer) == "kid"


@pytest.mark.parametrize("named", ["https://elsewhere.example", "", None, "{}/"], ids=repr)
def test_ou17_discovery_that_names_another_issuer_is_refused(edge, issuer, named):
    issuer.describes(issuer=named and named.format(issuer.issuer))
    with pytest.raises(UpstreamFailure) as failure:
        OIDC.start(oidc_options(issuer), edge.context(), edge.ports)
    assert (failure.value.cause, failure.value.detail) == (Cause.CONNECTION_MISCONFIGURED, "discovery_issuer")
    assert [(found.severity, found.code) for found in OIDC.check(oidc_options(issuer), edge.ports)] == [
        ("bad", "discovery_issuer")
    ]


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_ou17_plain_http_endpoint_is_refused(edge, issuer, name):
    issuer.describes(**{name: "http://idp.example/x"})
    with pytest.raises(UpstreamFailure) as failure:
        OIDC.start(oidc_options(issuer), edge.context(), edge.ports)
    assert (failure.value.detail, failure.value.facts["endpoint"]) == ("discovery_endpoint", name)


def test_ou18_foreign_code_is_refused(edge, issuer):
    """The attacker's code, brought into the victim's return: its challenge was made with another verifier."""
    options, theirs, ours = oidc_options(issuer), edge.context(), edge.context()
    stolen = returned(issuer.approve(OIDC.start(options, theirs, edge.ports).url)).args["code"]
    back = issuer.approve(OIDC.start(options, ours, edge.ports).url)
    own = returned(back).args["code"]
    with pytest.raises(UpstreamFailure) as failure:
        finish(edge, options, ours, back.replace(own, stolen))
    assert (failure.value.cause, failure.value.detail) == (Cause.FLOW_EXPIRED, "invalid_grant")


@pytest.mark.parametrize("methods", [["plain"], [], None], ids=repr)
def test_ou18_challenge_is_sent_whatever_the_provider_announces(edge, issuer, methods):
    issuer.describes(code_challenge_methods_supported=methods)
    edge.sign_in(OIDC, oidc_options(issuer), issuer)
    assert issuer.seen["authorize"]["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    "error", ["access_denied", "<script>alert(1)</script>", "x" * 5000, "", "\r\nSet-Cookie: a=b"], ids=range(5)
)
def test_ou19_hostile_error_becomes_one_short_line_for_admins(edge, issuer, error):
    issuer.error_callback(error, "<img src=x onerror=alert(1)>\r\n\x1b[31m\u202e" + "y" * 3000)
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(OIDC, oidc_options(issuer), issuer)
    assert failure.value.cause is Cause.UPSTREAM_DENIED
    for text in (failure.value.detail, *failure.value.facts.values()):
        assert str(text).isprintable()
        assert len(str(text)) <= 500
    assert issuer.hits["token"] == 0
