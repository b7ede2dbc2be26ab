"""The pages and endpoints of the simulated Google."""

from dataclasses import dataclass

from flask import Flask, Response, jsonify, render_template

from broker.demo.code_flow.authorization import Registration
from broker.demo.code_flow.codes import Codes
from broker.demo.code_flow.pages import Pages
from broker.demo.code_flow.token_endpoint import TokenEndpoint
from broker.demo.google.switches import SWITCHES
from broker.demo.google.tokens import Signer
from broker.demo.google.words import WORDS
from broker.demo.people import GOOGLE_PEOPLE, WORKSPACE
from broker.demo.site import make_site
from broker.ports import Clock


def make_google(registration: Registration, signer: Signer, clock: Clock) -> Flask:
    """The simulated Google; its address is the issuer of `signer`."""
    codes = Codes()
    pages = Pages(registration, WORDS, GOOGLE_PEOPLE, SWITCHES, codes, clock)
    endpoints = Endpoints(signer)
    site = make_site("Simulated Google", "google")
    site.add_url_rule("/", "front", lambda: _front(registration))
    site.route("/o/oauth2/v2/auth", methods=["GET", "POST"])(pages.authorize)
    site.post("/pick")(pages.pick)
    site.get("/.well-known/openid-configuration")(endpoints.discovery)
    site.get("/oauth2/v3/certs")(endpoints.keys)
    site.post("/token")(TokenEndpoint(registration, WORDS, codes, signer.id_token, clock).answer)
    return site


def _front(registration: Registration) -> str:
    return render_template("google/front.html", people=GOOGLE_PEOPLE, workspace=WORKSPACE, registration=registration)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What programs read."""

    signer: Signer

    def discovery(self) -> Response:
        base = self.signer.issuer
        return jsonify(
            issuer=base,
            authorization_endpoint=f"{base}/o/oauth2/v2/auth",
            token_endpoint=f"{base}/token",
            jwks_uri=f"{base}/oauth2/v3/certs",
            token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
            response_types_supported=["code"],
            scopes_supported=["openid", "email", "profile"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["plain", "S256"],
            claims_supported=[
                "aud",
                "email",
                "email_verified",
                "exp",
                "family_name",
                "given_name",
                "iat",
                "iss",
                "name",
                "sub",
            ],
        )

    def keys(self) -> Response:
        return jsonify(self.signer.public_keys())
