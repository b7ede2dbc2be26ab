"""A SAML service provider that nobody here wrote: pysaml2, verifying and decrypting with Debian's xmlsec1.

It reads our metadata, signs its own requests and judges our responses. Its time is the system's.
"""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from tests.peers.xml_signing import saml_key
from tools.needs import find_xmlsec1


class SecondServiceProvider:
    """At `origin`; `learns` gives it our metadata."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self.entity_id = f"{origin}/metadata"
        key = saml_key(31)
        (folder / "key.pem").write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "certificate.pem").write_text(key.pem)
        files = {"key_file": str(folder / "key.pem"), "cert_file": str(folder / "certificate.pem")}
        self._config: dict[str, Any] = {
            "entityid": self.entity_id,
            "xmlsec_binary": find_xmlsec1(),
            **files,
            "encryption_keypairs": [files],
            "service": {
                "sp": {
                    "endpoints": {
                        "assertion_consumer_service": [(f"{origin}/acs", BINDING_HTTP_POST)],
                        "single_logout_service": [
                            (f"{origin}/slo", BINDING_HTTP_REDIRECT),
                            (f"{origin}/slo", BINDING_HTTP_POST),
                        ],
                    },
                    "authn_requests_signed": True,
                    "logout_requests_signed": True,
                    "want_response_signed": True,
                    "want_assertions_signed": True,
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                }
            },
        }

    def metadata(self) -> str:
        return str(entity_descriptor(SPConfig().load(dict(self._config))))

    def learns(self, idp_metadata: str) -> None:
        self.client = Saml2Client(config=SPConfig().load({**self._config, "metadata": {"inline": [idp_metadata]}}))

    def asks(self, binding: str, relay_state: str = "deep") -> tuple[str, Any]:
        """Id of a request, and how it is sent: an address, or a page with a form."""
        request_id, info = self.client.prepare_for_authenticate(
            binding=binding, relay_state=relay_state, sign=True, sigalg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256
        )
        return request_id, info

    def takes(self, encoded: str, request_id: str | None) -> Any:
        """Raises pysaml2's own errors for a response that it does not like."""
        outstanding = {request_id: "/"} if request_id else None
        return self.client.parse_authn_request_response(encoded, BINDING_HTTP_POST, outstanding=outstanding)
