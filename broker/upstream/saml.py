"""A SAML 2.0 identity provider: a signed request goes there, a signed response comes back by POST (Profiles, 4.1).

An identity is stored as (issuer, subject) = (the provider's entity id, a NameID that stays or a named attribute).
The parts, and the order in which a response goes through them, are described in `broker/upstream/saml_parts`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from broker.ports import Ports
from broker.upstream.code_flow import origin_of
from broker.upstream.kind import (
    Assertion,
    Document,
    Finding,
    FlowContext,
    Once,
    Options,
    OwnKey,
    ReturnData,
    Returning,
    Start,
)
from broker.upstream.oauth_errors import MAX_DESCRIPTION, clean
from broker.upstream.saml_parts.checks import CHECKS, SKEW, Expected, Message, authenticated_at, believed_until
from broker.upstream.saml_parts.decryption import open_assertion
from broker.upstream.saml_parts.findings import examine
from broker.upstream.saml_parts.gate import open_response
from broker.upstream.saml_parts.metadata import described, entity_id_of
from broker.upstream.saml_parts.provider import (
    MAX_METADATA,
    Provider,
    checked_certificates,
    checked_url,
    from_metadata,
    from_values,
)
from broker.upstream.saml_parts.request import Asking, posted, redirected, signing_key
from broker.upstream.saml_parts.signatures import verified_parts
from broker.upstream.saml_parts.status import refusal_of
from broker.upstream.saml_parts.values import MAX_NAME, PRESETS, Attributes, Names, Preset, email_of, names_of, subject_of
from broker.upstream.saml_parts.xml import (
    ASSERTION,
    EMAIL_FORMAT,
    ENCRYPTED_ASSERTION,
    NAME_FORMATS,
    RESPONSE,
    SAML,
    SIGNATURE,
    UNSPECIFIED_FORMAT,
    Element,
    Fault,
)
from tenants.causes import Cause, UpstreamFailure

MAX_RESPONSE = 200_000
"""Characters of base64; the gate counts the bytes."""
_FORMATS = {"persistent": f"{NAME_FORMATS}persistent", "email": EMAIL_FORMAT, "unspecified": UNSPECIFIED_FORMAT}
_SIGNED_PARTS = {"response": RESPONSE, "assertion": ASSERTION}
_CLASS_REF = f"{{{SAML}}}AuthnContext/{{{SAML}}}AuthnContextClassRef"

AttributeName = Annotated[str, Field(max_length=500)]


class SamlOptions(Options):
    idp_metadata: Annotated[str | None, Document()] = Field(
        default=None,
        title="Metadata of the identity provider",
        description="The provider's metadata (XML). Or the next three values instead.",
        max_length=MAX_METADATA,
    )
    entity_id: str | None = Field(
        default=None, title="Entity id", description="The provider's name for itself, letter by letter.", max_length=255
    )
    sso_url: str | None = Field(
        default=None, title="Address for signing in", description="Where the provider takes requests.", max_length=2000
    )
    certificates: tuple[Annotated[str, Field(max_length=20_000)], ...] = Field(
        default=(),
        title="Certificates",
        description="What the provider signs with, as PEM or bare base64; several while they change.",
        max_length=10,
    )
    request_binding: Literal["redirect", "post"] = Field(
        default="redirect", title="How requests are sent", description="In the address, or in a form."
    )
    name_id_format: Literal["persistent", "email", "unspecified"] | None = Field(
        default=None,
        title="Format of the NameID",
        description="What to ask for. Left out, the provider chooses. A transient one is never taken for a person.",
    )
    signed: Literal["either", "response", "assertion"] = Field(
        default="either",
        title="What has to be signed",
        description="The response, the assertion in it, or at least one of them.",
    )
    attributes: Preset | None = Field(
        default=None,
        title="Names of attributes",
        description="The usual names at a product. Single ones can be given below.",
    )
    email_attribute: AttributeName | None = Field(
        default=None, title="Attribute for the e-mail address", description="Its Name. The NameID, if it is an address."
    )
    given_name_attribute: AttributeName | None = Field(
        default=None, title="Attribute for the given name", description="Its Name."
    )
    family_name_attribute: AttributeName | None = Field(
        default=None, title="Attribute for the family name", description="Its Name."
    )
    display_name_attribute: AttributeName | None = Field(
        default=None, title="Attribute for the full name", description="Its Name."
    )
    groups_attribute: AttributeName | None = Field(default=None, title="Attribute for groups", description="Its Name.")
    subject_attribute: AttributeName | None = Field(
        default=None,
        title="Attribute that names the person",
        description="Its Name; its value must never change hands. Left out or empty, it is the NameID.",
    )

    @field_validator("idp_metadata")
    @classmethod
    def _is_metadata(cls, value: str | None) -> str | None:
        if value is not None:
            from_metadata(value)
        return value

    @field_validator("sso_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else checked_url(value)

    @field_validator("certificates")
    @classmethod
    def _are_certificates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return checked_certificates(value)

    @model_validator(mode="after")
    def _describes_a_provider(self) -> Self:
        values = (self.entity_id, self.sso_url, self.certificates)
        if (self.idp_metadata is not None) == any(values) or (any(values) and not all(values)):
            raise ValueError("needs either idp_metadata, or entity_id, sso_url and certificates.")
        if self.request_binding not in self.provider.sso:
            raise ValueError(f"request_binding: the provider's metadata has no address for {self.request_binding}.")
        return self

    @cached_property
    def provider(self) -> Provider:
        """Read once for each version of the configuration. Raises ValueError with a sentence."""
        if self.idp_metadata is not None:
            return from_metadata(self.idp_metadata)
        return from_values(self.entity_id or "", self.sso_url or "", self.certificates)

    @cached_property
    def names(self) -> Names:
        """Under which names the attributes come: the preset's, and what was given for single ones."""
        given = {name: getattr(self, f"{name}_attribute") for name in Names.__dataclass_fields__}
        preset = PRESETS[self.attributes] if self.attributes else Names()
        return replace(preset, **{name: value for name, value in given.items() if value is not None})

    @property
    def asked_format(self) -> str:
        return _FORMATS[self.name_id_format] if self.name_id_format else ""


class Saml:
    name = "saml"
    label = "SAML 2.0"
    icon = "way-saml"
    options_type = SamlOptions
    returning = Returning("/saml/{key}/acs", "RelayState", SKEW, MAX_RESPONSE)

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
        )
        keep = {"request_id": asking.request_id}
        if wants_fresh:
            keep["oldest"] = (tx.now - timedelta(seconds=tx.max_age or 0)).isoformat()
        key = signing_key(tx.own_keys())
        if options.request_binding == "post":
            return Start(asking.destination, keep, posted(asking, tx.state, key))
        return Start(redirected(asking, tx.state, key), keep)

    def finish(self, options: SamlOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        expected = Expected(
            issuer=options.provider.entity_id,
            audience=entity_id_of(tx.callback_url),
            recipient=tx.callback_url,
            request_id=tx.kept["request_id"],
            now=tx.now,
            oldest=datetime.fromisoformat(tx.kept["oldest"]) if "oldest" in tx.kept else None,
        )
        try:
            message = _verified(options, tx, data.args.get("SAMLResponse", ""), ports)
            for check in CHECKS:
                check(message, expected)
            return _assertion(options, tx, message, expected)
        except Fault as fault:
            words = clean(fault.description, MAX_DESCRIPTION)
            raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, fault.word, description=words) from None

    def refusal(self, options: SamlOptions, data: ReturnData) -> UpstreamFailure | None:
        """None: in SAML a refusal stands inside the response, which `finish` reads once it has its shape."""
        return None

    def check(self, options: SamlOptions, ports: Ports) -> list[Finding]:
        return list(examine(options.provider, ports.clock.now()))

    def origins(self, options: SamlOptions, ports: Ports) -> tuple[str, ...]:
        return (origin_of(options.provider.sso[options.request_binding]),)

    def metadata(self, options: SamlOptions, acs_url: str, keys: Sequence[OwnKey]) -> bytes:
        """What the provider has to know about us."""
        signing_key(keys)
        wants = options.signed != "response"
        return described(acs_url, keys, wants_signed_assertion=wants, name_id_format=options.asked_format)


def _verified(options: SamlOptions, tx: FlowContext, encoded: str, ports: Ports) -> Message:
    """The message whose assertion lies inside something that the provider has signed. Raises Fault, UpstreamFailure."""
    root = open_response(encoded)
    refused = refusal_of(root)
    if refused is not None:
        raise refused
    certificates, opened = options.provider.certificates, None
    if root.find(ENCRYPTED_ASSERTION) is not None:
        if root.find(SIGNATURE) is not None:
            # Where its sender can be known first, nobody else gets anything decrypted.
            verified_parts(root, certificates)
        opened = open_assertion(root, tx.own_keys(), ports)
    elif root.find(ASSERTION) is None:
        raise Fault("assertion_place", "no assertion")
    _require_signed(options, verified_parts(root, certificates, opened))
    return Message.of(root if opened is None else opened)


def _require_signed(options: SamlOptions, signed: frozenset[str]) -> None:
    wanted = _SIGNED_PARTS.get(options.signed)
    if not signed or (wanted is not None and wanted not in signed):
        raise Fault("unsigned", f"{options.signed} has to be signed")


def _assertion(options: SamlOptions, tx: FlowContext, message: Message, expected: Expected) -> Assertion:
    attributes, names = Attributes.of(message), options.names
    class_ref: Element | None = message.one("AuthnStatement").find(_CLASS_REF)
    return Assertion(
        connection=tx.connection,
        issuer=expected.issuer,
        subject=subject_of(message, attributes, names, expected),
        email=email_of(message, attributes, names),
        **names_of(attributes, names),
        groups=attributes.many(names.groups),
        acr=clean(class_ref.text, MAX_NAME) or None if class_ref is not None else None,
        auth_time=min(authenticated_at(message), tx.now),
        raw={"attributes": attributes.shown()},
        once=Once(message.assertion.get("ID"), believed_until(message)),
    )
