"""Modules of the plan fapi2-security-profile-final that hold for what is here: PAR, client assertions, codes, requests.

Left out: DPoP, which is not here; and what clashes with the basic plan (the token endpoint as an audience, RS256).
Each row carries its module's name, and says what has to come of what is sent.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.support.application_keys import assertion, call, keyed, shown
from tests.support.relying_party import VERIFIER, RelyingParty
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE
CHECK: dict[str, Callable[["Suite"], Any]] = {}


class Suite:
    """An application that pushes its requests and proves itself by its key, as the plan asks, and a person signed in."""

    def __init__(self, app: Any, home: Any, clock: Any) -> None:
        self.home, self.clock = home, clock
        self.client = keyed(app, home, is_par_required=True).signed_in()
        self.other = keyed(app, home, is_par_required=True)
        self.other.browser, self.other.session = self.client.browser, self.client.session

    def proof(self, client: RelyingParty | None = None, **changes: Any) -> dict[str, str]:
        return shown(assertion(client or self.client, self.clock.now(), **changes))

    def push(self, proof: dict[str, str] | None = None, **changes: str | None) -> Any:
        return call(self.client, "/oidc/par", {}, **self.client.request(**changes), **(proof or self.proof()))

    def show(self, uri: str, client: RelyingParty | None = None, **more: str) -> Any:
        asks = client or self.client
        return asks.get("/oidc/authorize", {"client_id": asks.application.client_id, "request_uri": uri, **more})

    def code(self, **changes: str | None) -> str:
        answer = self.show(self.push(**changes).json["request_uri"])
        return str(answer.parameters["code"])

    def token(self, code: str, client: RelyingParty | None = None, proof: dict[str, str] | None = None, **changes: Any) -> Any:
        asks = client or self.client
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.client.application.redirect_uris[0]}
        sent = form | {"code_verifier": VERIFIER} | (self.proof(asks) if proof is None else proof) | changes
        return call(asks, "/oidc/token", {}, **sent)


def module(check: Callable[[Suite], Any]) -> Callable[[Suite], Any]:
    CHECK[check.__name__.replace("_", "-")] = check
    return check


def leads_nowhere(answer: Any) -> bool:
    return (answer.status, answer.location) == (400, "")


def refused(response: Any, error: str) -> bool:
    return response.json["error"] == error and response.status_code == (401 if error == "invalid_client" else 400)


@module
def happy_flow(suite: Suite) -> bool:
    response = suite.token(suite.code())
    return response.status_code == 200 and bool(suite.client.claims(response.json["id_token"]))


@module
def par_attempt_reuse_request_uri(suite: Suite) -> bool:
    uri = suite.push().json["request_uri"]
    return "code" in suite.show(uri).parameters and leads_nowhere(suite.show(uri))


@module
def par_attempt_to_use_expired_request_uri(suite: Suite) -> bool:
    uri = suite.push().json["request_uri"]
    suite.clock.advance(seconds=100)
    return leads_nowhere(suite.show(uri))


@module
def par_attempt_to_use_request_uri_for_different_client(suite: Suite) -> bool:
    return leads_nowhere(suite.show(suite.push().json["request_uri"], suite.other))


@module
def par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(suite: Suite) -> bool:
    uri = suite.push().json["request_uri"]
    held = factories.cookie_of(suite.home, suite.client.session)
    suite.client.browser.delete_cookie(**{name: value for name, value in held.items() if name != "value"})
    asked = [suite.show(uri).place.endswith("/sign-in") for _ in range(2)]
    suite.client.signed_in()
    return all(asked) and "code" in suite.show(uri).parameters


@module
def par_attempt_invalid_http_method(suite: Suite) -> bool:
    path = f"{suite.home.path}/oidc/par"
    return all(suite.client.browser.open(path, method=method).status_code == 405 for method in ("GET", "PUT", "DELETE"))


@module
def par_authorization_request_containing_request_uri_form_param(suite: Suite) -> bool:
    return refused(suite.push(request_uri="urn:ietf:params:oauth:request_uri:x"), "invalid_request")


@module
def par_without_duplicate_parameters(suite: Suite) -> bool:
    return "code" in suite.show(suite.push().json["request_uri"]).parameters


@module
def par_ensure_pkce_required(suite: Suite) -> bool:
    return refused(suite.push(code_challenge=None, code_challenge_method=None), "invalid_request")


@module
def par_plain_pkce_rejected(suite: Suite) -> bool:
    return refused(suite.push(code_challenge_method="plain"), "invalid_request")


@module
def ensure_unsigned_authorization_request_without_using_par_fails(suite: Suite) -> bool:
    return suite.client.authorize().parameters.get("error") == "invalid_request"


@module
def ensure_client_assertion_in_token_endpoint(suite: Suite) -> bool:
    nothing = {"client_id": suite.client.application.client_id}
    return refused(suite.token(suite.code(), proof=nothing), "invalid_client")


@module
def ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(suite: Suite) -> bool:
    past = int((suite.clock.now() - timedelta(minutes=5)).timestamp())
    return refused(suite.token(suite.code(), proof=suite.proof(exp=past)), "invalid_client")


@module
def ensure_client_assertion_with_no_sub_fails(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), proof=suite.proof(sub=None)), "invalid_client")


@module
def ensure_client_assertion_with_wrong_aud_fails(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), proof=suite.proof(aud="https://else.example")), "invalid_client")


@module
def par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(suite: Suite) -> bool:
    return suite.push(suite.proof(nbf=int(suite.clock.now().timestamp()) + 8)).status_code == 201


@module
def par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(suite: Suite) -> bool:
    return refused(suite.push(suite.proof(nbf=int(suite.clock.now().timestamp()) + 65)), "invalid_client")


@module
def ensure_client_id_in_token_endpoint(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), client_id=suite.other.application.client_id), "invalid_client")


@module
def ensure_authorization_code_is_bound_to_client(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), suite.other), "invalid_grant")


@module
def attempt_reuse_authorization_code_after_one_second(suite: Suite) -> bool:
    code = suite.code()
    first = suite.token(code).status_code
    suite.clock.advance(seconds=1)
    return first == 200 and refused(suite.token(code), "invalid_grant")


@module
def ensure_token_endpoint_fails_with_expired_auth_code(suite: Suite) -> bool:
    code = suite.code()
    suite.clock.advance(seconds=61)
    return refused(suite.token(code), "invalid_grant")


@module
def ensure_pkce_code_verifier_required(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), code_verifier=None), "invalid_grant")


@module
def incorrect_pkce_code_verifier_rejected(suite: Suite) -> bool:
    return refused(suite.token(suite.code(), code_verifier=VERIFIER[::-1]), "invalid_grant")


@module
def ensure_redirect_uri_in_authorization_request(suite: Suite) -> bool:
    return refused(suite.push(redirect_uri=None), "invalid_request")


@module
def ensure_registered_redirect_uri(suite: Suite) -> bool:
    return refused(suite.push(redirect_uri="https://suite.example/callback"), "invalid_request")


@module
def ensure_response_type_code_idtoken_fails(suite: Suite) -> bool:
    return refused(suite.push(response_type="code id_token"), "unsupported_response_type")


@module
def ensure_response_type_token_fails(suite: Suite) -> bool:
    return refused(suite.push(response_type="token"), "unsupported_response_type")


@module
def ensure_authorization_request_with_64_char_nonce_success(suite: Suite) -> bool:
    claims = suite.client.claims(suite.token(suite.code(nonce="n" * 64)).json["id_token"])
    return bool(claims["nonce"] == "n" * 64)


@module
def ensure_authorization_request_with_long_nonce(suite: Suite) -> bool:
    claims = suite.client.claims(suite.token(suite.code(nonce="n" * 384)).json["id_token"])
    return bool(claims["nonce"] == "n" * 384)


@module
def ensure_authorization_request_with_long_state(suite: Suite) -> bool:
    return suite.show(suite.push(state="s" * 384).json["request_uri"]).parameters["state"] == "s" * 384


@module
def ensure_authorization_request_without_nonce_success(suite: Suite) -> bool:
    return "nonce" not in suite.client.claims(suite.token(suite.code(nonce=None)).json["id_token"])


@module
def ensure_authorization_request_without_state_success(suite: Suite) -> bool:
    return "state" not in suite.show(suite.push(state=None).json["request_uri"]).parameters


@module
def ensure_other_scope_order_succeeds(suite: Suite) -> bool:
    return suite.token(suite.code(scope="email profile openid")).json["scope"] == "openid profile email"


@module
def state_only_outside_request_object_not_used(suite: Suite) -> bool:
    return "state" not in suite.show(suite.push(state=None).json["request_uri"], state="outside").parameters


@module
def test_claims_parameter_identity_claims(suite: Suite) -> bool:
    tokens = suite.token(suite.code(claims='{"id_token": {"email": null}, "userinfo": {"email": {"essential": true}}}')).json
    told = suite.client.userinfo(tokens["access_token"]).json
    return bool(told["email"] == suite.client.claims(tokens["id_token"])["email"])


@module
def test_essential_acr_sca_claim(suite: Suite) -> bool:
    claims = '{"id_token": {"acr": {"essential": true, "value": "urn:openbanking:psd2:sca"}}}'
    return suite.show(suite.push(claims=claims).json["request_uri"]).parameters["error"] == "unmet_authentication_requirements"


# Its name is a module's, and no test's.
del test_claims_parameter_identity_claims, test_essential_acr_sca_claim


@pytest.mark.parametrize("name", CHECK)
def test_module(app, broker, clock, name):
    assert CHECK[name](Suite(app, factories.tenant(broker), clock))
