"""E-mail addresses in one canonical form, so that two spellings of an address can't be two people."""

import re
import unicodedata
from dataclasses import dataclass

import idna
from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS = 254
MAX_LOCAL = 64
MAX_DOMAIN = 253
MAX_TYPED = 1000
"""Characters looked at: a paste of megabytes is refused before it costs anything."""


# Of this form the libraries below give back what they were given, and they take long to find that out.
_LABEL = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_PLAIN = re.compile(rf"[a-z0-9_+]+(?:[.-][a-z0-9_+]+)*@(?:{_LABEL}\.)+[a-z]+", re.ASCII)


class AddressError(ValueError):
    """What was typed is no e-mail address or no domain name; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A canonical address: `local` as it was typed (plus tags kept), `domain` in lower-case ASCII (IDNA)."""

    local: str
    domain: str

    @property
    def text(self) -> str:
        """The address to show, to store and to write to."""
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """What look-ups compare. Lower case only: folding further (ß to ss) would join different mailboxes."""
        return f"{unicodedata.normalize('NFKC', self.local.lower())}@{self.domain}"


def normalise_address(text: str) -> Address:
    """The one canonical form of what was typed, pasted or asserted. Raises AddressError."""
    cleaned = _clean(text)
    if len(cleaned) <= MAX_LOCAL and _PLAIN.fullmatch(cleaned):
        local, _, domain = cleaned.partition("@")
        return Address(local, domain)
    if cleaned.count("@") != 1:
        raise AddressError("An e-mail address has exactly one @, as in jane@company.example.")
    local, _, domain_text = cleaned.partition("@")
    domain = normalise_domain(domain_text)
    if len(local) > MAX_LOCAL or len(local.encode()) + 1 + len(domain) > MAX_ADDRESS:
        raise AddressError("This e-mail address is too long.")
    try:
        # The library would refuse domains that only a company's own network knows, so it sees the local part alone.
        checked = validate_email(f"{local}@company.example", check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError("The part before the @ is not that of an e-mail address.") from error
    return Address(checked.local_part, domain)


def stored_address(text: str | None) -> Address | None:
    """An address that was normalised before it was stored: taken apart, and not looked at again."""
    local, at, domain = (text or "").rpartition("@")
    return Address(local, domain) if at else None


def normalise_domain(text: str) -> str:
    """A domain name of two labels or more as lower-case ASCII (IDNA 2008), no dot at its end. Raises AddressError."""
    name = _clean(text).replace("\u3002", ".").removesuffix(".")
    try:
        ascii_name = idna.encode(name, uts46=True).decode("ascii").lower()
    except UnicodeError as error:  # IDNAError is one
        raise AddressError("This is not a domain name; it looks like company.example.") from error
    labels = ascii_name.split(".")
    if len(ascii_name) > MAX_DOMAIN or len(labels) < 2 or not labels[-1].strip("0123456789"):
        raise AddressError("This is not a domain name; it looks like company.example.")
    return ascii_name


def mask(address: Address) -> str:
    """The address for places that others may see: its first letter, the same three dots for all, and its domain."""
    return f"{address.local[0]}•••@{address.domain}"


def _clean(text: str) -> str:
    """NFKC makes full-width letters and the full-width @ plain; what can't be seen is refused, not dropped."""
    if len(text) > MAX_TYPED:
        raise AddressError("This is too long.")
    cleaned = unicodedata.normalize("NFKC", text.strip()).strip()
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in cleaned):
        raise AddressError("This contains characters that cannot be seen. Type it instead of pasting it.")
    return cleaned
