"""E-mail domains, the pure part: which rule is about an address, is it let in, where does it lead?"""

from collections.abc import Iterable
from dataclasses import dataclass

from tenants.addresses import Address, normalise_domain
from tenants.reasons import Reason

PUBLIC_MAIL_DOMAINS = frozenset(
    {
        "163.com", "aol.com", "bluewin.ch", "fastmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
        "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr",
        "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com",
        "onmicrosoft.com", "orange.fr", "outlook.com", "outlook.de", "proton.me", "protonmail.com", "qq.com",
        "skynet.be", "t-online.de", "telenet.be", "web.de", "wp.pl", "yahoo.co.uk", "yahoo.com", "yahoo.de",
        "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com",
    }
)  # fmt: skip
"""Domains where anybody gets an address. They may stand on a whitelist, but are nobody's to prove or to route."""


@dataclass(frozen=True, slots=True)
class DomainRule:
    """What a tenant says about `acme.example`, or with `*.acme.example` about what is below it and not it itself."""

    name: str
    allowed: bool = True
    connection: str | None = None
    """Key of the connection that its people belong to."""
    enforce: bool = False
    """Local sign-in is refused for its people; otherwise the connection is only preferred."""
    proven: bool = False

    @property
    def is_trusted(self) -> bool:
        """Whether routing and e-mail trust may rest on it: proven, and not a public domain whatever a row says."""
        return self.proven and not is_public(self.name)

    @property
    def refuses_local(self) -> bool:
        """Enforcing needs no proof: it only takes away, and a proof that lapses must not open the password page."""
        return self.enforce and self.connection is not None


def parse_domain_name(text: str) -> str:
    """The canonical `acme.example` or `*.acme.example` of what an admin typed. Raises AddressError."""
    typed = text.strip()
    if typed.startswith("*."):
        return "*." + normalise_domain(typed[2:])
    return normalise_domain(typed)


def is_public(name: str) -> bool:
    """Whether a rule's name is about a public mail domain, which no tenant can prove."""
    return name.removeprefix("*.") in PUBLIC_MAIL_DOMAINS


def find_rule(domain: str, rules: Iterable[DomainRule]) -> DomainRule | None:
    """The one rule that is about a canonical domain: its own, else the longest wildcard above it."""
    best: DomainRule | None = None
    for rule in rules:
        if rule.name == domain:
            return rule
        is_above = rule.name.startswith("*.") and domain.endswith(rule.name[1:])
        if is_above and (best is None or len(rule.name) > len(best.name)):
            best = rule
    return best


def is_domain_allowed(address: Address | None, rules: Iterable[DomainRule]) -> tuple[bool, Reason]:
    """Whether the whitelist lets an address in. An empty list lets nobody in: the safer reading of silence."""
    if address is None:
        return False, Reason("domain_missing", "There is no e-mail address whose domain could be on the list.")
    rule = find_rule(address.domain, rules)
    if rule is None:
        return False, Reason("domain_not_listed", f"{address.domain} is not on the organization's list of domains.")
    if not rule.allowed:
        return False, Reason("domain_not_allowed", f"{rule.name} is listed, but does not let its addresses in.")
    return True, Reason("domain_allowed", f"{address.domain} is let in by the entry {rule.name}.")
