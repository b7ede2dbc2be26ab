"""The registry of kinds: what a connection's `kind` names."""

from broker.upstream.entra import Entra
from broker.upstream.google import Google
from broker.upstream.kind import Kind
from broker.upstream.oidc import Oidc
from broker.upstream.saml import Saml

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Oidc(), Entra(), Google(), Saml())}
