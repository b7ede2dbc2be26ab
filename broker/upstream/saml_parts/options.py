"""What an admin fills in for a SAML connection, and the identity provider that it describes."""

from dataclasses import replace
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from broker.saml_xml.xml import EMAIL_FORMAT, NAME_FORMATS, UNSPECIFIED_FORMAT
from broker.upstream.kind import Document, Options
from broker.upstream.saml_parts.provider import (
    MAX_METADATA,
    Provider,
    checked_metadata_url,
    checked_url,
    from_metadata,
    from_values,
)
from broker.upstream.saml_parts.values import PRESETS, Names, Preset
from tenants.causes import Cause, UpstreamFailure
from tenants.certificates import checked_certificates

_FORMATS = {"persistent": f"{NAME_FORMATS}persistent", "email": EMAIL_FORMAT, "unspecified": UNSPECIFIED_FORMAT}

AttributeName = Annotated[str, Field(max_length=500)]


class SamlOptions(Options):
    idp_metadata: Annotated[str | None, Document()] = Field(
        default=None,
        title="Metadata of the identity provider",
        description="The provider's metadata (XML). Or its address, or the three values after that.",
        max_length=MAX_METADATA,
    )
    metadata_url: str | None = Field(
        default=None,
        title="Address of the metadata",
        description="Where the provider publishes it, with https. It is read at the first sign-in and every four hours.",
        max_length=2000,
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
    position_attribute: AttributeName | None = Field(default=None, title="Attribute for the position", description="Its Name.")
    phone_attribute: AttributeName | None = Field(
        default=None, title="Attribute for the telephone number", description="Its Name."
    )
    subject_attribute: AttributeName | None = Field(
        default=None,
        title="Attribute that names the person",
        description="Its Name; its value must never change hands. Left out or empty, it is the NameID.",
    )
    allow_idp_initiated: bool = Field(
        default=False,
        title="Sign-in may begin at the provider",
        description="A response that nobody asked for is then checked like any, and leads to a request of our own.",
    )
    asks_for_context: bool = Field(
        default=False,
        title="Ask for the way of signing in",
        description="Send the connection's acr_values, or an application's, as RequestedAuthnContext: one of them has to come "
        "back. Entra refuses people then who came by another way (AADSTS75011).",
    )
    sign_out_there: bool = Field(
        default=False,
        title="Sign out there too",
        description="Who signs out here is taken to the provider to be signed out there as well, if its metadata says where.",
    )
    _document: str | None = PrivateAttr(default=None)

    @field_validator("idp_metadata")
    @classmethod
    def _is_metadata(cls, value: str | None) -> str | None:
        if value is not None:
            from_metadata(value)
        return value

    @field_validator("metadata_url")
    @classmethod
    def _can_be_asked(cls, value: str | None) -> str | None:
        return value if value is None else checked_metadata_url(value)

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
        ways = (self.idp_metadata is not None, self.metadata_url is not None, any(values))
        if sum(ways) != 1 or (any(values) and not all(values)):
            raise ValueError("needs either idp_metadata, or metadata_url, or entity_id, sso_url and certificates.")
        if self.metadata_url is None:
            self.require_binding()
        return self

    def require_binding(self) -> None:
        """Raises ValueError where the provider can't be asked in the way that was chosen."""
        if self.request_binding not in self.provider.sso:
            raise ValueError(f"request_binding: the provider's metadata has no address for {self.request_binding}.")

    @property
    def is_described(self) -> bool:
        """Is the provider's description there, or does it have to be fetched first?"""
        return self.metadata_url is None or self._document is not None

    def with_document(self, document: str) -> Self:
        """The same with what was fetched from `metadata_url`. Raises ValueError with a sentence."""
        made = self.model_copy()
        made.__dict__.pop("provider", None)
        made._document = document
        made.require_binding()
        return made

    @cached_property
    def provider(self) -> Provider:
        """Read once for each version of the configuration. Raises ValueError with a sentence."""
        document = self.idp_metadata if self.metadata_url is None else self._document
        if document is not None:
            return from_metadata(document)
        if self.metadata_url is not None:
            raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "the provider's metadata was not fetched yet")
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
