"""The format of a tenants file: SAML service providers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from tenants.certificates import MAX_CERTIFICATES, checked_certificate, checked_encryption_certificate
from tenants.claim_rules import Source
from tenants.manifest.entry_values import AssignedOnly, Enabled, Groups, Home, Organizations, SecondFactor, SignInAge, Ways
from tenants.manifest.values import LaunchAddress, Line, ReturnAddress, ShortLine, Spec
from tenants.saml_applications import (
    MAX_ADDRESSES,
    MAX_ATTRIBUTES,
    AcsAddress,
    AttributeRule,
    NameIdKind,
    SamlApplicationConfig,
    Signed,
    check_entity_id,
)

EntityId = Annotated[str, AfterValidator(check_entity_id)]
EncryptionCertificateText = Annotated[str, AfterValidator(checked_encryption_certificate)]
CertificateText = Annotated[str, AfterValidator(checked_certificate)]
AttributeName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[!-~]+$")]
NAME_FORMATS = ("uri", "basic", "unspecified")


class AcsSpec(Spec):
    """One address that responses are posted to."""

    url: ReturnAddress = Field(description="The address, compared character by character.")
    index: Annotated[StrictInt, Field(ge=0, le=65535)] | None = Field(
        default=None, description="Its number; its place in the list, unless given."
    )
    default: StrictBool = Field(default=False, description="Taken where a request names none; else the first.")


class AttributeSpec(Spec):
    """One attribute that the application is told."""

    name: AttributeName = Field(description="Its name, such as `urn:oid:0.9.2342.19200300.100.1.3`.")
    source: Source | None = Field(default=None, alias="from", description="What of the person it is made of.")
    value: Line | None = Field(default=None, description="A fixed text in place of `from`.")
    friendly_name: ShortLine | None = Field(default=None, description="A name for people to read.")
    format: Literal["uri", "basic", "unspecified"] = Field(default="uri", description="What kind of name it is.")

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.source is None) == (self.value is None):
            raise ValueError("needs either from or value.")
        return self


class SamlApplicationSpec(Spec):
    """An application that people sign in to: a SAML service provider."""

    name: Line = Field(description="What people know it by.")
    entity_id: EntityId = Field(description="Its entity id, as its metadata says.")
    acs: tuple[AcsSpec, ...] = Field(
        min_length=1, max_length=MAX_ADDRESSES, description="Where responses go (Assertion Consumer Service), see below."
    )
    slo_redirect: ReturnAddress | None = Field(
        default=None, description="Where it takes messages about signing out by Redirect."
    )
    slo_post: ReturnAddress | None = Field(default=None, description="The same by POST.")
    slo_soap: ReturnAddress | None = Field(
        default=None, description="The same from server to server (SOAP): for sessions that end without their browser."
    )
    certificates: tuple[CertificateText, ...] = Field(
        default=(), max_length=MAX_CERTIFICATES, description="What it signs its requests with, as PEM or base64."
    )
    encryption_certificate: EncryptionCertificateText | None = Field(
        default=None, description="What assertions are encrypted for; they are not, without it."
    )
    cipher: Literal["aes256-gcm", "aes128-gcm"] = Field(default="aes256-gcm", description="How they are encrypted.")
    name_id: NameIdKind = Field(default=NameIdKind.PERSISTENT, description="How people are named to it.")
    attributes: tuple[AttributeSpec, ...] = Field(
        default=(), max_length=MAX_ATTRIBUTES, description="What it is told about people beside that, see below."
    )
    unproven_email: StrictBool = Field(
        default=False,
        description="Tell it addresses that nobody has proven, too. Dangerous where it knows people by them: "
        "whoever is given an account here with somebody else’s address is then taken for them there.",
    )
    signed: Signed = Field(default=Signed.BOTH, description="What of a response is signed.")
    signed_requests: StrictBool = Field(default=False, description="Take signed requests only. Needs `certificates`.")
    idp_initiated: StrictBool = Field(
        default=False, description="People may go there from the portal, without a request of the application."
    )
    relay_state: Annotated[Line, Field(max_length=80)] | None = Field(
        default=None, description="What goes along with `idp_initiated`, as the application wants it."
    )
    session_minutes: Annotated[StrictInt, Field(ge=1, le=43200)] | None = Field(
        default=None, description="How long its own session may last; as long as that of the person here, unless given."
    )
    launch_url: LaunchAddress | None = Field(
        default=None, description="Where its tile leads; with `idp_initiated` it needs none."
    )
    connections: Ways = ()
    groups: Groups = ()
    open_to_organizations: Organizations = ()
    assigned_only: AssignedOnly = False
    second_factor: SecondFactor = False
    sign_in_minutes: SignInAge = None
    organization: Home = "root"
    enabled: Enabled = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.signed_requests and not self.certificates:
            raise ValueError("needs certificates to take signed requests only.")
        if (self.slo_redirect or self.slo_post or self.slo_soap) and not self.certificates:
            raise ValueError("needs certificates for signing out: such messages are always signed.")
        if self.relay_state and not self.idp_initiated:
            raise ValueError("has a relay_state, but not idp_initiated = true.")
        indexes = [one.index for one in self.config.acs]
        if len(set(indexes)) < len(indexes):
            raise ValueError("has two addresses of one index in acs.")
        if sum(one.default for one in self.acs) > 1:
            raise ValueError("has more than one default in acs.")
        names = [(one.name, one.format) for one in self.attributes]
        if len(set(names)) < len(names):
            raise ValueError("names an attribute twice.")
        return self

    @property
    def config(self) -> SamlApplicationConfig:
        """The same as it is stored."""
        answers = {name: url for name, url in (("redirect", self.slo_redirect), ("post", self.slo_post)) if url}
        slo = answers | ({"soap": self.slo_soap} if self.slo_soap else {})
        return SamlApplicationConfig(
            entity_id=self.entity_id,
            acs=tuple(
                AcsAddress(one.url, index if one.index is None else one.index, one.default)
                for index, one in enumerate(self.acs)
            ),
            slo=slo,
            slo_answers=answers,
            certificates=tuple(dict.fromkeys(self.certificates)),
            encryption_certificate=self.encryption_certificate,
            cipher=self.cipher,
            name_id=self.name_id.value,
            attributes=tuple(
                AttributeRule(one.name, one.source and one.source.value, one.value, one.friendly_name, one.format)
                for one in self.attributes
            ),
            signed=self.signed.value,
            wants_signed_requests=self.signed_requests,
            may_begin_here=self.idp_initiated,
            start_relay_state=self.relay_state or "",
            session_minutes=self.session_minutes,
            takes_unproven_email=self.unproven_email,
        )
