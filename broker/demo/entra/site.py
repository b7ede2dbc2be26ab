"""The pages and endpoints of the simulated Entra."""

import uuid
from dataclasses import dataclass

from flask import Flask, Response, jsonify, render_template

from broker.demo.code_flow.authorization import Registration
from broker.demo.code_flow.codes import Codes
from broker.demo.code_flow.pages import Pages
from broker.demo.code_flow.token_endpoint import TokenEndpoint
from broker.demo.entra.switches import SWITCHES
from broker.demo.entra.tokens import Signer
from broker.demo.entra.words import WORDS
from broker.demo.people import DIRECTORY_PEOPLE
from broker.demo.places import DIRECTORY
from broker.demo.site import make_site
from broker.ports import Clock
from tenants.ids import digest, new_secret


def make_entra(base_url: str, registration: Registration, signer: Signer, clock: Clock) -> Flask:
    """The simulated Entra at `base_url`."""

    def with_trailer(sentence: str) -> str:
        """Every description of Microsoft's has one."""
        at = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        return f"{sentence} Trace ID: {_trace()} Correlation ID: {_trace()} Timestamp: {at}"

    codes = Codes()
    pages = Pages(registration, WORDS, DIRECTORY_PEOPLE, SWITCHES, codes, clock, with_trailer)
    endpoints = Endpoints(base_url, signer)
    tokens = TokenEndpoint(registration, WORDS, codes, signer.id_token, clock)
    site = make_site("Simulated Microsoft Entra", "entra")
    site.add_url_rule("/", "front", lambda: _front(registration))
    site.route(f"/{DIRECTORY}/oauth2/v2.0/authorize", methods=["GET", "POST"])(pages.authorize)
    site.post(f"/{DIRECTORY}/pick")(pages.pick)
    site.get(f"/{DIRECTORY}/v2.0/.well-known/openid-configuration")(endpoints.discovery)
    site.get(f"/{DIRECTORY}/discovery/v2.0/keys")(endpoints.keys)
    site.post(f"/{DIRECTORY}/oauth2/v2.0/token")(tokens.answer)
    return site


def _front(registration: Registration) -> str:
    return render_template("entra/front.html", people=DIRECTORY_PEOPLE, directory=DIRECTORY, registration=registration)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What programs read."""

    base_url: str
    signer: Signer

    def discovery(self) -> Response:
        base = f"{self.base_url}/{DIRECTORY}"
        return jsonify(
            issuer=self.signer.issuer(DIRECTORY),
            authorization_endpoint=f"{base}/oauth2/v2.0/authorize",
            token_endpoint=f"{base}/oauth2/v2.0/token",
            jwks_uri=f"{base}/discovery/v2.0/keys",
            token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
            response_modes_supported=["query"],
            response_types_supported=["code"],
            scopes_supported=["openid", "profile", "email", "offline_access"],
            subject_types_supported=["pairwise"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
            claims_supported=["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "tid", "oid", "email", "name"],
        )

    def keys(self) -> Response:
        return jsonify(self.signer.public_keys())


def _trace() -> str:
    return str(uuid.UUID(hex=digest(new_secret())[:32]))
