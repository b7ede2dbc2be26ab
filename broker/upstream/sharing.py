"""What a kind may offer besides: signing in with the operator's registration, and directories that an admin's consent wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from broker.ports import Ports
from broker.upstream.kind import FlowContext, Options, ReturnData


@dataclass(frozen=True, slots=True)
class SharedRegistration:
    """The operator's own registration at a provider. A secret, or a certificate with its key (both in PEM)."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    certificate: str = ""
    private_key: str = field(default="", repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where the provider is, by option, if not where it is for everybody. Never a tenant's to say: the secret goes there."""


@runtime_checkable
class Shareable(Protocol):
    """A kind by which tenants may sign in with the operator's registration; its address is `/callback/<kind>`."""

    def is_shared(self, options: Any) -> bool:
        """Does this connection use it?"""
        ...

    def with_registration(self, options: Any, shared: SharedRegistration) -> Options:
        """The options as if the operator's registration were the tenant's own."""
        ...


@runtime_checkable
class Consenting(Protocol):
    """A kind whose directories are won by their admin's consent: `start_consent`, then `start_proof`, `finish_proof`.

    What comes back from the first step proves nothing. The second is an ordinary sign-in in the same browser.
    """

    def with_directories(self, options: Any, consented: tuple[str, ...]) -> Options:
        """The options with the directories that were won beside those that they name."""
        ...

    def may_win(self, options: Any) -> bool:
        """Can consent add a directory, or does the connection name all that it accepts?"""
        ...

    def accepts(self, options: Any, directory: str) -> bool: ...

    def directory_of(self, issuer: str) -> str:
        """The directory of a person with this issuer."""
        ...

    def start_consent(self, options: Any, tx: FlowContext) -> str:
        """Where an admin of the directory is asked."""
        ...

    def read_consent(self, data: ReturnData) -> str:
        """The directory that the answer names. Raises UpstreamFailure for a refusal."""
        ...

    def start_proof(self, options: Any, tx: FlowContext, ports: Ports) -> str: ...

    def finish_proof(self, options: Any, tx: FlowContext, data: ReturnData, ports: Ports) -> "ProvenDirectory": ...


@dataclass(frozen=True, slots=True)
class ProvenDirectory:
    """The directory that somebody has just signed in to, and the domain of their name there."""

    id: str
    domain: str
