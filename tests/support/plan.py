"""What every module of the OpenID Foundation's suite does first, and what it always checks."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests import factories
from tests.browser import Browser
from tests.support.relying_party import RelyingParty, at_hash, verified

STATE = "s" * 128
NOBODY_TO_ASK = {"login_required", "interaction_required", "consent_required", "account_selection_required"}
UNASKED = {"name", "given_name", "family_name", "email", "email_verified", "groups", "address", "phone_number", "acr"}


class Plan:
    """One tenant, one person with a browser, and an application that asks as the suite does: without PKCE."""

    def __init__(self, app, home, clock):
        self.app, self.home, self.clock = app, home, clock
        self.person = factories.account(home, f"ada@{home.domain}", name="Ada Lovelace")
        self.client = self.new_client()
        self.shown = 0
        self.mode = "query"
        """How answers come; of `form_post` nothing may stand in an address."""
        parts = urlsplit(home.url)
        self.browser = Browser(app, f"{parts.scheme}://{parts.netloc}")

    def new_client(self, **columns):
        return RelyingParty.of(self.app, self.home, **({"is_pkce_required": False} | columns))

    def request(self, client=None, **changes):
        usual = {"code_challenge": None, "code_challenge_method": None, "state": STATE}
        if self.mode == "form_post":
            usual["response_mode"] = "form_post"
        return (client or self.client).request(**(usual | changes))

    def ask(self, client=None, *, post=False, **changes):
        """Go to the authorization endpoint; sign in where the page for it comes. The answer's parameters."""
        request = self.request(client, **changes)
        address = f"{self.home.url}/oidc/authorize"
        if post:
            self.browser.post(address, request, origin="https://suite.example")
        else:
            self.browser.open(f"{address}?{urlencode(request)}")
        return self.rest(client)

    def rest(self, client=None):
        """Sign in if asked, and read what the application got."""
        if self.browser.foreign is None and not self.posted():
            self.sign_in()
        if self.mode == "form_post":
            return self.sent_by_form(client)
        address = self.browser.foreign
        assert address is not None, str(self.browser)
        assert address.startswith((client or self.client).application.redirect_uris[0])
        assert "#" not in address
        return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))

    def posted(self):
        """The form by which our page sends an answer on, if it is that page."""
        return [] if self.browser.foreign else [form for form in self.browser.page.forms if "iss" in form.fields]

    def sent_by_form(self, client=None):
        """What the application gets by a form; nothing of it came by an address (OAuth 2.0 Form Post Response Mode)."""
        (form,) = self.posted()
        assert form.method == "POST"
        assert form.action == (client or self.client).application.redirect_uris[0]
        assert not [hop for hop in self.browser.hops if "code=" in hop and "code_challenge" not in hop]
        return {name: one.value for name, one in form.fields.items()}

    def sign_in(self):
        """Address, password and code, as a person."""
        self.shown += 1
        self.clock.advance(seconds=30)  # a code of the app works once
        self.browser.submit(email=self.person.email, press="Continue")
        self.browser.submit(password=self.person.password)
        self.browser.submit(code=self.person.code(self.clock.now()))

    def run(self, client=None, redeem=None, *, post=False, **changes):
        """A whole module: authorization, tokens, UserInfo, with everything that the suite always checks."""
        client = client or self.client
        answer = self.ask(client, post=post, **changes)
        assert "error" not in answer
        assert answer.get("state") == self.request(client, **changes).get("state")
        assert answer["iss"] == self.home.url
        # At least 128 bits, and of the form that random ones have.
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", answer["code"])
        response = client.redeem(answer["code"], **({"code_verifier": None} | (redeem or {})))
        assert response.status_code == 200
        body = response.json
        assert body["expires_in"] > 0
        claims = self.check_id_token(client, body, self.request(client, **changes).get("nonce"))
        told = client.userinfo(body["access_token"])
        assert told.status_code == 200
        assert told.json["sub"] == claims["sub"]
        return body, claims, told.json

    def check_id_token(self, client, body, nonce):
        header, claims = verified(body["id_token"], client.document("/oidc/jwks").json)
        now = self.clock.now().timestamp()
        assert header["alg"] == "RS256"
        assert claims["iss"] == client.document("/.well-known/openid-configuration").json["issuer"]
        assert claims["aud"] == client.application.client_id
        assert now < claims["exp"] < now + 86_400
        assert abs(claims["iat"] - now) < 300
        assert now - 86_400 < claims["auth_time"] <= now
        assert claims.get("nonce") == nonce
        assert claims["at_hash"] == at_hash(body["access_token"])
        assert claims["sub"] == self.person.id
        assert not UNASKED & set(claims)
        return claims

    def sign_out(self, hint, **changes):
        """Go to the end-session endpoint; where the browser rests."""
        usual = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": self.client.application.post_logout_redirect_uris[0],
            "state": STATE,
        }
        query = {name: value for name, value in (usual | changes).items() if value is not None}
        self.browser.open(f"{self.home.url}/oidc/logout?{urlencode(query)}")
        return self.browser.foreign

    def is_signed_in(self):
        answer = self.ask(prompt="none")
        assert "code" in answer or answer["error"] in NOBODY_TO_ASK
        return "code" in answer
