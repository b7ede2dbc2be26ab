"""The seam of a kind: what every sort of identity provider is asked for, and what it gives back.

A kind reads its own options and speaks its own protocol; everything behind the seam sees an `Assertion`. It keeps
nothing and opens no database: what must survive until the browser comes back is in the `FlowContext` or `Start.keep`.
To add one: a module here, a row in `KINDS`, a test, a page of docs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

from pydantic import BaseModel, ConfigDict

from broker.ports import Ports
from broker.saml_xml.keys import OwnKey
from tenants.causes import Cause, UpstreamFailure

MAX_ARGUMENT = 8192


class Secret:
    """Marks a field of `Options` that is stored sealed and never shown again: `Annotated[SecretStr, Secret()]`."""


class Document:
    """Marks a field of `Options` that a tenants file may name as a file beside it: `Annotated[str, Document()]`."""


class Options(BaseModel):
    """What an admin fills in for one connection; `title` and `description` of a field are its label and help."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def secret_fields(options_type: type[Options]) -> tuple[str, ...]:
    """Names of the fields to seal. The model is built from the stored options and the opened secrets together."""
    return _marked(options_type, Secret)


def document_fields(options_type: type[Options]) -> tuple[str, ...]:
    """Names of the fields whose text is long enough to come from a file of its own."""
    return _marked(options_type, Document)


def _marked(options_type: type[Options], mark: type) -> tuple[str, ...]:
    fields = options_type.model_fields.items()
    return tuple(name for name, info in fields if any(isinstance(one, mark) for one in info.metadata))


class PersonNames(TypedDict):
    """The three names of an `Assertion`, to be filled in together."""

    given_name: str | None
    family_name: str | None
    display_name: str | None


@dataclass(frozen=True, slots=True)
class UpstreamSession:
    """The session at the identity provider: its name there, its end, and what ending it takes."""

    sid: str | None = None
    not_after: datetime | None = None
    name: str | None = field(default=None, repr=False)
    """How a logout names the person, where it does not by the identity's subject."""
    hint: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Stored sealed with our session, for a sign-out there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an identity provider said about a person, in the same words for every kind."""

    connection: str
    """Id of the connection that it came through; (connection, issuer, subject) is the key of an identity."""
    issuer: str
    subject: str
    email: str | None = None
    email_evidence: Mapping[str, object] = field(default_factory=dict)
    """The claims that speak about the address, exactly as sent; what they prove is decided in tenants/arrivals.py."""
    directories: frozenset[str] = frozenset()
    """Those that the connection accepts by name, where its kind knows such: Entra's `tid`, Google's Workspaces."""
    given_name: str | None = None
    family_name: str | None = None
    display_name: str | None = None
    position: str | None = None
    phone: str | None = None
    groups: tuple[str, ...] | None = None
    """None means unknown (not sent, or too many to send), which is not the same as none."""
    groups_missing: str = ""
    """Why they are unknown, where the provider has them and we did not get them: for the admin."""
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The claims without one-time values, shortened: for the connection test and for support."""
    once: "Once | None" = None
    """Set where the protocol leaves it to the receiver to take each assertion once only."""
    session: UpstreamSession | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Once:
    """What may open one session only: its name among those of the connection, and until when it could be believed."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a connection test."""

    severity: Literal["ok", "warn", "bad"]
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Start:
    """Where to send the browser, and what `finish` needs again; `keep` is stored sealed with the transaction."""

    url: str
    keep: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    """To be posted to `url` where the request can't stand in it; None: the browser is redirected there."""


@dataclass(frozen=True, slots=True)
class Returning:
    """How the browser comes back: path under the tenant's address, what carries `state`, and what is still tolerated."""

    path: str = "/callback/{key}"
    state: str = "state"
    skew: timedelta = timedelta(seconds=60)
    """Between the two clocks."""
    max_argument: int = MAX_ARGUMENT


BY_CALLBACK = Returning()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowContext:
    """One way to an identity provider and back. `state`, `nonce` and `verifier` are fresh for each, 256 bit or more."""

    connection: str
    callback_url: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    now: datetime
    login_hint: str | None = None
    domain_hint: str | None = None
    prompt: str | None = None
    max_age: int | None = None
    acr_values: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)
    """At `finish`: what `start` gave to keep."""
    own_keys: Callable[[], tuple[OwnKey, ...]] = field(default=tuple, repr=False)
    """The tenant's keys, the active one first; read when they are asked for."""


@dataclass(frozen=True, slots=True)
class ReturnData:
    """What the browser brought back to the callback."""

    method: str
    args: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, method: str, pairs: Iterable[tuple[str, str]], max_argument: int = MAX_ARGUMENT) -> "ReturnData":
        """Raises UpstreamFailure for a parameter that came twice (RFC 6749, 3.1) or is beyond measure."""
        args: dict[str, str] = {}
        for name, value in pairs:
            if name in args:
                raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "repeated")
            if len(value) > max_argument:
                raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "size")
            args[name] = value
        return cls(method, args)


def hearsay(failure: UpstreamFailure) -> UpstreamFailure:
    """The same, marked as read from what the browser brought: anybody can send that, so it counts apart from what is known."""
    return UpstreamFailure(failure.cause, failure.detail, **{**failure.facts, "is_hearsay": True})


class Kind(Protocol):
    """Options are always of the kind's own `options_type`, with their secrets filled in.

    `start`, `finish`, `check` and `origins` may call the identity provider: keep no transaction open meanwhile.
    """

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def icon(self) -> str: ...

    @property
    def options_type(self) -> type[Options]: ...

    @property
    def returning(self) -> Returning: ...

    def start(self, options: Any, tx: FlowContext, ports: Ports) -> Start: ...

    def finish(self, options: Any, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        """The transaction was found by state, cookie and connection, and consumed, before this is called."""
        ...

    def refusal(self, options: Any, data: ReturnData) -> UpstreamFailure | None:
        """What an error that the provider sent back means; None when `data` holds no error."""
        ...

    def check(self, options: Any, ports: Ports) -> list[Finding]: ...

    def origins(self, options: Any, ports: Ports) -> tuple[str, ...]:
        """Origins that `start` may send a browser to, for `form-action`. Never raises for a provider that is down."""
        ...


@runtime_checkable
class Certified(Protocol):
    """A kind that knows the certificates which its provider signs with."""

    def certificates(self, options: Any, document: str | None) -> tuple[str, ...]:
        """As PEM. `document`: what was fetched from where the options say that the provider describes itself."""
        ...
