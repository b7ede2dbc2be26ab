"""The ways in, as the decisions see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

LOCAL = "local"
"""The key of e-mail and password among the ways; no connection may have it."""
DOOR = "door"
"""How sessions of the back door began: never offered as a way, and no connection may have this key either."""

SignInPage = Literal["email_first", "buttons", "both"]
IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Way:
    """A connection as discovery sees it."""

    key: str
    kind: str
    label: str
    enabled: bool = True
    shown: bool = True
    """Whether it has a button; one without is entered by its domains and by hints only."""
    position: int = 0
    networks: tuple[IPNetwork, ...] = ()
    """Usable only from here, or, with `first_in_network`, from everywhere and offered first here (T6)."""
    first_in_network: bool = False

    def is_near(self, network: IPAddress | None) -> bool:
        """Whether an address lies in the networks of this way. An unknown address lies in none."""
        return network is not None and any(network in near for near in self.networks)


@dataclass(frozen=True, slots=True)
class Hints:
    """What the application asked for (R4): texts from outside, honoured where they fit and ignored where not."""

    login: str = ""
    domain: str = ""
    connection: str = ""


NO_HINTS = Hints()


def is_inside(address: str, networks: Iterable[str]) -> bool:
    """Does a network address lie in one of these ranges? Without ranges every one does; what is no address lies in none."""
    ranges = [ip_network(network, strict=False) for network in networks]
    if not ranges:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any((mapped or found) in one for one in ranges)
