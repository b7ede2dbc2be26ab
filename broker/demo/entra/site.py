"""The pages and endpoints of the simulated Entra."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.code_flow.authorization import Registration
from broker.demo.code_flow.codes import Codes
from broker.demo.code_flow.pages import Pages
from broker.demo.code_flow.token_endpoint import TokenEndpoint
from broker.demo.entra.consent import AdminConsent
from broker.demo.entra.graph import Graph
from broker.demo.entra.switches import SWITCHES
from broker.demo.entra.tokens import ALL_ORGANIZATIONS, Signer, named
from broker.demo.entra.words import WORDS
from broker.demo.people import BRIGHTWATER_PEOPLE, DIRECTORY_PEOPLE
from broker.demo.places import DIRECTORY, OTHER_DIRECTORY
from broker.demo.site import make_site
from broker.ports import Clock
from tenants.ids import digest, new_secret


def make_entra(
    base_url: str, registration: Registration, signer: Signer, clock: Clock, shared: Registration | None = None
) -> Flask:
    """The simulated Entra at `base_url`. `registration` is of Acme's directory, `shared` the operator's for all of them."""

    def with_trailer(sentence: str) -> str:
        """Every description of Microsoft's has one."""
        at = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        return f"{sentence} Trace ID: {_trace()} Correlation ID: {_trace()} Timestamp: {at}"

    graph, codes = Graph(), Codes()
    pages = Pages(registration, WORDS, DIRECTORY_PEOPLE, SWITCHES, codes, clock, with_trailer)
    tokens = TokenEndpoint(registration, WORDS, codes, signer.id_token, clock, graph.note)
    site = make_site("Simulated Microsoft Entra", "entra")
    site.add_url_rule("/", "front", lambda: _front(registration, shared))
    site.add_url_rule("/v1.0/users/<person>/getMemberObjects", "groups", graph.groups, methods=["GET", "POST"])
    site.get("/v1.0/me")(graph.me)
    _add_directory(site, DIRECTORY, Endpoints(base_url, signer), pages, tokens, "")
    if shared is not None:
        _add_shared(site, Endpoints(base_url, signer), shared, clock, with_trailer, graph)
    return site


def _add_directory(
    site: Flask, directory: str, endpoints: "Endpoints", pages: Pages, tokens: TokenEndpoint, suffix: str
) -> None:
    base = f"/{directory}"
    site.add_url_rule(f"{base}/oauth2/v2.0/authorize", f"authorize{suffix}", pages.authorize, methods=["GET", "POST"])
    site.add_url_rule(f"{base}/pick", f"pick{suffix}", pages.pick, methods=["POST"])
    discovery, keys = partial(endpoints.discovery, directory), partial(endpoints.keys, directory)
    site.add_url_rule(f"{base}/v2.0/.well-known/openid-configuration", f"discovery{suffix}", discovery)
    site.add_url_rule(f"{base}/discovery/v2.0/keys", f"keys{suffix}", keys)
    site.add_url_rule(f"{base}/oauth2/v2.0/token", f"token{suffix}", tokens.answer, methods=["POST"])
    site.add_url_rule(f"{base}/oauth2/v2.0/logout", f"logout{suffix}", endpoints.logout)


def _add_shared(
    site: Flask, endpoints: "Endpoints", shared: Registration, clock: Clock, describe: Callable[[str], str], graph: Graph
) -> None:
    """The operator's registration: at the directory of those who approved it, and at the one of all organizations."""
    codes = Codes()
    tokens = TokenEndpoint(shared, WORDS, codes, endpoints.signer.id_token, clock, graph.note)
    for directory, suffix in ((ALL_ORGANIZATIONS, "_of_all"), (OTHER_DIRECTORY, "_of_brightwater")):
        pages = Pages(shared, WORDS, BRIGHTWATER_PEOPLE, SWITCHES, codes, clock, describe, f"pick{suffix}")
        _add_directory(site, directory, endpoints, pages, tokens, suffix)
    consent = AdminConsent(shared)
    site.add_url_rule(f"/{ALL_ORGANIZATIONS}/v2.0/adminconsent", "admin_consent", consent.page)
    site.add_url_rule(f"/{ALL_ORGANIZATIONS}/decide", "decide", consent.decide, methods=["POST"])


def _front(registration: Registration, shared: Registration | None) -> str:
    return render_template(
        "entra/front.html",
        people=DIRECTORY_PEOPLE,
        directory=DIRECTORY,
        registration=registration,
        shared=shared,
        others=BRIGHTWATER_PEOPLE,
    )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What programs read, and where a browser signs out."""

    base_url: str
    signer: Signer

    def discovery(self, directory: str) -> Response:
        base = f"{self.base_url}/{directory}"
        return jsonify(
            issuer=self.signer.issuer(named(directory)),
            authorization_endpoint=f"{base}/oauth2/v2.0/authorize",
            token_endpoint=f"{base}/oauth2/v2.0/token",
            jwks_uri=f"{base}/discovery/v2.0/keys",
            end_session_endpoint=f"{base}/oauth2/v2.0/logout",
            token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
            response_modes_supported=["query"],
            response_types_supported=["code"],
            scopes_supported=["openid", "profile", "email", "offline_access"],
            subject_types_supported=["pairwise"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
            claims_supported=["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "tid", "oid", "email", "name"],
        )

    def keys(self, directory: str) -> Response:
        return jsonify(self.signer.public_keys(directory))

    def logout(self) -> AnyResponse:
        """Nobody stays signed in here, so there is only the way back. The broker registered its page for that."""
        back, state = request.args.get("post_logout_redirect_uri", "/"), request.args.get("state", "")
        return redirect(f"{back}?state={state}" if back.endswith("/signed-out") else "/")


def _trace() -> str:
    return str(uuid.UUID(hex=digest(new_secret())[:32]))
