"""Signing out at an application's wish (OpenID Connect RP-Initiated Logout 1.0).

It happens at once only for an ID token of ours that has not expired and whose `sid` is this browser's live session.
Anybody else's wish is put to the person first. The browser goes back to the application only where one of our ID tokens
names it and the address is registered for signing out.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from broker.downstream.oidc import tokens
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.return_to import VerifiedReturn
from broker.language import ask_language
from broker.session import SignedIn, end_session, signed_in
from broker.signed_out import signed_out_url, telling_url
from broker.signin.upstream_logout import leave
from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.snapshot import ApplicationConfig

_ONCE = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
PARAMETERS = (*_ONCE, "ui_locales")
_LONGEST_ADDRESS = 6000


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to sign out. `hint` holds the claims of an ID token of ours, expired or not."""

    parameters: Parameters
    hint: dict[str, Any] | None
    application: ApplicationConfig | None

    @property
    def back(self) -> VerifiedReturn | None:
        """Where to go afterwards; None: nowhere but to our own page."""
        wanted = self.parameters.get("post_logout_redirect_uri")
        if self.application is None or wanted not in self.application.post_logout_redirect_uris:
            return None
        registered = self.application.post_logout_redirect_uris
        return VerifiedReturn(registered, wanted, state=self.parameters.get("state"))

    @property
    def is_misdirected(self) -> bool:
        """It names a place to go to afterwards that it may not name."""
        return self.parameters.get("post_logout_redirect_uri") is not None and self.back is None

    def is_proven(self, person: SignedIn) -> bool:
        """Does it come from an application that this very session has signed in to, a short while ago?"""
        now = the_broker().ports.clock.now().timestamp()
        return (
            self.hint is not None
            and self.application is not None
            and self.hint.get("sid") == person.get_id()
            and self.hint.get("exp", 0) > now
        )


def logout() -> Response:
    """The end-session endpoint."""
    if request.method == "POST":
        return _restart(Parameters.of_form())
    wish = _read(Parameters.of_query())
    person = signed_in()
    if person is None:
        return _good_bye(wish)
    if wish.is_proven(person) and not wish.is_misdirected:
        return _end(wish, person, from_form=False)
    return _ask(wish, person)


def confirmed() -> Response:
    """The person agreed, on our page and with its CSRF token."""
    wish = _read(Parameters.of_form())
    person = signed_in()
    if person is None:
        return _good_bye(wish)
    return _end(wish, person, from_form=True)


def _end(wish: Wish, person: SignedIn, *, from_form: bool) -> Response:
    reached = end_session(person.get_id(), person.row.account_id)
    if wish.back is not None and (telling := telling_url(person.get_id(), _onward(wish, ""))) is not None:
        return leave(person, telling, from_form=from_form) or redirect(telling, 303)
    own = signed_out_url(person.get_id(), reached)
    return leave(person, _onward(wish, own), from_form=from_form) or _good_bye(wish, own)


def _read(parameters: Parameters) -> Wish:
    ask_language(parameters.get("ui_locales") or "")
    if repeated := parameters.repeated(_ONCE):
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{repeated[0]} came more than once")
    hint = tokens.read(parameters.get("id_token_hint"), tokens.ID_TOKEN)
    if hint is not None and parameters.get("client_id") not in (None, hint.get("aud")):
        raise ProtocolFault(Cause.REQUEST_INVALID, "client_id is not the audience of id_token_hint")
    application = g.tenant.applications.get(hint.get("aud")) if hint is not None else None
    return Wish(parameters, hint, application)


def _ask(wish: Wish, person: SignedIn) -> Response:
    """A page, because anybody may link to this endpoint (security.md, SE-10, OD-13)."""
    hidden = {name: value for name in PARAMETERS if (value := wish.parameters.get(name)) is not None}
    if wish.back is not None and wish.application is not None:
        g.form_targets = wish.application.post_logout_redirect_uris
    page = render_template(
        "signin/confirm_sign_out.html",
        email=person.row.email,
        application_name=wish.application.name if wish.application else None,
        hidden=hidden,
        stay_url=url_for("home.home"),
        form_action_url=url_for("oidc.confirmed"),
    )
    return make_response(page)


def _onward(wish: Wish, own: str) -> str:
    """Where the browser goes on when it comes back from a provider: here, where the wish is judged anew."""
    if wish.back is None:
        return own
    known = {name: value for name in PARAMETERS if (value := wish.parameters.get(name)) is not None}
    return f"{url_for('oidc.logout')}?{urlencode(known)}"


def _good_bye(wish: Wish, own: str | None = None) -> Response:
    return wish.back.answer() if wish.back is not None else redirect(own or url_for("home.signed_out"), 303)


def _restart(parameters: Parameters) -> Response:
    """Ask once more by GET from our own place: a post from another site comes without the session's cookie."""
    address = f"{url_for('oidc.logout')}?{parameters.only(PARAMETERS).encoded()}"
    if len(address) > _LONGEST_ADDRESS:
        raise ProtocolFault(Cause.REQUEST_INVALID, "the request is too long")
    return redirect(address, 303)
