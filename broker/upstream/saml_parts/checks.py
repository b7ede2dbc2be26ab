"""What a response has to say once its signature holds: one check after the other, each naming its section.

python3-saml lets a good part of this pass (security.md 1.1). Comparisons are of whole texts, with what is configured
and stored, never with the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.saml_xml.xml import ASSERTION, BEARER, ISSUER, MAX_AGE, SAML, SKEW, Element, Fault, moment, text_of
from broker.upstream.saml_parts.clocks import clocks, deviation, span

MAX_LIFE = timedelta(hours=24)
_ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_KNOWN_CONDITIONS = frozenset(f"{{{SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What the response has to agree with. `oldest`: the person has to have signed in since then.

    `request_id` None: it must answer no request at all, as it began at the provider.
    """

    issuer: str
    audience: str
    recipient: str
    request_id: str | None
    now: datetime
    asked_at: datetime | None = None
    oldest: datetime | None = None
    contexts: frozenset[str] = frozenset()
    """Where the request asked for authentication contexts: one of them has to come back."""


@dataclass(frozen=True, slots=True)
class Message:
    """A response and its assertion, of which at least one lies inside a signature that holds."""

    response: Element
    assertion: Element

    @classmethod
    def of(cls, response: Element) -> "Message":
        return cls(response, response.find(ASSERTION))

    def one(self, name: str) -> Element:
        """The assertion's only child of this name. Raises Fault."""
        found = self.assertion.findall(f"{{{SAML}}}{name}")
        if len(found) != 1:
            raise Fault("structure", f"{len(found)} {name}")
        return found[0]

    def bearer(self) -> Element:
        """Data of the one bearer confirmation (Profiles, 4.1.4.2)."""
        found = [one for one in self.one("Subject").findall(f"{{{SAML}}}SubjectConfirmation") if one.get("Method") == BEARER]
        data = found[0].findall(f"{{{SAML}}}SubjectConfirmationData") if len(found) == 1 else []
        if len(data) != 1:
            raise Fault("subject_confirmation", "not one bearer confirmation with data")
        return data[0]


Check = Callable[[Message, Expected], None]


def check_version(message: Message, expected: Expected) -> None:
    """Core, 3.2.2 and 2.3.3."""
    if (message.response.get("Version"), message.assertion.get("Version")) != ("2.0", "2.0"):
        raise Fault("version")


def check_issuers(message: Message, expected: Expected) -> None:
    """Profiles, 4.1.4.2: the assertion names its issuer, the response may; both are the connection's provider."""
    outer, inner = message.response.find(ISSUER), message.assertion.find(ISSUER)
    for issuer in (inner,) if outer is None else (inner, outer):
        if text_of(issuer) != expected.issuer or issuer.get("Format", _ENTITY) != _ENTITY:
            raise Fault("issuer", f"it says {text_of(issuer)[:200]!r}")


def check_destination(message: Message, expected: Expected) -> None:
    """Core, 3.2.2; Bindings, 3.5.5.2."""
    destination = message.response.get("Destination")
    if destination != expected.recipient:
        raise Fault("destination", f"it says {str(destination)[:200]!r}")


def check_request(message: Message, expected: Expected) -> None:
    """Profiles, 4.1.4.3: both name the request of this browser; the response's own attribute may be unsigned."""
    named = (message.response.get("InResponseTo"), message.bearer().get("InResponseTo"))
    if named == (None, None) and expected.request_id is not None:
        raise Fault("unsolicited")
    if named != (expected.request_id, expected.request_id):
        raise Fault("inresponseto")


def check_issue_instants(message: Message, expected: Expected) -> None:
    """Core, 3.2.2 and 2.3.3: made just now."""
    for element, name in ((message.response, "Response"), (message.assertion, "Assertion")):
        issued = _required_time(element, "IssueInstant")
        if not expected.now - MAX_AGE - SKEW <= issued <= expected.now + SKEW:
            raise _wrong_time(f"the IssueInstant of {name} is {_relative(issued, expected.now)}", message, expected)


def check_conditions(message: Message, expected: Expected) -> None:
    """Core, 2.5.1: valid now and not for ever; a condition that we don't know can't be met."""
    conditions = message.one("Conditions")
    start, end = moment(conditions.get("NotBefore"), "NotBefore"), _required_time(conditions, "NotOnOrAfter")
    if start is not None and start > expected.now + SKEW:
        raise _too_early("Conditions", start, message, expected)
    if end <= expected.now - SKEW:
        raise _too_late("Conditions", end, message, expected)
    if end - (start or _required_time(message.assertion, "IssueInstant")) > MAX_LIFE:
        raise Fault("time", "Conditions are met for more than a day")
    if any(condition.tag not in _KNOWN_CONDITIONS for condition in conditions):
        raise Fault("conditions", "a condition that is not known")


def check_audience(message: Message, expected: Expected) -> None:
    """Core, 2.5.1.4: every restriction has to name us, and there is one."""
    restrictions = message.one("Conditions").findall(f"{{{SAML}}}AudienceRestriction")
    for restriction in restrictions:
        audiences = [text_of(audience) for audience in restriction.iterchildren(f"{{{SAML}}}Audience")]
        if expected.audience not in audiences:
            raise Fault("audience", f"it says {', '.join(audiences)[:200]!r}")
    if not restrictions:
        raise Fault("audience", "it says nothing")


def check_proxy(message: Message, expected: Expected) -> None:
    """Core, 2.5.1.6: what we tell applications rests on this assertion."""
    for restriction in message.one("Conditions").findall(f"{{{SAML}}}ProxyRestriction"):
        if restriction.get("Count") == "0":
            raise Fault("proxy", "nothing may be built on this assertion")


def check_subject_confirmation(message: Message, expected: Expected) -> None:
    """Profiles, 4.1.4.2: for this address, until a given time, and not before nothing."""
    data = message.bearer()
    if data.get("Recipient") != expected.recipient:
        raise Fault("recipient", f"it says {str(data.get('Recipient'))[:200]!r}")
    if data.get("NotBefore") is not None:
        raise Fault("time", "SubjectConfirmationData has a NotBefore")
    end = _required_time(data, "NotOnOrAfter")
    if end <= expected.now - SKEW:
        raise _too_late("SubjectConfirmationData", end, message, expected)
    if end > expected.now + MAX_LIFE + SKEW:
        raise Fault("time", "SubjectConfirmationData holds for more than a day")


def check_authentication(message: Message, expected: Expected) -> None:
    """Profiles, 4.1.4.2; Core, 2.7.2. How old it may be was only asked where an application wants it fresh."""
    statement = message.one("AuthnStatement")
    at = _required_time(statement, "AuthnInstant")
    if at > expected.now + SKEW:
        raise _too_early("AuthnInstant", at, message, expected)
    if expected.oldest is not None and at < expected.oldest - SKEW:
        raise Fault("auth_time", "the provider did not ask again")
    session_end = moment(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
    if session_end is not None and session_end <= expected.now - SKEW:
        raise _too_late("SessionNotOnOrAfter", session_end, message, expected)


def check_context(message: Message, expected: Expected) -> None:
    """Core, 3.3.2.2.1: what was asked for exactly is answered exactly."""
    context = authentication_context(message)
    if expected.contexts and context not in expected.contexts:
        raise Fault("authn_context", f"it says {context[:200]!r}")


CHECKS: tuple[Check, ...] = (
    check_version,
    check_issuers,
    check_destination,
    # Before the times: only what answers this very request says something about the provider's clock.
    check_request,
    check_issue_instants,
    check_conditions,
    check_audience,
    check_proxy,
    check_subject_confirmation,
    check_authentication,
    check_context,
)


def is_our_answer(message: Message, expected: Expected) -> bool:
    """Was it made for this very request, by what is signed? Nobody but the provider knows how to make such a one."""
    try:
        named = message.bearer().get("InResponseTo")
    except Fault:
        return False
    return named is not None and named == expected.request_id


def authentication_context(message: Message) -> str:
    """The class of the authentication context, empty where none is named."""
    named = message.one("AuthnStatement").find(f"{{{SAML}}}AuthnContext/{{{SAML}}}AuthnContextClassRef")
    return text_of(named).strip()


def authenticated_at(message: Message) -> datetime:
    return _required_time(message.one("AuthnStatement"), "AuthnInstant")


def believed_until(message: Message) -> datetime:
    """From then on the checks above refuse the assertion by themselves."""
    ends = (_required_time(message.bearer(), "NotOnOrAfter"), _required_time(message.one("Conditions"), "NotOnOrAfter"))
    return min(ends) + SKEW


def _required_time(element: Element, name: str) -> datetime:
    found = moment(element.get(name), name)
    if found is None:
        raise Fault("time", f"{name} is missing")
    return found


def _too_early(what: str, start: datetime, message: Message, expected: Expected) -> Fault:
    return _wrong_time(f"{what} begins {_relative(start, expected.now)}", message, expected)


def _too_late(what: str, end: datetime, message: Message, expected: Expected) -> Fault:
    return _wrong_time(f"{what} ended {_relative(end, expected.now)}", message, expected)


def _wrong_time(what: str, message: Message, expected: Expected) -> Fault:
    made_at = _required_time(message.response, "IssueInstant")
    return Fault("time", f"{what}; {clocks(made_at, expected.asked_at, expected.now)}")


def clock_deviation(message: Message, expected: Expected) -> str:
    """How far their clock is off, though not so far that the response is refused; empty where it isn't."""
    return deviation(_required_time(message.response, "IssueInstant"), expected.asked_at, expected.now)


def _relative(instant: datetime, now: datetime) -> str:
    return f"{span(abs(instant - now))} {'ahead of' if instant > now else 'behind'} our clock"
