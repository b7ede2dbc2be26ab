"""The seam of signing out: what kinds are asked for that can end a session at the provider, or hear that it has ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from broker.ports import Ports
from broker.saml_xml.keys import OwnKey
from broker.upstream.kind import Once, Start

SIGNED_OUT = "/signed-out"
"""Our page after a sign-out; providers that send the browser back with `state` send it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """A sign-out at the provider, after our own. The browser comes back to `return_url`, with `state` in it."""

    callback_url: str
    return_url: str
    state: str = field(repr=False)
    now: datetime
    hint: Mapping[str, str] = field(repr=False)
    """What the sign-in left for it, see `UpstreamSession`."""
    own_keys: Callable[[], tuple[OwnKey, ...]] = field(default=tuple, repr=False)


@runtime_checkable
class SignsOutThere(Protocol):
    """A kind that can end the session at the provider as well."""

    @property
    def sign_out_path(self) -> str:
        """Where the browser comes back to, under the tenant's address."""
        ...

    def sign_out(self, options: Any, tx: SignOut, ports: Ports) -> Start | None:
        """Where to send the browser; None where the connection does not wish it or the provider has no such place.

        May call the provider. Raises UpstreamFailure.
        """
        ...


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What a provider says has ended: of a person, one of its sessions, or both at once."""

    issuer: str
    subject: str | None
    sid: str | None
    once: Once


@runtime_checkable
class HearsSignOut(Protocol):
    """A kind whose provider tells of ended sessions without the browser (Back-Channel Logout 1.0)."""

    def read_logout_token(self, options: Any, connection: str, token: str, now: datetime, ports: Ports) -> SignedOut:
        """Raises UpstreamFailure for anything that is not as it has to be."""
        ...
