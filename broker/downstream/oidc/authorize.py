"""The authorization endpoint (OpenID Connect Core 1.0, 3.1.2): from an application's request to its code.

The request is checked (checks.py), then the session is. A good one goes straight through. Otherwise a sign-in begins,
and the browser comes back to the same address with a session; what the sign-in itself sees to (`prompt`, `max_age`) is
taken out of that address, so that nobody goes round in circles.
"""

from datetime import datetime, timedelta

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.downstream.oidc.checks import CHECKS, PARAMETERS, Asked, read_request
from broker.downstream.oidc.parameters import Parameters
from broker.session import SignedIn, signed_in
from broker.signin.step_up import begin_step_up, lacks_factor
from broker.signin.transaction import Hints, begin
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.assignments import entitlements_of
from tenants.audit import Event
from tenants.causes import Cause, ProtocolFault, Refusal
from tenants.ids import digest, new_id, new_secret
from tenants.sessions import ADD_GRANT
from tenants.snapshot import ApplicationConfig

CODE_LIFE = timedelta(seconds=60)
OFFLINE_LIFE = timedelta(days=30)
_LONGEST_ADDRESS = 6000


def authorize() -> Response:
    """Answer an authorization request; what it lacks is raised as ProtocolFault."""
    if request.method == "POST":
        return _restart(Parameters.of_form())
    # Before the checks, because a live session brings a newer configuration along.
    person = signed_in()
    asked = read_request(Parameters.of_query())
    for check in CHECKS:
        check(asked)
    now = the_broker().ports.clock.now()
    lacking = what_session_lacks(asked, person, now)
    if person is None or lacking is not None:
        return _ask_person(asked, lacking or "login_required")
    if asked.hinted_account not in (None, person.row.account_id):
        asked.refuse("somebody else is signed in", "login_required", Cause.INTERACTION_NEEDED)
    if lacks_factor(person, asked.application):
        return _ask_factor(asked, person)
    _require_assigned(asked, person)
    return asked.back.answer(code=_issue_code(asked, person, now))


def what_session_lacks(asked: Asked, person: SignedIn | None, now: datetime) -> str | None:
    """Why this session is not enough as it is, as an error code of Core, 3.1.2.6; None: it is."""
    if person is None or "login" in asked.prompt or is_too_old(person.row.auth_time, asked.max_age, now):
        return "login_required"
    if "select_account" in asked.prompt:
        return "account_selection_required"
    if not accepts_way(asked.application, person.row.method):
        return "interaction_required"
    return None


def _ask_factor(asked: Asked, person: SignedIn) -> Response:
    """Requirement R5: the session is good, and a second factor is all that it lacks for this application."""
    if "none" in asked.prompt:
        asked.refuse("a second factor is needed", "interaction_required", Cause.INTERACTION_NEEDED)
    return begin_step_up(person, _address(asked.parameters), asked.application)


def is_too_old(auth_time: datetime, max_age: int | None, now: datetime) -> bool:
    """Was the person last asked longer ago than the application allows? Zero seconds always are."""
    return max_age is not None and now - auth_time >= timedelta(seconds=max_age)


def accepts_way(application: ApplicationConfig, method: str) -> bool:
    """Requirement R5: does the application accept sessions that began this way?"""
    return not application.accepted_connections or method in application.accepted_connections


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
    )
    return begin(_address(asked.parameters.without("prompt", "max_age")), asked.application, hints)


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


def _issue_code(asked: Asked, person: SignedIn, now: datetime) -> str:
    """Write the grant and that the application was opened, in one transaction. The code itself is kept as its hash."""
    code, row = new_secret(), person.row
    is_offline = "offline_access" in asked.scope
    with g.db.writing() as db:
        db.run(
            ADD_GRANT,
            id=new_id("grt"),
            session_id=row.id,
            account_id=row.account_id,
            application_id=asked.application.id,
            auth_time=row.auth_time,
            scope=" ".join(asked.scope),
            redirect_uri=asked.parameters.get("redirect_uri"),
            nonce=asked.parameters.get("nonce"),
            code_challenge=asked.parameters.get("code_challenge"),
            code_hash=digest(code),
            code_expires_at=now + CODE_LIFE,
            created_at=now,
            expires_at=now + OFFLINE_LIFE if is_offline else row.expires_at,
        )
        audit.append(
            db,
            Event.APPLICATION_OPENED,
            at=now,
            account_id=row.account_id,
            application_id=asked.application.id,
            address=client_address(),
            user_agent=request.user_agent.string,
        )
    return code


def _restart(parameters: Parameters) -> Response:
    """Ask once more by GET from our own place: a posted request came without the session's cookie (SameSite=Lax)."""
    return redirect(_address(parameters), 303)


def _address(parameters: Parameters) -> str:
    """Our own address with these parameters, as far as we read them. Raises ProtocolFault for one that is too long."""
    address = f"{url_for('oidc.authorize')}?{parameters.only(PARAMETERS).encoded()}"
    if len(address) > _LONGEST_ADDRESS:
        raise ProtocolFault(Cause.REQUEST_INVALID, "the request is too long")
    return address
