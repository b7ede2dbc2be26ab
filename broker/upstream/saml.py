"""A SAML 2.0 identity provider: a signed request goes there, a signed response comes back by POST (Profiles, 4.1).

An identity is stored as (issuer, subject) = (the provider's entity id, a NameID that stays or a named attribute).
The parts, and the order in which a response goes through them, are described in `broker/upstream/saml_parts`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _

from broker.ports import Ports
from broker.saml_xml.keys import OwnKey
from broker.saml_xml.verifying import require_schema
from broker.saml_xml.xml import (
    ASSERTION,
    ENCRYPTED_ASSERTION,
    RESPONSE,
    SIGNATURE,
    SKEW,
    Fault,
)
from broker.upstream.code_flow import origin_of
from broker.upstream.kind import (
    Assertion,
    Finding,
    FlowContext,
    Once,
    ReturnData,
    Returning,
    Start,
    hearsay,
)
from broker.upstream.oauth_errors import MAX_DESCRIPTION, clean
from broker.upstream.saml_parts.checks import (
    CHECKS,
    Expected,
    Message,
    authenticated_at,
    authentication_context,
    believed_until,
    clock_deviation,
    is_our_answer,
)
from broker.upstream.saml_parts.decryption import has_encrypted_name, open_assertion, open_name_id
from broker.upstream.saml_parts.findings import examine
from broker.upstream.saml_parts.gate import open_response
from broker.upstream.saml_parts.logout_sending import ask, session_of
from broker.upstream.saml_parts.metadata import described, entity_id_of
from broker.upstream.saml_parts.options import SamlOptions
from broker.upstream.saml_parts.request import Asking, asked_contexts, posted, redirected, signing_key
from broker.upstream.saml_parts.signatures import verified_parts
from broker.upstream.saml_parts.status import refusal_of
from broker.upstream.saml_parts.values import MAX_NAME, Attributes, details_of, email_of, names_of, subject_of
from broker.upstream.sign_out import SignOut
from tenants.causes import Cause, UpstreamFailure

MAX_RESPONSE = 200_000
"""Characters of base64; the gate counts the bytes."""
_SIGNED_PARTS = {"response": RESPONSE, "assertion": ASSERTION}


class Saml:
    name = "saml"
    label = "SAML 2.0"
    icon = "way-saml"
    options_type = SamlOptions
    returning = Returning("/saml/{key}/acs", "RelayState", SKEW, MAX_RESPONSE)
    sign_out_path = "/saml/{key}/slo"

    def start(self, options: SamlOptions, tx: FlowContext, ports: Ports) -> Start:
        # SAML knows no max_age and no choice of account: to be asked again is the nearest that it has.
        wants_fresh = tx.prompt == "login" or tx.max_age is not None
        asking = Asking(
            request_id=f"_{ports.randomness.token_urlsafe(32)}",
            destination=options.provider.sso[options.request_binding],
            issuer=entity_id_of(tx.callback_url),
            recipient=tx.callback_url,
            at=tx.now,
            name_id_format=options.asked_format,
            is_forced=wants_fresh or tx.prompt == "select_account",
            contexts=asked_contexts(tx.acr_values) if options.asks_for_context else (),
        )
        keep = {"request_id": asking.request_id, "asked_at": tx.now.isoformat()}
        if asking.contexts:
            keep["contexts"] = " ".join(asking.contexts)
        if wants_fresh:
            keep["oldest"] = (tx.now - timedelta(seconds=tx.max_age or 0)).isoformat()
        key = signing_key(tx.own_keys())
        if options.request_binding == "post":
            return Start(asking.destination, keep, posted(asking, tx.state, key))
        return Start(redirected(asking, tx.state, key), keep)

    def finish(self, options: SamlOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        return _believed(options, tx, data, ports, tx.kept["request_id"])

    def is_unsolicited(self, data: ReturnData) -> bool:
        """Does it look like a response that began at the provider? Nothing of it is believed yet."""
        try:
            return open_response(data.args.get("SAMLResponse", "")).get("InResponseTo") is None
        except Fault:
            return False

    def take_unsolicited(self, options: SamlOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        """What began at the provider, checked like any other; it must answer no request. It opens no session (SU-18)."""
        return _believed(options, tx, data, ports, None)

    def refusal(self, options: SamlOptions, data: ReturnData) -> UpstreamFailure | None:
        """None: in SAML a refusal stands inside the response, which `finish` reads once it has its shape."""
        return None

    def reads(self, options: SamlOptions) -> Mapping[str, str]:
        names = options.names
        fields = {getattr(names, field): field for field in names.__dataclass_fields__}
        return {name: field for name, field in fields.items() if name}

    def check(self, options: SamlOptions, ports: Ports) -> list[Finding]:
        if not options.is_described:
            return [Finding("warn", "metadata_unread", _("Its metadata was not read yet: that happens at the first sign-in."))]
        return list(examine(options.provider, ports.clock.now()))

    def certificates(self, options: SamlOptions, document: str | None) -> tuple[str, ...]:
        if not options.is_described and document is not None:
            options = options.with_document(document)
        return options.provider.certificates if options.is_described else ()

    def origins(self, options: SamlOptions, ports: Ports) -> tuple[str, ...]:
        return (origin_of(options.provider.sso[options.request_binding]),) if options.is_described else ()

    def metadata(self, options: SamlOptions, acs_url: str, keys: Sequence[OwnKey]) -> bytes:
        """What the provider has to know about us."""
        signing_key(keys)
        wants = options.signed != "response"
        return described(acs_url, keys, wants_signed_assertion=wants, name_id_format=options.asked_format)

    def sign_out(self, options: SamlOptions, tx: SignOut, ports: Ports) -> Start | None:
        if not options.sign_out_there or not options.is_described:
            return None
        request_id = f"_{ports.randomness.token_urlsafe(32)}"
        us, key = entity_id_of(tx.callback_url), signing_key(tx.own_keys())
        return ask(options.provider, tx.hint, us, tx.state, key, tx.now, request_id)


def _believed(options: SamlOptions, tx: FlowContext, data: ReturnData, ports: Ports, request_id: str | None) -> Assertion:
    """What the response says, once every check has passed. Raises UpstreamFailure."""
    expected = Expected(
        issuer=options.provider.entity_id,
        audience=entity_id_of(tx.callback_url),
        recipient=tx.callback_url,
        request_id=request_id,
        now=tx.now,
        asked_at=_kept_time(tx, "asked_at"),
        oldest=_kept_time(tx, "oldest"),
        contexts=frozenset(tx.kept.get("contexts", "").split()),
    )
    message: Message | None = None
    try:
        message = _verified(options, tx, data.args.get("SAMLResponse", ""), ports)
        for check in CHECKS:
            check(message, expected)
        return _assertion(options, tx, message, expected)
    except Fault as fault:
        words = clean(fault.description, MAX_DESCRIPTION)
        failure = UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, fault.word, description=words)
        is_answer = message is not None and is_our_answer(message, expected)
        raise (failure if is_answer else hearsay(failure)) from None


def _kept_time(tx: FlowContext, name: str) -> datetime | None:
    return datetime.fromisoformat(tx.kept[name]) if name in tx.kept else None


def _verified(options: SamlOptions, tx: FlowContext, encoded: str, ports: Ports) -> Message:
    """The message whose assertion lies inside something that the provider has signed. Raises Fault, UpstreamFailure."""
    root = open_response(encoded)
    refused = refusal_of(root)
    if refused is not None:
        # Read before any signature: most providers sign no refusal.
        raise hearsay(refused)
    certificates, opened = options.provider.certificates, None
    if root.find(ENCRYPTED_ASSERTION) is not None:
        if root.find(SIGNATURE) is not None:
            # Where its sender can be known first, nobody else gets anything decrypted.
            verified_parts(root, certificates)
        opened = open_assertion(root, tx.own_keys(), ports)
    elif root.find(ASSERTION) is None:
        raise Fault("assertion_place", "no assertion")
    _require_signed(options, verified_parts(root, certificates, opened))
    whole = root if opened is None else opened
    if has_encrypted_name(whole):
        whole = open_name_id(whole, tx.own_keys(), ports)
        require_schema(whole)
    return Message.of(whole)


def _require_signed(options: SamlOptions, signed: frozenset[str]) -> None:
    wanted = _SIGNED_PARTS.get(options.signed)
    if not signed or (wanted is not None and wanted not in signed):
        raise Fault("unsigned", f"{options.signed} has to be signed")


def _assertion(options: SamlOptions, tx: FlowContext, message: Message, expected: Expected) -> Assertion:
    attributes, names = Attributes.of(message), options.names
    clock = clock_deviation(message, expected)
    return Assertion(
        connection=tx.connection,
        issuer=expected.issuer,
        subject=subject_of(message, attributes, names, expected),
        email=email_of(message, attributes, names),
        **names_of(attributes, names),
        **details_of(attributes, names),
        groups=attributes.many(names.groups),
        acr=clean(authentication_context(message), MAX_NAME) or None,
        auth_time=min(authenticated_at(message), tx.now),
        raw={"attributes": attributes.shown(), **({"clock": clock} if clock else {})},
        once=Once(message.assertion.get("ID"), believed_until(message)),
        session=session_of(message, expected, keeps_hint=options.sign_out_there),
    )
