"""What an identity provider means that answers with no assertion: status codes (Core, 3.2.2.2) as causes."""

from broker.saml_xml.xml import STATUS, STATUS_CODE, STATUS_CODES, STATUS_MESSAGE, SUCCESS, Element, Fault
from broker.upstream.oauth_errors import ASKED_TOO_QUIETLY, MAX_DESCRIPTION, MAX_WORD, clean
from tenants.causes import Cause, UpstreamFailure

CAUSE_OF_SUBCODE = {
    "AuthnFailed": Cause.UPSTREAM_DENIED,
    "InvalidAttrNameOrValue": Cause.CONNECTION_MISCONFIGURED,
    "InvalidNameIDPolicy": Cause.CONNECTION_MISCONFIGURED,
    "NoAuthnContext": Cause.UPSTREAM_POLICY_BLOCKED,
    "NoAvailableIDP": Cause.CONNECTION_MISCONFIGURED,
    "NoPassive": Cause.INTERACTION_NEEDED,
    "NoSupportedIDP": Cause.CONNECTION_MISCONFIGURED,
    "RequestDenied": Cause.UPSTREAM_DENIED,
    "RequestUnsupported": Cause.CONNECTION_MISCONFIGURED,
    "UnknownAttrProfile": Cause.CONNECTION_MISCONFIGURED,
    "UnknownPrincipal": Cause.UPSTREAM_NOT_ASSIGNED,
    "UnsupportedBinding": Cause.CONNECTION_MISCONFIGURED,
}
CAUSE_OF_CODE = {
    "Requester": Cause.CONNECTION_MISCONFIGURED,
    "Responder": Cause.UPSTREAM_DENIED,
    "VersionMismatch": Cause.CONNECTION_MISCONFIGURED,
}
"""Whose fault it is, where nothing more is said: ours, that is the set-up, or the provider's."""


def refusal_of(root: Element) -> UpstreamFailure | None:
    """What the response refuses, None for one that says success. The provider's words are for the admin only.

    Raises Fault for one that says neither.
    """
    status = root.find(STATUS)
    outer = status.find(STATUS_CODE)
    inner = outer.find(STATUS_CODE) if outer is not None else None
    code, subcode = _code(outer), _code(inner)
    if code == SUCCESS:
        return None
    if not code:
        raise Fault("status")
    outer_word, inner_word = code.removeprefix(STATUS_CODES), subcode.removeprefix(STATUS_CODES)
    cause = CAUSE_OF_SUBCODE.get(inner_word) or CAUSE_OF_CODE.get(outer_word) or Cause.UPSTREAM_DENIED
    known = [word for word in (outer_word, inner_word) if word in CAUSE_OF_CODE or word in CAUSE_OF_SUBCODE]
    quietly = ASKED_TOO_QUIETLY if cause is Cause.INTERACTION_NEEDED else {}
    return UpstreamFailure(
        cause,
        "/".join(known) or "status",
        upstream_error=inner_word or outer_word,
        description=clean(status.findtext(STATUS_MESSAGE), MAX_DESCRIPTION),
        **quietly,
    )


def _code(element: Element | None) -> str:
    return clean(element.get("Value"), len(STATUS_CODES) + MAX_WORD) if element is not None else ""
