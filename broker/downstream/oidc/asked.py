"""An authorization request as far as it is known to be one: of an application of ours, with an address to answer to."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from flask import g

from broker.downstream.oidc import tokens
from broker.downstream.oidc.claims import CLAIMS_OF_SCOPE
from broker.downstream.oidc.claims_request import RequestedClaims, read_claims
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.return_to import Mode, VerifiedReturn
from tenants.causes import Cause, ProtocolFault
from tenants.snapshot import ApplicationConfig

SCOPES = ("openid", "profile", "email", "groups", "offline_access")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_HINT = 254


@dataclass(frozen=True)
class Asked:
    """An authorization request of a known application with a verified return address."""

    parameters: Parameters
    application: ApplicationConfig
    back: VerifiedReturn
    sent: Parameters
    """What came by the address: the request itself, or the name of a pushed one."""
    pushed: str | None = field(default=None, repr=False)
    """Id of its row, where it was pushed ahead (RFC 9126)."""
    is_being_pushed: bool = False
    """It comes from the application's server, which gets the refusal itself."""

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """What is asked for and this application may have, in our order; other words are ignored (Core, 3.1.2.1)."""
        words = (self.parameters.get("scope") or "").split(" ")
        return tuple(word for word in scopes_of(self.application) if word in words)

    @cached_property
    def prompt(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.parameters.get("prompt") or "").split()))

    @property
    def max_age(self) -> int | None:
        """In seconds, by request or by the application's own rule (R5), whichever is less. Only after its check."""
        text, rule = self.parameters.get("max_age"), self.application.sign_in_minutes
        ages = ([int(text)] if text is not None else []) + ([rule * 60] if rule is not None else [])
        return min(ages, default=None)

    @cached_property
    def hinted(self) -> str | None:
        """The `sub` of the person whom the request means, by `id_token_hint` or `claims`. Only after their checks."""
        claims: dict[str, Any] | None = tokens.read(self.parameters.get("id_token_hint"), tokens.ID_TOKEN)
        return str(claims["sub"]) if claims else self.claims.sub

    @cached_property
    def claims(self) -> RequestedClaims:
        """What `claims` asks for (Core, 5.5). Only after its check."""
        return read_claims(self.parameters.get("claims"))

    @property
    def claims_by_name(self) -> dict[str, list[str]]:
        """Those of them that this application may have, as the grant keeps them."""
        may = {name for word in scopes_of(self.application) for name in CLAIMS_OF_SCOPE.get(word, ())}
        may |= {rule.name for rule in self.application.claims}
        asked = {"userinfo": self.claims.userinfo, "id_token": self.claims.id_token}
        return {place: kept for place, names in asked.items() if (kept := [name for name in names if name in may])}

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of authentication that are asked for, the most wanted first; those of `claims` count before the others."""
        return self.claims.acr or tuple(self.hint("acr_values").split())

    def hint(self, name: str) -> str:
        """A hint of ours to the sign-in; empty where it is absent or no line of text."""
        text = self.parameters.get(name) or ""
        return "" if len(text) > _LONGEST_HINT or CONTROL.search(text) else text

    def refuse(self, detail: str, error: str = "invalid_request", cause: Cause = Cause.REQUEST_INVALID) -> NoReturn:
        """Tell the application (Core, 3.1.2.6). `detail` has only characters that RFC 6749, 4.1.2.1 allows."""
        facts: dict[str, object] = {"error": error, "application_id": self.application.id}
        if self.is_being_pushed:
            raise ProtocolFault(cause, detail, status=400, **facts)
        answer = self.back.answer(error=error, error_description=detail)
        raise ProtocolFault(cause, f"{error}: {detail}", redirect=answer, **facts)


def scopes_of(application: ApplicationConfig) -> tuple[str, ...]:
    """What this application may ask for, in our order: the usual words, and its own after them."""
    known = dict.fromkeys((*SCOPES, *application.scopes, *(rule.scope for rule in application.claims)))
    return tuple(word for word in known if word == "openid" or not application.scopes or word in application.scopes)


def read_request(
    parameters: Parameters,
    *,
    sent: Parameters | None = None,
    pushed: str | None = None,
    pushed_by: ApplicationConfig | None = None,
) -> Asked:
    """The first two checks. Raises ProtocolFault that is shown here, because nothing says where else it could go."""
    if parameters.repeated(("client_id", "redirect_uri")):
        raise ProtocolFault(Cause.REQUEST_INVALID, "client_id or redirect_uri came more than once")
    application = pushed_by or known_application(parameters)
    state = None if parameters.repeated(("state",)) else parameters.get("state")
    try:
        back = VerifiedReturn(
            application.redirect_uris,
            parameters.get("redirect_uri") or "",
            mode=_mode(parameters, application),
            name=application.name,
            state=state,
            iss=g.tenant.issuer,
        )
    except ProtocolFault as fault:
        fault.facts["application_id"] = application.id
        raise
    return Asked(parameters, application, back, sent or parameters, pushed, is_being_pushed=pushed_by is not None)


def known_application(parameters: Parameters) -> ApplicationConfig:
    """RFC 6749, 4.1.2.1: an application that is not known is never redirected to."""
    application: ApplicationConfig | None = g.tenant.applications.get(parameters.get("client_id") or "")
    if application is None or not application.is_enabled:
        raise ProtocolFault(Cause.APPLICATION_UNKNOWN, "no such client_id here, or switched off")
    return application


def response_modes_of(application: ApplicationConfig) -> tuple[str, ...]:
    """How it may ask for its answers."""
    return application.response_modes or ("query", "form_post")


def _mode(parameters: Parameters, application: ApplicationConfig) -> Mode:
    """Where the mode itself is refused, that is told by the query."""
    is_posted = parameters.get("response_mode") == "form_post" and not parameters.repeated(("response_mode",))
    return "form_post" if is_posted and "form_post" in response_modes_of(application) else "query"
