"""The SAML kind alone, without the product around it: there and back again with a simulated provider."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from broker.kept import Kept
from broker.ports import Ports
from broker.saml_xml.keys import OwnKey
from broker.system import SystemRandomness
from broker.upstream.kind import Assertion, FlowContext, ReturnData, Start
from broker.upstream.saml import Saml, SamlOptions
from tenants.signing import SAML as SAML_KEY
from tenants.signing import certificate_of, new_key, rsa_private_key
from tests.peers.saml import Asked, FakeProvider, SamlPeer
from tests.support.clock import START, FakeClock

ACS = "https://login.example/t/acme/saml/main/acs"
SAML = Saml()


@dataclass
class SamlEdge:
    """A provider, what we know of it, and one request of ours on its way."""

    clock: FakeClock
    ports: Ports
    idp: FakeProvider
    options: SamlOptions
    tx: FlowContext
    start: Start
    acs: str = ACS

    @classmethod
    def opened(cls, acs: str = ACS, flow: Mapping[str, Any] | None = None, **options: Any) -> "SamlEdge":
        clock = FakeClock()
        ports = Ports(clock, SystemRandomness(), None, None, Kept(clock))  # type: ignore[arg-type]  # it asks nobody
        idp = SamlPeer("https://saml.example", clock).provider()
        idp.learns(SAML.metadata(SamlOptions(**idp.options(**options)), acs, own_keys()))
        known = SamlOptions(**idp.options(**options))
        return cls(clock, ports, idp, known, *_started(known, ports, acs, flow or {}), acs)

    def again(self, **flow: Any) -> "SamlEdge":
        """Another request to the same provider."""
        self.tx, self.start = _started(self.options, self.ports, self.acs, flow)
        return self

    @property
    def asked(self) -> Asked:
        return self.idp.read(self.start.url, dict(self.start.form) if self.start.form else None)

    def response(self) -> bytes:
        """What the provider answers, as its knobs are now."""
        return self.idp.response(self.asked)

    def finish(self, response: bytes | None = None, *, encoded: str | None = None) -> Assertion:
        """Our side of the return."""
        text = encoded if encoded is not None else base64.b64encode(response or self.response()).decode()
        data = ReturnData("POST", {"SAMLResponse": text, "RelayState": self.tx.state})
        return SAML.finish(self.options, self.tx, data, self.ports)


def _started(options: SamlOptions, ports: Ports, acs: str, flow: Mapping[str, Any]) -> tuple[FlowContext, Start]:
    fresh = ports.randomness.token_urlsafe
    values: dict[str, Any] = {
        "connection": "con_main",
        "callback_url": acs,
        "state": fresh(32),
        "nonce": fresh(32),
        "verifier": fresh(32),
        "now": ports.clock.now(),
        "own_keys": own_keys,
    }
    asking = FlowContext(**(values | flow))
    start = SAML.start(options, asking, ports)
    return FlowContext(**(values | {"kept": start.keep})), start


@cache
def own_keys() -> tuple[OwnKey, ...]:
    """Ours, as a tenant has them."""
    made = new_key(SAML_KEY)
    private = rsa_private_key(json.loads(made.private))
    return (OwnKey(made.kid, private, certificate_of(private, made.kid, START)),)
