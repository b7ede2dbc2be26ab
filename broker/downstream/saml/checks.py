"""What an AuthnRequest has to be, check by check (Core, 3.4.1; Profiles, 4.1.4.1).

`read_request` finds the application, its key and the address for the answer: what fails there is shown here, and nothing
is sent anywhere. After it the list `CHECKS` runs from top to bottom, and what fails in it goes to the application.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from flask import g

from broker.downstream.saml.arriving import Arrived, arrived
from broker.downstream.saml.asked import Asked
from broker.downstream.saml.denied import Denied
from broker.downstream.saml.places import entity_id, sso_url
from broker.downstream.saml.subjects import NAME_FORMATS_GIVEN
from broker.saml_xml.xml import (
    BEARER,
    BINDINGS,
    MAX_AGE,
    NAME_ID,
    SAML,
    SAMLP,
    SKEW,
    SUBJECT,
    UNSPECIFIED_FORMAT,
    Element,
    Fault,
    moment,
    text_of,
)
from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.saml_applications import SamlApplicationConfig
from tenants.snapshot import ApplicationConfig

AUTHN_REQUEST = f"{{{SAMLP}}}AuthnRequest"
_FIELD = "SAMLRequest"
_POLICY, _SCOPING = f"{{{SAMLP}}}NameIDPolicy", f"{{{SAMLP}}}Scoping"
_CONTEXT = f"{{{SAMLP}}}RequestedAuthnContext"
_CLASS_REF, _DECL_REF = f"{{{SAML}}}AuthnContextClassRef", f"{{{SAML}}}AuthnContextDeclRef"
_CONFIRMATION = f"{{{SAML}}}SubjectConfirmation"
_MOST_CONTEXTS = 20
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """An AuthnRequest of a known application, whose answer goes to `acs`."""

    arrived: Arrived
    application: ApplicationConfig
    saml: SamlApplicationConfig
    acs: str
    now: datetime

    @property
    def root(self) -> Element:
        return self.arrived.root

    @property
    def id(self) -> str:
        return str(self.root.get("ID"))


def read_request() -> Request:
    """The request as it came. Raises ProtocolFault that is shown here, because nothing says where else it could go."""
    application = None
    try:
        came = arrived((_FIELD,), {_FIELD: AUTHN_REQUEST})
        application, saml = _known_application(came)
        _require_signature(came, saml)
        request = Request(came, application, saml, "", the_broker().ports.clock.now())
        for check in FIRST_CHECKS:
            check(request)
        return replace(request, acs=_acs(request))
    except Fault as fault:
        known = application.id if application else None
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{fault.word}: {fault.description}", application_id=known) from None


def _known_application(came: Arrived) -> tuple[ApplicationConfig, SamlApplicationConfig]:
    """An application that is not known, or of another tenant, is never sent anything."""
    application: ApplicationConfig | None = g.tenant.service_providers.get(came.issuer)
    if application is None or application.saml is None or not application.is_enabled:
        raise ProtocolFault(Cause.APPLICATION_UNKNOWN, f"no such service provider here, or switched off: {came.issuer[:200]!r}")
    return application, application.saml


def _require_signature(came: Arrived, saml: SamlApplicationConfig) -> None:
    """SD-02: what is signed is verified, with the keys that are registered; what has to be signed, is."""
    if came.has_signature and not saml.certificates:
        raise Fault("signature", "it is signed, but no certificate of the application is registered here")
    if came.has_signature or saml.wants_signed_requests:
        came.verify(saml.certificates)


def is_version_two(request: Request) -> None:
    """Core, 3.2.1."""
    if request.root.get("Version") != "2.0":
        raise Fault("version")


def is_for_us(request: Request) -> None:
    """Core, 3.2.1; Bindings, 3.4.5.2 and 3.5.5.2: what is signed names its destination."""
    destination = request.root.get("Destination")
    if destination is None and not request.arrived.has_signature:
        return
    if destination != sso_url():
        raise Fault("destination", f"it says {str(destination)[:200]!r}")


def is_recent(request: Request) -> None:
    """Core, 3.2.1; conformance.md C, I6."""
    issued = moment(request.root.get("IssueInstant"), "IssueInstant")
    if issued is None or not request.now - MAX_AGE - SKEW <= issued <= request.now + SKEW:
        raise Fault("time", "the IssueInstant")


def has_short_id(request: Request) -> None:
    """It is echoed and kept, so it has an end."""
    if len(request.id) > 256:
        raise Fault("size", "ID")


FIRST_CHECKS: tuple[Callable[[Request], None], ...] = (is_version_two, has_short_id, is_for_us, is_recent)


def _acs(request: Request) -> str:
    """SD-01; Core, 3.4.1: by address or by index, either of a registered one, or the default. Never both."""
    url, index = request.root.get("AssertionConsumerServiceURL"), request.root.get("AssertionConsumerServiceIndex")
    if url is not None and index is not None:
        raise _mismatch(request, "by address and by index at once")
    if url is None and index is None:
        return request.saml.default_acs.url
    found = [one.url for one in request.saml.acs if one.url == url or str(one.index) == index]
    if not found:
        raise _mismatch(request, repr(str(url or index)[:200]))
    return found[0]


def _mismatch(request: Request, what: str) -> ProtocolFault:
    detail = f"AssertionConsumerService {what}"
    return ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, detail, application_id=request.application.id)


def answers_by_post(request: Request) -> None:
    """Profiles, 4.1.2: the response never goes by Redirect, and artifacts are not resolved here."""
    if request.root.get("ProtocolBinding") not in (None, f"{BINDINGS}HTTP-POST"):
        raise Denied("Requester", "UnsupportedBinding", "ProtocolBinding is not HTTP-POST")


def names_are_known(request: Request) -> None:
    """Core, 3.4.1.1."""
    policy = request.root.find(_POLICY)
    if policy is None:
        return
    if policy.get("Format", UNSPECIFIED_FORMAT) not in NAME_FORMATS_GIVEN:
        raise Denied("Requester", "InvalidNameIDPolicy", f"NameIDPolicy {str(policy.get('Format'))[:200]!r}")
    if policy.get("SPNameQualifier") not in (None, "", request.saml.entity_id):
        raise Denied("Requester", "InvalidNameIDPolicy", "SPNameQualifier of somebody else")


def subject_is_plain(request: Request) -> None:
    """Core, 3.4.1: a name may say whom it is about; how they would be confirmed is ours to say."""
    subject = request.root.find(SUBJECT)
    if subject is None:
        return
    others = [one for one in subject.iterfind(_CONFIRMATION) if one.get("Method") != BEARER or len(one)]
    if others or subject.find(NAME_ID) is None:
        raise Denied("Requester", "RequestUnsupported", "a Subject that is no NameID, or with a confirmation")


def sets_no_conditions(request: Request) -> None:
    """Core, 3.4.1: the conditions are ours; what would not be honoured is refused."""
    if request.root.find(f"{{{SAML}}}Conditions") is not None:
        raise Denied("Requester", "RequestUnsupported", "Conditions in the request")


def scope_includes_us(request: Request) -> None:
    """Core, 3.4.1.2."""
    scoping = request.root.find(_SCOPING)
    listed = [] if scoping is None else list(scoping.iter(f"{{{SAMLP}}}IDPEntry"))
    if listed and entity_id() not in [one.get("ProviderID") for one in listed]:
        raise Denied("Responder", "NoSupportedIDP", "none of the identity providers in Scoping is here")


def context_is_by_class(request: Request) -> None:
    """Core, 3.3.2.2.1: declarations are not supported, and are not taken for anything else."""
    context = request.root.find(_CONTEXT)
    if context is None:
        return
    if context.find(_DECL_REF) is not None:
        raise Denied("Responder", "NoAuthnContext", "AuthnContextDeclRef")
    if len(context.findall(_CLASS_REF)) > _MOST_CONTEXTS:
        raise Denied("Requester", "RequestUnsupported", "too many classes of authentication")


CHECKS: tuple[Callable[[Request], None], ...] = (
    answers_by_post,
    names_are_known,
    subject_is_plain,
    sets_no_conditions,
    scope_includes_us,
    context_is_by_class,
)


def asked_of(request: Request) -> Asked:
    """The request as a value. Only after the checks."""
    root = request.root
    policy, context, scoping = root.find(_POLICY), root.find(_CONTEXT), root.find(_SCOPING)
    named = root.find(f"{SUBJECT}/{NAME_ID}")
    return Asked(
        request_id=request.id,
        acs=request.acs,
        relay_state=request.arrived.relay_state,
        name_format=None if policy is None else _given_format(policy.get("Format")),
        is_forced=_is_true(root.get("ForceAuthn")),
        is_passive=_is_true(root.get("IsPassive")),
        contexts=() if context is None else tuple(text_of(one).strip()[:_LONGEST] for one in context.findall(_CLASS_REF)),
        comparison="exact" if context is None else context.get("Comparison", "exact"),
        subject=None if named is None else (named.get("Format", UNSPECIFIED_FORMAT), text_of(named)[:_LONGEST]),
        is_unproxied=scoping is not None and scoping.get("ProxyCount") == "0",
    )


def _given_format(text: str | None) -> str | None:
    """Unspecified leaves the choice to us (Core, 8.3.1)."""
    return None if text in (None, UNSPECIFIED_FORMAT) else text


def _is_true(text: str | None) -> bool:
    """An xs:boolean."""
    return (text or "").strip() in {"true", "1"}
