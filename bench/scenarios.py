"""The paths. Each checks what comes back: a path that does not do what it claims ends the run."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.checks import csrf_of, ok, path_of, require, sent_on
from bench.load import LAP, Walk
from bench.saml_requests import saml_query
from bench.site import PASSWORD, REDIRECT, Site, Spot
from bench.wire import PEER, Reply, Request
from tenants.ids import new_secret

SCOPE = "openid profile email"
WITH_GROUPS = f"{SCOPE} groups"


def hello(_: Site) -> Walk:
    """The comparison; asked of another server."""
    while True:
        yield LAP
        require(ok((yield Request("/"))).body == b"hello", "hello")


def metadata(site: Site) -> Walk:
    yield from _documents([f"{site.path}/.well-known/openid-configuration"], "token_endpoint")


def jwks(site: Site) -> Walk:
    yield from _documents([f"{site.path}/oidc/jwks"], "keys")


def metadata_of_all(site: Site) -> Walk:
    """Each time of another tenant."""
    yield from _documents([f"{spot.path}/.well-known/openid-configuration" for spot in site.others], "token_endpoint")


def _documents(paths: list[str], member: str) -> Walk:
    wanted = f'"{member}"'.encode()
    for path in cycle(paths):
        yield LAP
        require(wanted in ok((yield Request(path))).body, path)


def code_es256(site: Site) -> Walk:
    """Authorize with a live session, and trade the code."""
    yield from _code_flows(site.turns("ES256"))


def code_rs256(site: Site) -> Walk:
    yield from _code_flows(site.turns("RS256"))


def code_of_all(site: Site) -> Walk:
    """Each time at another tenant."""
    yield from _code_flows(cycle(site.others))


def _code_flows(spots: Iterator[Spot]) -> Walk:
    for spot in spots:
        yield LAP
        yield from _code_flow(spot, SCOPE)


def refresh(site: Site) -> Walk:
    """One grant a connection, whose refresh token rotates."""
    spot = next(site.turns("ES256"))
    tokens = yield from _code_flow(spot, SCOPE)
    while True:
        yield LAP
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        renewed = ok((yield _token_request(spot, form))).json()
        require(renewed["refresh_token"] != tokens["refresh_token"] and "id_token" in renewed, "refresh")
        tokens = renewed


def userinfo(site: Site) -> Walk:
    yield from _userinfo(site, SCOPE)


def userinfo_with_groups(site: Site) -> Walk:
    yield from _userinfo(site, WITH_GROUPS)


def _userinfo(site: Site, scope: str) -> Walk:
    spot = next(site.turns("ES256"))
    tokens = yield from _code_flow(spot, scope)
    request = Request(f"{spot.path}/oidc/userinfo", (("Authorization", f"Bearer {tokens['access_token']}"),))
    while True:
        yield LAP
        told = ok((yield request)).json()
        require("email" in told and ("groups" in told) == ("groups" in scope), "UserInfo")


def introspection(site: Site) -> Walk:
    """Is an access token of a live session good now?"""
    spot = next(site.turns("ES256"))
    tokens = yield from _code_flow(spot, SCOPE)
    form = {"token": tokens["access_token"]}
    while True:
        yield LAP
        told = ok((yield Request(f"{spot.path}/oidc/introspect", (("Authorization", spot.basic),), form))).json()
        require(told["active"] is True and "sid" in told, "introspection")


def client_credentials(site: Site) -> Walk:
    """A token for what an application does without a person."""
    spot = next(site.turns("ES256"))
    while True:
        yield LAP
        tokens = ok((yield _token_request(spot, {"grant_type": "client_credentials"}))).json()
        require("access_token" in tokens and "refresh_token" not in tokens, "client credentials")


def saml_sso(site: Site) -> Walk:
    """A service provider's request by Redirect, with a live session; the page that posts the signed response."""
    for spot in site.turns("ES256"):
        yield LAP
        page = ok((yield Request(f"{spot.path}/saml/idp/sso?{saml_query(site.now)}", (("Cookie", spot.cookie),))))
        require(b'name="SAMLResponse"' in page.body, "a SAML response", page)


def sign_in_page(site: Site) -> Walk:
    """The first page of an attempt that has begun."""
    request = Request(f"{site.path}/sign-in?tx={site.next_attempt()}", (site.cookie,))
    while True:
        yield LAP
        csrf_of((yield request))


def password_and_totp(site: Site) -> Walk:
    """The two posts; the attempt has come to the password's page."""
    member = site.next_member()
    csrf = csrf_of((yield Request(f"{site.path}/sign-in/password?tx={member.tx}", (site.cookie,))))
    while True:
        yield LAP
        yield from _prove(site, member.tx, csrf, "password", PASSWORD, "/sign-in/totp")
        reply = yield from _prove(site, member.tx, csrf, "totp", member.code(site.now), f"{site.path}/", "code")
        require(reply.cookie(f"{site.tenant.slug}-sid") is not None, "a session")
        member = site.next_member()


def upstream(site: Site) -> Walk:
    """To the identity provider and back: start and callback; what the provider itself does is not the server's work."""
    while True:
        yield LAP
        tx = site.next_attempt()
        started = yield Request(f"{site.path}/sign-in/go/upstream?tx={tx}", (site.cookie,))
        asked = sent_on(started, "/authorize?")
        approved = yield Request(path_of(asked), origin=PEER)
        returned = sent_on(approved, f"{site.path}/callback/upstream?")
        reply = yield Request(path_of(returned), (site.cookie,))
        sent_on(reply, f"{site.path}/")
        require(reply.cookie(f"{site.tenant.slug}-sid") is not None, "a session")


def upstream_from_the_page(site: Site) -> Walk:
    """The same with the attempt's beginning, at one tenant."""
    while True:
        yield LAP
        yield from _by_provider(site.tenant.slug)


def upstream_of_all(site: Site) -> Walk:
    """At the next tenant each time, each with a connection of its own."""
    for spot in cycle(site.others):
        yield LAP
        yield from _by_provider(spot.path.removeprefix("/t/"))


def _by_provider(slug: str) -> Walk:
    path = f"/t/{slug}"
    begun = yield Request(f"{path}/sign-in")
    tx = parse_qs(urlsplit(sent_on(begun, f"{path}/sign-in?")).query)["tx"][0]
    cookie = ("Cookie", f"{slug}-tx={begun.cookie(f'{slug}-tx')}")
    started = yield Request(f"{path}/sign-in/go/upstream?tx={tx}", (cookie,))
    approved = yield Request(path_of(sent_on(started, "/authorize?")), origin=PEER)
    reply = yield Request(path_of(sent_on(approved, f"{path}/callback/upstream?")), (cookie,))
    sent_on(reply, f"{path}/")


def whole_sign_in(site: Site) -> Walk:
    """Everything that a person without a session goes through, pages included: from the application back to it."""
    while True:
        yield LAP
        member, spot, verifier = site.next_member(), site.spots["ES256"][0], new_secret()
        authorize = _authorize_path(spot, SCOPE, verifier)
        begun = yield Request(authorize)
        browser = begun.cookie(f"{site.tenant.slug}-tx")
        cookie = ("Cookie", f"{site.tenant.slug}-tx={browser}")
        tx = parse_qs(urlsplit(sent_on(begun, "/sign-in?")).query)["tx"][0]
        steps = (("", "email", member.email), ("/password", "password", PASSWORD))
        for place, name, value in (*steps, ("/totp", "code", member.code(site.now))):
            address = f"{site.path}/sign-in{place}"
            csrf = csrf_of((yield Request(f"{address}?tx={tx}", (cookie,))))
            reply = yield Request(address, (cookie,), {"tx": tx, "csrf_token": csrf, name: value})
            sent_on(reply, f"{site.path}/")
        signed_in = reply.cookie(f"{site.tenant.slug}-sid")
        answered = yield Request(path_of(reply.location), (("Cookie", f"{site.tenant.slug}-sid={signed_in}"),))
        yield from _redeem(spot, answered, verifier)


def _code_flow(spot: Spot, scope: str) -> Walk:
    """Returns what the token endpoint answered."""
    verifier = new_secret()
    answered = yield Request(_authorize_path(spot, scope, verifier), (("Cookie", spot.cookie),))
    tokens = yield from _redeem(spot, answered, verifier)
    return tokens


def _redeem(spot: Spot, answered: Reply, verifier: str) -> Walk:
    code = parse_qs(urlsplit(sent_on(answered, f"{REDIRECT}?")).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
    tokens = ok((yield _token_request(spot, form))).json()
    require(tokens.keys() >= {"access_token", "id_token", "refresh_token"}, "tokens")
    return tokens


def _authorize_path(spot: Spot, scope: str, verifier: str) -> str:
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": spot.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": scope,
        "state": verifier[:16],
        "nonce": verifier[16:32],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{spot.path}/oidc/authorize?{urlencode(query)}"


def _token_request(spot: Spot, form: dict[str, str]) -> Request:
    return Request(f"{spot.path}/oidc/token", (("Authorization", spot.basic),), form)


def _prove(site: Site, tx: str, csrf: str, step: str, value: str, then: str, name: str = "") -> Walk:
    form = {"tx": tx, "csrf_token": csrf, name or step: value}
    reply = yield Request(f"{site.path}/sign-in/{step}", (site.cookie,), form)
    sent_on(reply, then)
    return reply


@dataclass(frozen=True, slots=True)
class Scenario:
    """`target` is the ratio that performance.md sets first. `needs` says what is used up: so many per second at most."""

    name: str
    walk: Callable[[Site], Walk]
    target: float | None = None
    members: int = 0
    attempts: int = 0
    is_spread: bool = False


SCENARIOS = (
    Scenario("provider metadata", metadata, 0.60),
    Scenario("JWKS", jwks, 0.60),
    Scenario("authorize + token, ES256", code_es256, 0.060),
    Scenario("authorize + token, RS256", code_rs256),
    Scenario("refresh, ES256", refresh, 0.12),
    Scenario("UserInfo", userinfo, 0.22),
    Scenario("UserInfo with groups", userinfo_with_groups),
    Scenario("introspection", introspection),
    Scenario("client credentials", client_credentials, 0.22),
    Scenario("SAML SSO response", saml_sso),
    Scenario("sign-in page", sign_in_page, attempts=20),
    Scenario("upstream OIDC, start + callback", upstream, attempts=500),
    Scenario("password + TOTP, the two posts", password_and_totp, 0.85, members=70),
    Scenario("local sign-in, all pages", whole_sign_in, members=60),
    Scenario("upstream OIDC from the page", upstream_from_the_page),
    Scenario("metadata, all tenants in turn", metadata_of_all, is_spread=True),
    Scenario("authorize + token, all in turn", code_of_all, is_spread=True),
    Scenario("upstream from the page, all in turn", upstream_of_all, is_spread=True),
)
AT_ONE_TENANT = {
    "metadata, all tenants in turn": "provider metadata",
    "authorize + token, all in turn": "authorize + token, ES256",
    "upstream from the page, all in turn": "upstream OIDC from the page",
}
"""What a path that goes round all tenants is held against: the same at one of them (performance.md, section 4)."""
HASHED = frozenset({"password + TOTP, the two posts"})
"""Compared with argon2id hashes of one core, and not with hello."""
