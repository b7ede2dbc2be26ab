"""What an authorization request has to be, check by check (OpenID Connect Core 1.0, 3.1.2.2).

`read_request` finds the application and the return address: what fails there is shown here. After it the list `CHECKS`
runs from top to bottom, and what fails in it goes to the application.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import g

from broker.downstream.oidc import tokens
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.return_to import VerifiedReturn
from tenants.applications import ClientAuth
from tenants.causes import Cause, ProtocolFault
from tenants.snapshot import ApplicationConfig

SCOPES = ("openid", "profile", "email", "groups", "offline_access")
PROMPTS = ("none", "login", "select_account", "consent")
"""`consent` asks for nothing more: applications are the organization's own, and its admins consented for all."""
PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "domain_hint",
    "connection",
    "acr_values",
    "claims",
    "request",
    "request_uri",
)
"""What we read; anything else is ignored (RFC 6749, 3.1)."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_NONCE = 1000
_LONGEST_HINT = 254


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request of a known application with a verified return address."""

    parameters: Parameters
    application: ApplicationConfig
    back: VerifiedReturn

    @property
    def scope(self) -> tuple[str, ...]:
        """What is asked for and known here, in our order; unknown words are ignored (Core, 3.1.2.1)."""
        words = (self.parameters.get("scope") or "").split(" ")
        return tuple(word for word in SCOPES if word in words)

    @property
    def prompt(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.parameters.get("prompt") or "").split()))

    @property
    def max_age(self) -> int | None:
        """In seconds. Only after its check."""
        text = self.parameters.get("max_age")
        return int(text) if text is not None else None

    @property
    def hinted_account(self) -> str | None:
        """Whom the ID token of `id_token_hint` is about. Only after its check."""
        claims = tokens.read(self.parameters.get("id_token_hint"), tokens.ID_TOKEN)
        return str(claims["sub"]) if claims else None

    def hint(self, name: str) -> str:
        """A hint of ours to the sign-in; empty where it is absent or no line of text."""
        text = self.parameters.get(name) or ""
        return "" if len(text) > _LONGEST_HINT or _CONTROL.search(text) else text

    def refuse(self, detail: str, error: str = "invalid_request", cause: Cause = Cause.REQUEST_INVALID) -> NoReturn:
        """Tell the application (Core, 3.1.2.6). `detail` has only characters that RFC 6749, 4.1.2.1 allows."""
        answer = self.back.answer(error=error, error_description=detail)
        raise ProtocolFault(cause, f"{error}: {detail}", error=error, redirect=answer, application_id=self.application.id)


def read_request(parameters: Parameters) -> Asked:
    """The first two checks. Raises ProtocolFault that is shown here, because nothing says where else it could go."""
    if parameters.repeated(("client_id", "redirect_uri")):
        raise ProtocolFault(Cause.REQUEST_INVALID, "client_id or redirect_uri came more than once")
    application = _known_application(parameters)
    state = None if parameters.repeated(("state",)) else parameters.get("state")
    try:
        back = VerifiedReturn(application.redirect_uris, parameters.get("redirect_uri") or "", state=state, iss=g.tenant.issuer)
    except ProtocolFault as fault:
        fault.facts["application_id"] = application.id
        raise
    return Asked(parameters, application, back)


def _known_application(parameters: Parameters) -> ApplicationConfig:
    """RFC 6749, 4.1.2.1: an application that is not known is never redirected to."""
    application: ApplicationConfig | None = g.tenant.applications.get(parameters.get("client_id") or "")
    if application is None or not application.is_enabled:
        raise ProtocolFault(Cause.APPLICATION_UNKNOWN, "no such client_id here, or switched off")
    return application


def nothing_repeated(asked: Asked) -> None:
    """RFC 6749, 3.1."""
    if asked.parameters.repeated(PARAMETERS):
        asked.refuse("a parameter came more than once")


def no_request_object(asked: Asked) -> None:
    """Core, 6: what isn't supported is refused, never ignored, because other parameters may stand inside."""
    for name in ("request", "request_uri"):
        if asked.parameters.get(name) is not None:
            asked.refuse(f"{name} is not supported", f"{name}_not_supported")


def asks_for_code(asked: Asked) -> None:
    """RFC 9700, 2.1.2: the code flow only."""
    response_type = asked.parameters.get("response_type")
    if response_type is None:
        asked.refuse("response_type is missing")
    if response_type != "code":
        asked.refuse("response_type has to be code", "unsupported_response_type")


def answers_in_query(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types, 2.1."""
    if asked.parameters.get("response_mode") not in (None, "query"):
        asked.refuse("response_mode has to be query")


def is_openid(asked: Asked) -> None:
    """Core, 3.1.2.1."""
    if "openid" not in asked.scope:
        asked.refuse("scope has to contain openid", "invalid_scope")


def texts_are_plain(asked: Asked) -> None:
    """RFC 6749, A.5: what is kept or given back has no control characters, and `nonce` an end."""
    if any(_CONTROL.search(asked.parameters.get(name) or "") for name in ("state", "nonce")):
        asked.refuse("state and nonce have to be printable")
    if len(asked.parameters.get("nonce") or "") > _LONGEST_NONCE:
        asked.refuse("nonce is too long")


def proves_possession(asked: Asked) -> None:
    """RFC 7636, 4.4.1; RFC 9700, 2.1.1: S256 only, always for public clients, for others where they are told to."""
    challenge = asked.parameters.get("code_challenge")
    method = asked.parameters.get("code_challenge_method")
    is_public = asked.application.client_auth == ClientAuth.NONE
    if challenge is None and (is_public or asked.application.is_pkce_required or method is not None):
        asked.refuse("code_challenge is missing")
    if challenge is not None and method != "S256":
        asked.refuse("code_challenge_method has to be S256")
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        asked.refuse("code_challenge has to be 43 characters of base64url")


def prompt_is_known(asked: Asked) -> None:
    """Core, 3.1.2.1: `none` stands alone. Initiating User Registration 1.0, 4.1: an unknown value is refused."""
    if not set(asked.prompt) <= set(PROMPTS):
        asked.refuse("prompt has an unknown value")
    if "none" in asked.prompt and len(asked.prompt) > 1:
        asked.refuse("prompt=none stands alone")


def max_age_is_a_number(asked: Asked) -> None:
    """Core, 3.1.2.1: seconds, zero meaning now."""
    text = asked.parameters.get("max_age")
    if text is not None and not re.fullmatch(r"[0-9]{1,9}", text):
        asked.refuse("max_age has to be a number of seconds")


def hint_is_ours(asked: Asked) -> None:
    """Core, 3.1.2.1: an ID token of this tenant for this client. It may have expired; it only says who is meant."""
    hint = asked.parameters.get("id_token_hint")
    if hint is None:
        return
    claims = tokens.read(hint, tokens.ID_TOKEN)
    if claims is None or claims.get("aud") != asked.application.client_id:
        asked.refuse("id_token_hint is not an ID token of this application from here")


def no_essential_acr(asked: Asked) -> None:
    """Core, 5.5.1.1: `claims` is not supported and ignored, but an essential `acr` we can't give ends in an error."""
    try:
        wanted: Any = json.loads(asked.parameters.get("claims") or "{}")
        acr = wanted["id_token"]["acr"]
        is_essential = acr["essential"] is True
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if is_essential:
        asked.refuse("no acr can be given", "unmet_authentication_requirements")


CHECKS: tuple[Callable[[Asked], None], ...] = (
    nothing_repeated,
    no_request_object,
    asks_for_code,
    answers_in_query,
    is_openid,
    texts_are_plain,
    proves_possession,
    prompt_is_known,
    max_age_is_a_number,
    hint_is_ours,
    no_essential_acr,
)
