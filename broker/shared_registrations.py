"""The operator's registrations at Microsoft and Google, which tenants may use (requirements.md, T2).

Such a registration knows one return address, `/callback/<kind>` on the main host. Whose sign-in comes back there is in
the `state`: signed by us, it names the tenant and the connection (`broker/bounce.py` sends the browser on). The code goes
on sealed for that tenant, connection and state: all tenants' codes are good at one registration, and a tenant's own host
is in its hands, so that it could lead people here with the nonce of another tenant's sign-in and use their code there.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from broker.ports import Randomness
from broker.settings import Settings
from broker.upstream import KINDS
from broker.upstream.kind import Kind, Options
from broker.upstream.sharing import Consenting, Shareable, SharedRegistration
from tenants.snapshot import ConnectionConfig
from tenants.vault import Place, Vault

SIGN_IN, CONSENT = "sign_in", "consent"
MAX_STATE = 1000
STATE_LIFE = timedelta(minutes=20)
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignedState:
    """What a `state` says that we signed."""

    tenant: str
    connection: str
    """Key of the connection."""
    purpose: str
    random: str = field(repr=False)
    expires_at: float
    """Seconds since 1970."""

    def sealed(self, vault: Vault) -> str:
        """As it goes through the browser."""
        body = _encoded(json.dumps(astuple(self), separators=(",", ":")).encode())
        return f"{body}.{_signature(vault, body)}"


def new_state(vault: Vault, random: Randomness, tenant: str, connection: str, purpose: str, now: datetime) -> str:
    """A fresh one, 256 random bits in it."""
    ends = int((now + STATE_LIFE).timestamp())
    return SignedState(tenant, connection, purpose, random.token_urlsafe(_RANDOM_BYTES), ends).sealed(vault)


def read_state(vault: Vault, text: str, now: datetime) -> SignedState | None:
    """What was signed; None for anything that we did not sign, or not lately."""
    body, dot, signature = text.partition(".")
    if not dot or len(text) > MAX_STATE or not text.isascii() or not hmac.compare_digest(signature, _signature(vault, body)):
        return None
    try:
        state = SignedState(*json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (binascii.Error, ValueError, TypeError):
        return None
    return state if state.expires_at > now.timestamp() else None


def place_of_code(tenant_id: str, connection_id: str, state: str) -> Place:
    """Where a code that was handed on opens: at the callback of this connection, with this state, and nowhere else."""
    return Place(tenant_id, "shared_callback", "code", f"{connection_id} {state}")


def shared_registrations(settings: Settings) -> dict[str, SharedRegistration]:
    """By kind; those that the operator has."""
    found = {}
    if settings.entra_client_id:
        key = Path(settings.entra_key_file).read_text("utf-8") if settings.entra_key_file else ""
        certificate = Path(settings.entra_certificate_file).read_text("utf-8") if settings.entra_certificate_file else ""
        secret = settings.entra_client_secret.get_secret_value()
        origins = {"authority_host": settings.entra_authority_host, "graph_host": settings.entra_graph_host}
        found["entra"] = SharedRegistration(settings.entra_client_id, secret, certificate, key, origins)
    if settings.google_client_id:
        found["google"] = SharedRegistration(settings.google_client_id, settings.google_client_secret.get_secret_value())
    return found


def completed(kind: Kind, options: Options, consented: tuple[str, ...], shared: Mapping[str, SharedRegistration]) -> Options:
    """The options with what does not stand in them: directories that consent has won, the operator's registration."""
    if isinstance(kind, Consenting):
        options = kind.with_directories(options, consented)
    registration = shared.get(kind.name)
    if registration is not None and isinstance(kind, Shareable) and kind.is_shared(options):
        options = kind.with_registration(options, registration)
    return options


def is_shared(connection: ConnectionConfig, options: Options) -> bool:
    """Does this connection sign in with the operator's registration?"""
    kind = KINDS[connection.kind]
    return isinstance(kind, Shareable) and kind.is_shared(options)


def shared_callback(settings: Settings, kind: str) -> str:
    """The one return address of a shared registration."""
    return f"{settings.base_url}/callback/{kind}"


def _signature(vault: Vault, body: str) -> str:
    return _encoded(hmac.new(vault.derive("shared callback"), body.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
