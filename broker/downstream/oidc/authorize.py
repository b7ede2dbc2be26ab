"""The authorization endpoint (OpenID Connect Core 1.0, 3.1.2): from an application's request to its code.

The request is checked (checks.py), then the session is. A good one goes straight through. Otherwise a sign-in begins,
and the browser comes back to the same address with a session; what the sign-in itself sees to (`prompt`, `max_age`) is
taken out of that address, so that nobody goes round in circles. Whoever has to agree first does so on the page of
consent.py, which goes on here.
"""

from datetime import datetime, timedelta

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.downstream.oidc import classes, pushed
from broker.downstream.oidc.asked import Asked, read_request
from broker.downstream.oidc.checks import CHECKS, PARAMETERS
from broker.downstream.oidc.codes import issue_code
from broker.downstream.oidc.consent import ask_consent, lacks_consent
from broker.downstream.oidc.parameters import Parameters
from broker.language import ask_language, languages
from broker.session import SignedIn, signed_in
from broker.signin.step_up import begin_step_up, lacks_factor
from broker.signin.transaction import Hints, begin
from broker.wiring import the_broker
from tenants.assignments import entitlements_of
from tenants.causes import Cause, ProtocolFault, Refusal
from tenants.languages import asked_of
from tenants.snapshot import ApplicationConfig
from tenants.subjects import subject_of

STEPPED_UP = "stepped_up"
"""In our own address: another factor was asked for already, and the class that was asked for is not reached by it."""
_LONGEST_ADDRESS = 6000


def authorize() -> Response:
    """Answer an authorization request; what it lacks is raised as ProtocolFault."""
    if request.method == "POST":
        return _restart(Parameters.of_form())
    # Before the checks, because a live session brings a newer configuration along.
    person = signed_in()
    return answer(checked(Parameters.of_query()), person)


def checked(sent: Parameters) -> Asked:
    """The request, after every check that needs no person. Raises ProtocolFault."""
    ask_language(sent.get("ui_locales") or "")
    asked = pushed.recall(sent) if pushed.is_handle(sent.get("request_uri")) else read_request(sent)
    ask_language(asked.parameters.get("ui_locales") or "")
    for check in CHECKS:
        check(asked)
    return asked


def answer(asked: Asked, person: SignedIn | None, *, has_agreed: bool = False) -> Response:
    """A code, or whatever has to come before it."""
    now = the_broker().ports.clock.now()
    lacking = what_session_lacks(asked, person, now)
    if person is None or lacking is not None:
        return _ask_person(asked, lacking or "login_required")
    if asked.hinted not in (None, subject_of(g.tenant.pairwise_salt, asked.application, person.row.account_id)):
        asked.refuse("somebody else is signed in", "login_required", Cause.INTERACTION_NEEDED)
    if lacks_factor(person, asked.application):
        return _ask_factor(asked, person)
    acr = classes.reached(person, asked.classes)
    if acr is None and asked.claims.is_acr_essential:
        return _ask_class(asked, person)
    _require_assigned(asked, person)
    if not has_agreed and lacks_consent(asked, person):
        return ask_consent(asked, person, _address(asked))
    return asked.back.answer(code=issue_code(asked, person, acr, now))


def what_session_lacks(asked: Asked, person: SignedIn | None, now: datetime) -> str | None:
    """Why this session is not enough as it is, as an error code of Core, 3.1.2.6; None: it is."""
    if person is None or "login" in asked.prompt or is_too_old(person.row.auth_time, asked.max_age, now):
        return "login_required"
    if "select_account" in asked.prompt:
        return "account_selection_required"
    if not accepts_way(asked.application, person.row.method):
        return "interaction_required"
    return None


def is_too_old(auth_time: datetime, max_age: int | None, now: datetime) -> bool:
    """Was the person last asked longer ago than the application allows? Zero seconds always are."""
    return max_age is not None and now - auth_time >= timedelta(seconds=max_age)


def accepts_way(application: ApplicationConfig, method: str) -> bool:
    """Requirement R5: does the application accept sessions that began this way?"""
    return not application.accepted_connections or method in application.accepted_connections


def _ask_factor(asked: Asked, person: SignedIn) -> Response:
    """Requirement R5: the session is good, and a second factor is all that it lacks for this application."""
    if "none" in asked.prompt:
        asked.refuse("a second factor is needed", "interaction_required", Cause.INTERACTION_NEEDED)
    return begin_step_up(person, _address(asked), asked.application)


def _ask_class(asked: Asked, person: SignedIn) -> Response:
    """Core, 5.5.1.1: an essential class is reached, or the attempt ends in an error. A factor is asked for once."""
    has_tried = asked.sent.get(STEPPED_UP) is not None
    if has_tried or "none" in asked.prompt or not classes.can_be_reached(asked.classes):
        asked.refuse("no class that was asked for is reached", "unmet_authentication_requirements", Cause.INTERACTION_NEEDED)
    return begin_step_up(person, f"{_address(asked)}&{STEPPED_UP}=1", asked.application, anew=True)


def _ask_person(asked: Asked, lacking: str) -> Response:
    if "none" in asked.prompt:
        asked.refuse("the person has to be asked", lacking, Cause.INTERACTION_NEEDED)
    hints = Hints(
        login_hint=asked.hint("login_hint"),
        domain_hint=asked.hint("domain_hint"),
        connection=asked.hint("connection"),
        prompt=asked.prompt,
        max_age=asked.max_age,
        acr_values=asked.hint("acr_values"),
        language=asked_of(languages(), asked.parameters.get("ui_locales") or ""),
    )
    return begin(_address(asked, without_prompt=True), asked.application, hints)


def _require_assigned(asked: Asked, person: SignedIn) -> None:
    """Requirement R5: for whom the application is. Shown here, because only a person can do something about it."""
    audience = asked.application.audience
    if audience is None:
        return
    with g.db.reading() as db:
        brought = entitlements_of(db, person.row.account_id, person.row.organization_id)
    if audience.admits(brought):
        return
    if "none" in asked.prompt:
        asked.refuse("not assigned to this application", "access_denied", Cause.APPLICATION_NOT_ASSIGNED)
    raise Refusal(
        Cause.APPLICATION_NOT_ASSIGNED,
        "neither the account nor a group or organization of it may enter",
        application=asked.application.name,
        application_id=asked.application.id,
        account_id=person.row.account_id,
    )


def _restart(parameters: Parameters) -> Response:
    """Ask once more by GET from our own place: a posted request came without the session's cookie (SameSite=Lax)."""
    return redirect(_own_address(parameters), 303)


def _address(asked: Asked, *, without_prompt: bool = False) -> str:
    """Where the browser comes back to with this request; what the sign-in has seen to is not asked for again.

    Of `prompt` only `consent` is left, as no sign-in sees to that.
    """
    parameters = asked.parameters
    if without_prompt:
        left = [("prompt", "consent")] if "consent" in asked.prompt else []
        parameters = parameters.without("prompt", "max_age").with_these(left)
    if asked.pushed is not None:
        pushed.keep(asked.pushed, parameters)
        parameters = asked.sent.only(("client_id", "request_uri"))
    return _own_address(parameters)


def _own_address(parameters: Parameters) -> str:
    """Our own address with these parameters, as far as we read them. Raises ProtocolFault for one that is too long."""
    address = f"{url_for('oidc.authorize')}?{parameters.only(PARAMETERS).encoded()}"
    if len(address) > _LONGEST_ADDRESS:
        raise ProtocolFault(Cause.REQUEST_INVALID, "the request is too long")
    return address
