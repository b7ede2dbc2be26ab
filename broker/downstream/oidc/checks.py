"""What an authorization request has to be, check by check (OpenID Connect Core 1.0, 3.1.2.2).

`read_request` (asked.py) finds the application and the return address: what fails there is shown here. After it the list
`CHECKS` runs from top to bottom, and what fails in it goes to the application.
"""

import re
from collections.abc import Callable

from broker.downstream.oidc import tokens
from broker.downstream.oidc.asked import CONTROL, Asked, response_modes_of
from broker.downstream.oidc.claims_request import read_claims
from tenants.applications import ClientAuth, GrantType

PROMPTS = ("none", "login", "select_account", "consent")
"""`consent` asks only for applications that aren't the organization's own; its admins consented to the others for all."""
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
    "ui_locales",
    "display",
    "request",
    "request_uri",
)
"""What we read; anything else is ignored (RFC 6749, 3.1)."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_NONCE = 1000


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


def may_ask_for_codes(asked: Asked) -> None:
    """RFC 6749, 4.1.2.1: an application without people has no business here."""
    if GrantType.CODE.value not in asked.application.grant_types:
        asked.refuse("this client may not ask for codes", "unauthorized_client")


def was_pushed_where_it_must(asked: Asked) -> None:
    """RFC 9126, 5: `require_pushed_authorization_requests` of this client."""
    if asked.application.is_par_required and asked.pushed is None and not asked.is_being_pushed:
        asked.refuse("this client has to push its requests")


def answers_in_known_mode(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types, 2.1; Form Post Response Mode."""
    modes = response_modes_of(asked.application)
    if asked.parameters.get("response_mode") not in (None, *modes):
        asked.refuse(f"response_mode has to be {' or '.join(modes)}")


def is_openid(asked: Asked) -> None:
    """Core, 3.1.2.1."""
    if "openid" not in asked.scope:
        asked.refuse("scope has to contain openid", "invalid_scope")


def texts_are_plain(asked: Asked) -> None:
    """RFC 6749, A.5: what is kept or given back has no control characters, and `nonce` an end."""
    if any(CONTROL.search(asked.parameters.get(name) or "") for name in ("state", "nonce")):
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


def claims_can_be_read(asked: Asked) -> None:
    """Core, 5.5."""
    try:
        read_claims(asked.parameters.get("claims"))
    except ValueError as error:
        asked.refuse(f"claims {error}")


CHECKS: tuple[Callable[[Asked], None], ...] = (
    nothing_repeated,
    no_request_object,
    asks_for_code,
    may_ask_for_codes,
    was_pushed_where_it_must,
    answers_in_known_mode,
    is_openid,
    texts_are_plain,
    proves_possession,
    prompt_is_known,
    max_age_is_a_number,
    hint_is_ours,
    claims_can_be_read,
)
