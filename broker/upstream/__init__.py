"""The registry of kinds: what a connection's `kind` names."""

from broker.upstream.entra import Entra
from broker.upstream.kind import Kind
from broker.upstream.oidc import Oidc

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Oidc(), Entra())}
