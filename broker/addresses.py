"""Which URLs and addresses the product may call (security.md, IN-01). Pure rules; nothing is looked up here."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}

_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMERIC_LABEL = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")

# The special-purpose registries of IANA. Written out, because what `ipaddress` calls global differs between releases of
# Python, counts multicast as global, and looks through none of the forms that carry an IPv4 address inside.
_NOT_PUBLIC_V4 = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_PUBLIC_V6 = ip_network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ip_network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once; the request is made from these parts and from nothing else."""

    scheme: str
    host: str
    port: int
    request_target: str
    literal: Address | None

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """By its spelling; a name may still lead elsewhere."""
        return self.host == "localhost" if self.literal is None else is_loopback(self.literal)


def parse_target(url: str) -> Target:
    """The parts of an http or https URL. Raises ValueError with one word: url, scheme, userinfo, host or port."""
    if len(url) > MAX_URL or not _URL_CHARACTERS.fullmatch(url):
        raise ValueError("url")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("url") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("scheme")
    if "@" in parts.netloc:
        raise ValueError("userinfo")
    if parts.fragment:
        raise ValueError("url")
    host = (parts.hostname or "").removesuffix(".")
    literal = _literal_address(host, bracketed="[" in parts.netloc)
    request_target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, _port(parts.netloc, parts.scheme), request_target, literal)


def parse_address(text: str) -> Address:
    """An address as a resolver gives it. Raises ValueError; also for a zone, which means link-local."""
    try:
        return IPv4Address(text)
    except AddressValueError:
        address = IPv6Address(text)
    if address.scope_id:
        raise ValueError("zone")
    return address


def is_public(address: Address) -> bool:
    """Global unicast, and not a form that carries another address inside (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in block for block in _NOT_PUBLIC_V6)


def is_loopback(address: Address) -> bool:
    return address == IPv6Address("::1") or (isinstance(address, IPv4Address) and address.is_loopback)


def _port(netloc: str, scheme: str) -> int:
    text = netloc.rpartition("]")[2].rpartition(":")
    if not text[1]:
        return DEFAULT_PORTS[scheme]
    if not re.fullmatch(r"[0-9]{1,5}", text[2]) or not 0 < int(text[2]) < 65536:
        raise ValueError("port")
    return int(text[2])


def _literal_address(host: str, *, bracketed: bool) -> Address | None:
    """The address that `host` spells, None for a name.

    A name whose last label is a number would be read as an address by the C library (127.1, 0x7f000001, 2130706433), so
    only the plain dotted form passes (WHATWG URL, "ends in a number").
    """
    try:
        if bracketed:
            address = IPv6Address(host)
            if address.scope_id:
                raise ValueError("host")
            return address
        if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
            return IPv4Address(host)
    except AddressValueError:
        raise ValueError("host") from None
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise ValueError("host")
    return None
