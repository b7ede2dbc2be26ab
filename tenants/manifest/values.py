"""The values of a tenants file, each with the sentence for what is not one. No sentence repeats what it is about."""

import ipaddress
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from tenants.addresses import AddressError, normalise_address
from tenants.assurance import WORTHLESS
from tenants.connections import RESERVED_KEYS
from tenants.languages import LANGUAGES, OTHERS
from tenants.return_addresses import check_launch_address, check_return_address
from tenants.routing_domains import parse_domain_name

_KEY = re.compile(r"[a-z][a-z0-9-]{0,62}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_PATH_ADDRESS = "path"


class Spec(BaseModel):
    """A table of the file: unknown keys are refused, and what was read is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SecretReference(Spec):
    """Where a secret is to be found; the secret itself never stands in the file."""

    env: str | None = Field(default=None, min_length=1, description="Name of the environment variable that holds it.")
    file: str | None = Field(default=None, min_length=1, description="File that holds it, beside the tenants file.")

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError('a secret never stands in this file: write { env = "NAME" } or { file = "path" }.')
        if set(value) <= {"env", "file"} and len(value) != 1:
            raise ValueError("needs either env or file.")
        return value


class FileReference(Spec):
    """Where a long text is to be found that is no secret."""

    file: str = Field(min_length=1, description="File that holds it, beside the tenants file.")


def checked_key(text: str) -> str:
    """The key itself. Raises ValueError with a sentence."""
    if not _KEY.fullmatch(text):
        raise ValueError("a key has small letters, digits and hyphens, begins with a letter, and is at most 63 long.")
    return text


def _connection_key(text: str) -> str:
    if text in RESERVED_KEYS:
        raise ValueError(f"this key is reserved ({', '.join(sorted(RESERVED_KEYS))}).")
    return checked_key(text)


def _organization_key(text: str) -> str:
    if text == "root":
        raise ValueError("this key is reserved: root is the tenant itself and has its name.")
    return checked_key(text)


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without invisible characters.")
    return text


def _paragraph(text: str) -> str:
    """One paragraph, on however many lines it is written."""
    return _plain(" ".join(text.split()))


def _host(text: str) -> str:
    lowered = text.lower()
    if not _HOST.fullmatch(lowered) or _is_network_address(lowered):
        raise ValueError("must be a host name such as login.acme.example, without https:// and port.")
    return lowered


def _address(text: str) -> str:
    return text if text == _PATH_ADDRESS else _host(text)


def _is_network_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _colour(text: str) -> str:
    if not _COLOUR.fullmatch(text):
        raise ValueError("must be a colour such as #0d6b64.")
    return text.lower()


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("must be an address range such as 192.0.2.0/24.") from None


def _email(text: str) -> str:
    try:
        return normalise_address(text).text
    except AddressError as error:
        raise ValueError(str(error)) from None


def _factor_word(text: str) -> str:
    if text in WORTHLESS or " " in text:
        raise ValueError("can't count as a second factor: it says nothing, or that one thing was known.")
    return text


def _domain(text: str) -> str:
    try:
        return parse_domain_name(text)
    except AddressError:
        raise ValueError('must be a domain such as "acme.example" or "*.acme.example".') from None


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}.")
    return text


def _language_of_text(text: str) -> str:
    if text not in LANGUAGES and text != OTHERS:
        raise ValueError(f"must be a language ({', '.join(LANGUAGES)}), or {OTHERS}.")
    return text


def _languages(tags: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(tags)) < len(tags):
        raise ValueError("must not name a language twice.")
    return tags


def _page_address(text: str) -> str:
    """Of a page elsewhere that people may open."""
    try:
        is_page = text.isascii() and text.isprintable() and " " not in text and _is_https(text)
    except ValueError:
        is_page = False
    if not is_page:
        raise ValueError("must be an address such as https://acme.example/privacy.")
    return text


def _is_https(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0


def _client_id(text: str) -> str:
    if not _CLIENT_ID.fullmatch(text):
        raise ValueError("must have letters, digits and . _ ~ - only.")
    return text


def _end(value: object) -> object:
    """A day counts to its end, UTC; a time needs its offset."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("needs an offset, as in 2027-01-31T18:00:00Z, or be a day.")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value + timedelta(days=1), time(), UTC)
    raise ValueError("must be a day such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z, without quotes.")


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_plain)]
ShortLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_plain)]
FactorWord = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_plain), AfterValidator(_factor_word)
]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_paragraph)]
Language = Annotated[str, AfterValidator(_language)]
LanguageList = Annotated[tuple[Language, ...], Field(min_length=1), AfterValidator(_languages)]
PageAddress = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_page_address)]
LanguageOfText = Annotated[str, AfterValidator(_language_of_text)]
ONE_TEXT, TEXTS = "[text]", "[texts]"
"""How pydantic tells the two forms of a text apart, in the places of its findings."""


def _form_of_text(value: Any) -> str:
    return TEXTS if isinstance(value, dict) else ONE_TEXT


def _simplest(texts: dict[str, str]) -> dict[str, str] | str:
    """What is the same for all languages is one text."""
    return texts[OTHERS] if set(texts) == {OTHERS} else texts


_TABLE = (Field(min_length=1), AfterValidator(_simplest), Tag(TEXTS))
_EITHER = Discriminator(_form_of_text)
ParagraphTexts = Annotated[Annotated[Paragraph, Tag(ONE_TEXT)] | Annotated[dict[LanguageOfText, Paragraph], *_TABLE], _EITHER]
PageTexts = Annotated[Annotated[PageAddress, Tag(ONE_TEXT)] | Annotated[dict[LanguageOfText, PageAddress], *_TABLE], _EITHER]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_plain)]
Key = Annotated[str, AfterValidator(checked_key)]
ConnectionKey = Annotated[str, AfterValidator(_connection_key)]
OrganizationKey = Annotated[str, AfterValidator(_organization_key)]
TenantAddress = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
Colour = Annotated[str, AfterValidator(_colour)]
Network = Annotated[str, AfterValidator(_network)]
Email = Annotated[str, AfterValidator(_email)]
DomainName = Annotated[str, AfterValidator(_domain)]
ClientId = Annotated[str, AfterValidator(_client_id)]
ReturnAddress = Annotated[str, AfterValidator(check_return_address)]
LaunchAddress = Annotated[str, AfterValidator(check_launch_address)]
End = Annotated[datetime, BeforeValidator(_end)]
