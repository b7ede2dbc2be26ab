"""What a SAML service provider of a tenant is beside what every application is: one typed value in one column.

Everything in it was checked when it was written (tenants/manifest/saml_specs.py, broker/service_providers.py); at use it
is only compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

SAML_KIND = "saml"
"""`Application.kind` of a service provider."""
MAX_ENTITY_ID = 256
MAX_ADDRESSES = 50
MAX_ATTRIBUTES = 50


class NameIdKind(StrEnum):
    """How a person is named to a service provider (Core, 8.3)."""

    PERSISTENT = "persistent"
    """One opaque name for each person and service provider, the same each time."""
    EMAIL = "email"
    TRANSIENT = "transient"
    """Another one each time."""
    UNSPECIFIED = "unspecified"
    """The e-mail address, without saying that it is one."""


class Signed(StrEnum):
    """What of a response is signed."""

    BOTH = "both"
    RESPONSE = "response"
    ASSERTION = "assertion"


@dataclass(frozen=True, slots=True)
class AcsAddress:
    """Where responses may be posted to (Metadata, 2.4.4)."""

    url: str
    index: int
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One attribute that is told: its name, and from `source` or the fixed `value`. `format`: the NameFormat's last part."""

    name: str
    source: str | None = None
    value: str | None = None
    friendly_name: str | None = None
    format: str = "uri"


@dataclass(frozen=True, slots=True)
class SamlApplicationConfig:
    """A service provider. Certificates are PEM; `slo` and `slo_answers` are addresses by binding: `redirect`, `post`, and
    `soap` among the first."""

    entity_id: str
    acs: tuple[AcsAddress, ...]
    slo: Mapping[str, str] = field(default_factory=dict)
    slo_answers: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[str, ...] = ()
    """What it may sign its requests with; a second one while it changes over."""
    encryption_certificate: str | None = None
    cipher: str = "aes256-gcm"
    name_id: str = NameIdKind.PERSISTENT.value
    attributes: tuple[AttributeRule, ...] = ()
    signed: str = Signed.BOTH.value
    wants_signed_requests: bool = False
    may_begin_here: bool = False
    """People may go there from our portal, without a request of its own (Profiles, 4.1.5)."""
    start_relay_state: str = ""
    """What goes along then."""
    takes_unproven_email: bool = False
    """It is told addresses of people that nobody has proven, as a name and as an attribute (requirements.md, T4)."""
    session_minutes: int | None = None
    """How long its own session may last at most; None: as long as ours."""

    @property
    def default_acs(self) -> AcsAddress:
        """The one that is marked, or else the first (Metadata, 2.2.3)."""
        return next((one for one in self.acs if one.is_default), self.acs[0])

    def as_json(self) -> dict[str, Any]:
        """As the row holds it; the entity id has a column of its own."""
        return {
            "acs": [[one.url, one.index, one.is_default] for one in self.acs],
            "slo": dict(self.slo),
            "slo_answers": dict(self.slo_answers),
            "certificates": list(self.certificates),
            "encryption_certificate": self.encryption_certificate,
            "cipher": self.cipher,
            "name_id": self.name_id,
            "attributes": [[one.name, one.source, one.value, one.friendly_name, one.format] for one in self.attributes],
            "signed": self.signed,
            "wants_signed_requests": self.wants_signed_requests,
            "may_begin_here": self.may_begin_here,
            "start_relay_state": self.start_relay_state,
            "session_minutes": self.session_minutes,
            "takes_unproven_email": self.takes_unproven_email,
        }

    @classmethod
    def from_json(cls, entity_id: str, stored: Mapping[str, Any]) -> Self:
        """Read one back from its row."""
        return cls(
            entity_id=entity_id,
            acs=tuple(AcsAddress(*one) for one in stored["acs"]),
            slo=MappingProxyType(dict(stored["slo"])),
            slo_answers=MappingProxyType(dict(stored["slo_answers"])),
            certificates=tuple(stored["certificates"]),
            attributes=tuple(AttributeRule(*one) for one in stored["attributes"]),
            takes_unproven_email=bool(stored.get("takes_unproven_email")),
            **{name: stored[name] for name in _PLAIN},
        )


_PLAIN = (
    "encryption_certificate",
    "cipher",
    "name_id",
    "signed",
    "wants_signed_requests",
    "may_begin_here",
    "start_relay_state",
    "session_minutes",
)


def client_id_of(key: str) -> str:
    """What stands in the row's `client_id`: no OpenID Connect client can have it, as theirs have no colon."""
    return f"saml:{key}"


def check_entity_id(text: str) -> str:
    """The entity id itself. Raises ValueError with a sentence (Core, 8.3.6)."""
    if not text or len(text) > MAX_ENTITY_ID or not text.isprintable() or " " in text:
        raise ValueError(f"must be one word of at most {MAX_ENTITY_ID} characters, such as https://app.example/saml.")
    return text
