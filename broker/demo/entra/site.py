"""The pages and endpoints of the simulated Entra."""

import uuid
from dataclasses import dataclass

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.entra.authorization import (
    AuthorizationRequest,
    Registration,
    fault_of_application,
    fault_of_request,
)
from broker.demo.entra.switches import SWITCHES, find_switch
from broker.demo.entra.token_endpoint import TokenEndpoint
from broker.demo.entra.tokens import Codes, Pick, Signer
from broker.demo.people import DIRECTORY_PEOPLE, DirectoryPerson
from broker.demo.places import DIRECTORY
from broker.demo.site import make_site
from broker.ports import Clock
from tenants.ids import digest, new_secret


def make_entra(base_url: str, registration: Registration, signer: Signer, clock: Clock) -> Flask:
    """The simulated Entra at `base_url`."""
    codes = Codes()
    pages = Pages(registration, codes, clock)
    endpoints = Endpoints(base_url, signer, TokenEndpoint(registration, codes, signer, clock))
    site = make_site("Simulated Microsoft Entra", "entra")
    site.get("/")(pages.front)
    site.route(f"/{DIRECTORY}/oauth2/v2.0/authorize", methods=["GET", "POST"])(pages.authorize)
    site.post(f"/{DIRECTORY}/pick")(pages.pick)
    site.get(f"/{DIRECTORY}/v2.0/.well-known/openid-configuration")(endpoints.discovery)
    site.get(f"/{DIRECTORY}/discovery/v2.0/keys")(endpoints.keys)
    site.post(f"/{DIRECTORY}/oauth2/v2.0/token")(endpoints.tokens.answer)
    return site


@dataclass(frozen=True, slots=True)
class Pages:
    """What a person sees."""

    registration: Registration
    codes: Codes
    clock: Clock

    def front(self) -> str:
        return render_template("entra/front.html", people=DIRECTORY_PEOPLE, directory=DIRECTORY, registration=self.registration)

    def authorize(self) -> AnyResponse | str | tuple[str, int]:
        """Check the request, then ask who it is."""
        asked = AuthorizationRequest.of(request.values)
        fault = fault_of_application(asked, self.registration)
        if fault:
            return render_template("message.html", heading="Sorry, but we’re having trouble", sentence=fault), 400
        bad = fault_of_request(asked)
        if bad:
            return self._back_with_error(asked, *bad)
        return render_template(
            "entra/pick.html",
            application=self.registration.name,
            asked=asked,
            people=_hinted_first(asked.login_hint),
            is_hint_known=any(_is_hinted(person, asked.login_hint) for person in DIRECTORY_PEOPLE),
            switches=SWITCHES,
        )

    def pick(self) -> AnyResponse:
        """Send the person back, with what the switch says."""
        asked = AuthorizationRequest.of(request.form)
        person = next((one for one in DIRECTORY_PEOPLE if one.oid == request.form.get("person")), None)
        switch = find_switch(request.form.get("switch", "normal"))
        if not person or not switch or fault_of_application(asked, self.registration) or fault_of_request(asked):
            abort(400, "This form was not made here. Go back to the application and start again.")
        if switch.error:
            return self._back_with_error(asked, switch.error, f"AADSTS{switch.number}: {switch.sentence}")
        code = self.codes.issue(Pick(person, switch, asked, self.clock.now()))
        return redirect(asked.return_url(code=code, session_state=_trace()))

    def _back_with_error(self, asked: AuthorizationRequest, error: str, sentence: str) -> AnyResponse:
        """To the application, with the trailer that every description of Microsoft's has."""
        at = self.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        description = f"{sentence} Trace ID: {_trace()} Correlation ID: {_trace()} Timestamp: {at}"
        return redirect(asked.return_url(error=error, error_description=description))


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What programs read."""

    base_url: str
    signer: Signer
    tokens: TokenEndpoint

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


def _is_hinted(person: DirectoryPerson, hint: str) -> bool:
    return person.email.casefold() == hint.strip().casefold()


def _hinted_first(hint: str) -> list[DirectoryPerson]:
    return sorted(DIRECTORY_PEOPLE, key=lambda person: not _is_hinted(person, hint))


def _trace() -> str:
    return str(uuid.UUID(hex=digest(new_secret())[:32]))
