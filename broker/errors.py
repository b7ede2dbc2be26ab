"""How each cause is answered: one table, one handler.

Raising a BrokerError rolled the work back; here its audit is written in a transaction of its own, and the answer is
made for the channel of the endpoint: a page, JSON for an application's back channel, or a redirect to a return address
that was verified before.
"""

from dataclasses import dataclass
from typing import cast

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from broker.floods import is_too_many
from broker.flow import current_flow
from broker.language import language
from broker.next_steps import Next, buttons_for, is_offered, steps_after
from broker.pages import ErrorPage, Tone
from broker.seeing import harmless, note_refusal
from broker.sentences import texts_of
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import BrokerError, Cause
from tenants.ids import new_reference

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """How one cause is answered. `shown_as` names the cause whose words a person sees, where two must look alike."""

    status: int
    next: tuple[Next, ...] = ()
    event: Event | None = Event.LOGIN_REFUSED
    oauth_error: str = "invalid_request"
    icon: str = "exclamation-triangle"
    tone: Tone = "warn"
    shown_as: Cause | None = None


_FACTS_FOR_ADMINS = (
    "email",
    "reasons",
    "subject",
    "fact",
    "status",
    "upstream_error",
    "upstream_code",
    "description",
    "trace_id",
    "correlation_id",
)
"""What the audit log keeps of a failure's facts; the person sees none of it but the words that `SENTENCES` fill in."""

_RETRY = (Next.TRY_AGAIN, Next.OTHER_WAYS)
_OTHER = (Next.OTHER_WAYS,)
_ACCESS = Event.ACCESS_REFUSED

ANSWERS: dict[Cause, Answer] = {
    Cause.CREDENTIALS_INVALID: Answer(403, _RETRY),
    Cause.CODE_INVALID: Answer(403, (Next.START_AGAIN,), Event.CODE_WRONG),
    Cause.CODE_EXPIRED: Answer(403, (Next.START_AGAIN,), Event.CODE_WRONG, icon="hourglass-split"),
    Cause.FACTOR_INVALID: Answer(403, _RETRY),
    Cause.FACTOR_ENROLMENT_REQUIRED: Answer(403, (Next.SET_UP, Next.OTHER_WAYS, Next.HOME), icon="shield-lock"),
    Cause.RATE_LIMITED: Answer(429, _OTHER, Event.THROTTLED, icon="hourglass-split"),
    Cause.CREDENTIAL_LOCKED: Answer(429, _OTHER, Event.THROTTLED, icon="hourglass-split"),
    Cause.METHOD_NOT_ALLOWED: Answer(403, _OTHER),
    Cause.FLOW_EXPIRED: Answer(400, (Next.START_AGAIN,), icon="hourglass-split"),
    Cause.FORM_FOREIGN: Answer(403, (Next.START_AGAIN,), _ACCESS),
    Cause.ACCOUNT_UNKNOWN: Answer(403, (Next.OTHER_ACCOUNT, Next.OTHER_WAYS, Next.FINDER), icon="person-x"),
    Cause.ACCOUNT_DISABLED: Answer(403, icon="person-x"),
    Cause.ACCOUNT_EXPIRED: Answer(403, icon="person-x"),
    Cause.ACCOUNT_NOT_ACTIVATED: Answer(403, icon="person-x"),
    Cause.ACCOUNT_INACTIVE: Answer(403, icon="person-x"),
    Cause.DOMAIN_NOT_ALLOWED: Answer(403, (Next.OTHER_ACCOUNT, Next.OTHER_WAYS), icon="person-x"),
    Cause.LINK_REQUIRED: Answer(403, _OTHER, icon="person-x"),
    Cause.EMAIL_UNVERIFIED: Answer(403, (Next.OTHER_ACCOUNT, Next.OTHER_WAYS), icon="person-x"),
    Cause.INVITATION_USED: Answer(410, (Next.HOME,)),
    Cause.UPSTREAM_DENIED: Answer(403, (*_RETRY, Next.LOOK_UP)),
    Cause.CONSENT_MISSING: Answer(403, (Next.OTHER_WAYS, Next.APPROVE, Next.LOOK_UP), icon="shield-lock"),
    Cause.UPSTREAM_NOT_ASSIGNED: Answer(403, (Next.OTHER_WAYS, Next.LOOK_UP), icon="person-x"),
    Cause.UPSTREAM_ACCOUNT_BLOCKED: Answer(403, (Next.OTHER_WAYS, Next.LOOK_UP), icon="person-x"),
    Cause.UPSTREAM_POLICY_BLOCKED: Answer(403, (*_RETRY, Next.LOOK_UP), icon="shield-lock"),
    Cause.UPSTREAM_TENANT_MISMATCH: Answer(403, (Next.OTHER_ACCOUNT, Next.OTHER_WAYS, Next.LOOK_UP), icon="person-x"),
    Cause.UPSTREAM_UNREACHABLE: Answer(503, _RETRY, icon="hourglass-split"),
    Cause.UPSTREAM_RESPONSE_INVALID: Answer(403, _RETRY, tone="bad"),
    Cause.ASSERTION_REPLAYED: Answer(403, _RETRY, tone="bad"),
    Cause.LOGOUT_INVALID: Answer(400, (Next.HOME,), Event.LOGOUT_REFUSED, tone="bad"),
    Cause.CONNECTION_MISCONFIGURED: Answer(403, (Next.OTHER_WAYS, Next.LOOK_UP), tone="bad"),
    Cause.CONNECTION_DISABLED: Answer(403, _OTHER),
    Cause.APPLICATION_UNKNOWN: Answer(400, (), _ACCESS),
    Cause.APPLICATION_NOT_ASSIGNED: Answer(403, (Next.HOME,), _ACCESS, "access_denied", icon="shield-lock"),
    Cause.RETURN_ADDRESS_MISMATCH: Answer(400, (), _ACCESS, tone="bad"),
    Cause.REQUEST_INVALID: Answer(400, (), _ACCESS),
    Cause.INTERACTION_NEEDED: Answer(401, (Next.START_AGAIN,), None, "login_required"),
    Cause.CLIENT_INVALID: Answer(401, (), _ACCESS, "invalid_client"),
    Cause.GRANT_INVALID: Answer(400, (), _ACCESS, "invalid_grant"),
    Cause.TOKEN_INVALID: Answer(401, (), _ACCESS, "invalid_token"),
    Cause.TENANT_UNKNOWN: Answer(404, (Next.FINDER,), None),
    Cause.TENANT_SUSPENDED: Answer(403, (), _ACCESS),
    Cause.PAGE_UNKNOWN: Answer(404, (Next.HOME,), None),
    Cause.ROLE_MISSING: Answer(403, (Next.HOME,), _ACCESS, icon="shield-lock"),
    Cause.HTTP_METHOD_UNKNOWN: Answer(405, (Next.HOME,), None),
    Cause.BODY_TOO_LARGE: Answer(413, (), None),
    Cause.STORE_UNREACHABLE: Answer(503, (), None, "temporarily_unavailable", tone="bad"),
    Cause.BUSY: Answer(503, (), None, "temporarily_unavailable", icon="hourglass-split"),
    Cause.BROKEN: Answer(500, (), Event.BROKEN, "server_error", tone="bad"),
}

_EVENTS_OF_FACTS = {
    # Something that an admin has to look into (security.md, OU-13).
    (Cause.LINK_REQUIRED, "conflict"): Event.IDENTITY_CONFLICT,
    (Cause.EMAIL_UNVERIFIED, "named"): _ACCESS,
    (Cause.EMAIL_UNVERIFIED, "unconfirmed"): _ACCESS,
    # To an application it is an answer; to a person whom the provider sent back it is the end of a sign-in.
    (Cause.INTERACTION_NEEDED, "provider"): Event.LOGIN_REFUSED,
}
"""Where a cause's `fact` is an event of its own."""

_OF_STATUS = {
    400: Cause.REQUEST_INVALID,
    404: Cause.PAGE_UNKNOWN,
    405: Cause.HTTP_METHOD_UNKNOWN,
    413: Cause.BODY_TOO_LARGE,
    415: Cause.REQUEST_INVALID,
    431: Cause.BODY_TOO_LARGE,
}


def init_errors(app: Flask) -> None:
    """Register the one handler, and the translations of what libraries raise."""
    app.register_error_handler(BrokerError, answer)
    app.register_error_handler(CSRFError, lambda error: answer(BrokerError(Cause.FORM_FOREIGN, str(error.description))))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(SQLAlchemyError, _answer_database)
    app.register_error_handler(Exception, _answer_broken)


def answer(error: BrokerError) -> Response:
    """Audit, then answer in the channel of the endpoint."""
    reference = _reference()
    _record(error, reference)
    if "redirect" in error.facts:
        return cast(Response, error.facts["redirect"])
    if request.blueprint == "back_channel":
        return _as_json(error)
    return _as_page(error, reference)


def _answer_http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return cast(Response, error.get_response())
    if code >= 500:
        return _answer_plainly()
    response = answer(BrokerError(_OF_STATUS.get(code, Cause.REQUEST_INVALID), error.name))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # RFC 9110, 15.5.6
    return response


def _answer_plainly() -> Response:
    """The error page itself has failed: Flask comes here with what it raised, and nothing may be asked of a template."""
    reference = new_reference()
    log.error("error_page_failed", reference=reference)
    sentence = f"Something went wrong here. The cause was noted under the reference {reference}.\n"
    return Response(sentence, 500, content_type="text/plain; charset=utf-8")


def _answer_database(error: SQLAlchemyError) -> Response:
    if isinstance(error, OperationalError | InterfaceError | InternalError | PoolTimeout):
        return answer(BrokerError(Cause.STORE_UNREACHABLE, type(error).__name__))
    return _answer_broken(error)


def _answer_broken(error: Exception) -> Response:
    log.error("broken", exc_info=error)
    return answer(BrokerError(Cause.BROKEN, type(error).__name__))


def _reference() -> str:
    flow = current_flow()
    return flow.reference if flow else new_reference()


def record(error: BrokerError) -> None:
    """Audit a refusal that a page answers at its field, without ending the request."""
    _record(error, _reference())


def event_of(cause: Cause, fact: str | None) -> Event | None:
    """What the audit log calls it."""
    return _EVENTS_OF_FACTS.get((cause, fact or ""), ANSWERS[cause].event)


def _record(error: BrokerError, reference: str) -> None:
    """One audit row for each refusal, in a transaction of its own; a log line in any case.

    `is_unrecorded` among the facts: strangers can make as many of these as they like, and the rows before say why.
    """
    event = event_of(error.cause, _fact(error, "fact"))
    log.info("refused", cause=error.cause.value, detail=harmless(error.detail), reference=reference)
    if event is None or g.get("tenant") is None or "is_unrecorded" in error.facts:
        return
    flow = current_flow()
    try:
        with g.db.writing() as db:
            if is_too_many(db):
                return
            audit.append(
                db,
                event,
                at=the_broker().ports.clock.now(),
                cause=error.cause.value,
                reference=reference,
                account_id=_fact(error, "account_id"),
                connection_id=_fact(error, "connection_id") or (flow.connection_id if flow else None),
                application_id=_fact(error, "application_id") or (flow.application_id if flow else None),
                address=client_address(),
                user_agent=request.user_agent.string,
                detail={"detail": harmless(error.detail)} | {name: _told(error, name) for name in _FACTS_FOR_ADMINS},
            )
            note_refusal(db, error, reference)
    except SQLAlchemyError as failure:
        log.error("audit_failed", cause=error.cause.value, reference=reference, error=type(failure).__name__)


def _fact(error: BrokerError, name: str) -> str | None:
    value = error.facts.get(name)
    return str(value) if value is not None else None


def _told(error: BrokerError, name: str) -> str | None:
    value = _fact(error, name)
    return harmless(value) if value else None


def _as_json(error: BrokerError) -> Response:
    """RFC 6749, section 5.2: error code and description; RFC 6750, section 3: by which scheme to authenticate."""
    shape = ANSWERS[error.cause]
    code = str(error.facts.get("error", shape.oauth_error))
    status = cast(int, error.facts.get("status", shape.status))
    response = jsonify(error=code, error_description=_ascii(error.detail or error.cause.value))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if status == 401 or code == "insufficient_scope":
        scheme = "Bearer" if code in {"invalid_token", "insufficient_scope"} else "Basic"
        extra = f', error="{code}"' if scheme == "Bearer" and request.authorization else ""
        response.headers["WWW-Authenticate"] = f'{scheme} realm="{g.tenant.slug if g.get("tenant") else ""}"{extra}'
    return response


def _ascii(text: str) -> str:
    """The characters that RFC 6749 allows in a description."""
    return "".join(letter if " " <= letter <= "~" and letter not in '"\\' else "?" for letter in text)[:200]


def _as_page(error: BrokerError, reference: str) -> Response:
    shape = ANSWERS[error.cause]
    offered = next((step.value for step in (Next.FINDER, Next.SET_UP) if step in shape.next and is_offered(step)), None)
    heading, sentences = texts_of(shape.shown_as or error.cause, _fact(error, "fact") or offered)
    words = _words(error)
    g.ends_here = True
    page = ErrorPage(
        heading=str(heading) % words,
        sentences=[str(sentence) % words for sentence in sentences],
        buttons=buttons_for(steps_after(error.cause, _fact(error, "fact"), shape.next)),
        icon=shape.icon,
        tone=shape.tone,
        reference=reference,
        at=the_broker().ports.clock.now(),
    )
    return make_response(render_template("errors/error.html", page=page), shape.status)


def _words(error: BrokerError) -> dict[str, object]:
    tenant = g.get("tenant")
    flow = current_flow()
    words: dict[str, object] = {
        "organization": tenant.name_in(language()) if tenant else _("your organization"),
        "provider": flow.connection_label if flow and flow.connection_label else _("the identity provider"),
        "application": flow.application_name if flow and flow.application_name else _("this application"),
        "email": _("another address"),
        "domain": _("this domain"),
        "until": _("later"),
    }
    return words | {key: value for key, value in error.facts.items() if value is not None}
