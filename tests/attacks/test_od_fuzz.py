"""Every parameter of every OpenID Connect endpoint, fuzzed: no failure of ours, and nobody is sent to a place that is not
registered (issue: OD-01, IN-09)."""

from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from broker.downstream.oidc import checks, introspect, logout, token
from tests import factories
from tests.support.relying_party import CHALLENGE, VERIFIER, RelyingParty
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE

ENDPOINTS = {
    "authorize": ("GET", (*checks.PARAMETERS, "stepped_up")),
    "logout": ("GET", logout.PARAMETERS),
    "token": ("POST", token.PARAMETERS),
    "par": ("POST", (*checks.PARAMETERS, "client_secret", "client_assertion", "client_assertion_type")),
    "introspect": ("POST", (*introspect.PARAMETERS,)),
    "revoke": ("POST", (*introspect.PARAMETERS,)),
    "userinfo": ("POST", ("access_token",)),
}
FIXED = (
    "", "openid profile email groups offline_access", "code", "form_post", "query", "none", "login", "consent", "login consent",
    "0", "1", "-1", "9" * 12, "S256", CHALLENGE, VERIFIER, "authorization_code", "refresh_token", "client_credentials",
    "urn:ietf:params:oauth:request_uri:x", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "e30.e30.e30",
    '{"id_token":{"acr":{"essential":true,"values":["x"]},"sub":{"value":"y"}}}', '{"userinfo":{"name":null}}', "{}", "[1]",
    "https://evil.example/callback", "//evil.example", "javascript:alert(1)", "https://app.example\\@evil.example", "\r\nX: 1",
)  # fmt: skip
VALUES = st.one_of(st.sampled_from(FIXED), st.text(max_size=40), st.text(alphabet="aé%+&=.~:/?#[]@\x00\n\ud7ff𐀀", max_size=12))


class Target:
    """One application whose person is signed in, and the right value of each parameter, to be mixed in."""

    def __init__(self, app, home):
        self.rp = RelyingParty.of(app, home, client_auth="client_secret_post", grant_types=[
            "authorization_code", "refresh_token", "client_credentials",
        ]).signed_in()  # fmt: skip
        tokens = self.rp.tokens(scope="openid offline_access")
        registered = (*self.rp.application.redirect_uris, *self.rp.application.post_logout_redirect_uris)
        self.registered = {urlsplit(address)[:3] for address in registered}
        self.right = self.rp.request(state="s") | {
            "client_secret": self.rp.secret,
            "token": tokens["access_token"],
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": self.rp.application.post_logout_redirect_uris[0],
            "grant_type": "refresh_token",
            "code_verifier": VERIFIER,
        }

    def send(self, endpoint, changed, *, is_repeated):
        method, names = ENDPOINTS[endpoint]
        right = {name: self.right[name] for name in names if name in self.right}
        pairs = [*(right | changed).items(), *(list(changed.items()) if is_repeated else ())]
        data = [(name, value) for name, value in pairs if value is not None]
        query, form = (data, None) if method == "GET" else (None, data)
        return self.rp.browser.open(
            f"{self.rp.home.path}/oidc/{endpoint}",
            base_url="http://localhost:8000",
            method=method,
            query_string=_encoded(query),
            data=_encoded(form),
            content_type="application/x-www-form-urlencoded" if form is not None else None,
        )

    def is_safe(self, location):
        return location.startswith(f"{self.rp.home.path}/") or urlsplit(location)[:3] in self.registered


def _encoded(pairs):
    def escaped(text):
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))

    return None if pairs is None else "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)


@pytest.fixture(scope="module")
def target(app, broker):
    return Target(app, factories.tenant(broker))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_od01_in09_odd_parameters_break_nothing_and_lead_nowhere(target, endpoint):
    names = ENDPOINTS[endpoint][1]

    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(names), st.one_of(st.none(), VALUES), min_size=1, max_size=4), st.booleans())
    @example({names[0]: "\x00"}, False)
    @example(dict.fromkeys(names, "x"), True)
    def one(changed, is_repeated):
        answer = target.send(endpoint, changed, is_repeated=is_repeated)
        assert answer.status_code < 500, (changed, answer.text[:300])
        location = answer.headers.get("Location")
        assert location is None or target.is_safe(location), (changed, location)

    one()
