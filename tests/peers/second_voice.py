"""An identity provider that nobody here wrote: pysaml2, signing and encrypting with Debian's xmlsec1.

It reads our metadata, judges our requests and writes its own responses. Its time is the system's.
"""

import base64
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import pre_encryption_part
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from werkzeug.wrappers import Request, Response

from tests.peers.people import Person
from tests.peers.saml import posting_page
from tests.peers.xml_signing import saml_key
from tools.needs import find_xmlsec1

NAME_FORM = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
AES_256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class SecondVoice:
    """A WSGI app at `origin`. `how` are pysaml2's own words for what is signed and encrypted."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self.issuer = f"{origin}/metadata"
        self.person = Person()
        self.how: dict[str, Any] = {"sign_assertion": True}
        self.algorithms = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}
        key = saml_key(30)
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "certificate.pem").write_text(key.pem)
        self._config = {
            "entityid": self.issuer,
            "xmlsec_binary": find_xmlsec1(),
            "key_file": str(folder / "key.pem"),
            "cert_file": str(folder / "certificate.pem"),
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (f"{origin}/sso", BINDING_HTTP_REDIRECT),
                            (f"{origin}/sso", BINDING_HTTP_POST),
                        ]
                    },
                    "want_authn_requests_signed": True,
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                    "policy": {"default": {"attribute_restrictions": None, "name_form": NAME_FORM}},
                }
            },
        }

    def metadata(self) -> str:
        return str(entity_descriptor(IdPConfig().load(dict(self._config))))

    def learns(self, sp_metadata: str) -> None:
        self._server = Server(config=IdPConfig().load({**self._config, "metadata": {"inline": [sp_metadata]}}))
        crypto = self._server.sec.crypto
        crypto.encrypt_assertion = partial(_with_aes_key, crypto.encrypt_assertion)

    def answer(self, values: dict[str, str], binding: str) -> tuple[str, dict[str, str]]:
        """Raises pysaml2's own errors for a request that it does not like."""
        signed = {} if binding == BINDING_HTTP_POST else {"sigalg": values["SigAlg"], "signature": values["Signature"]}
        asked = self._server.parse_authn_request(values["SAMLRequest"], binding, relay_state=values["RelayState"], **signed)
        about = self._server.response_args(asked.message, [BINDING_HTTP_POST])
        name = NameID(format=NAMEID_FORMAT_PERSISTENT, text=self.person.subject)
        # Triple DES is what it would encrypt with, and offers no choice.
        with patch("saml2.entity.pre_encryption_part", partial(pre_encryption_part, msg_enc=AES_256)):
            response = self._server.create_authn_response(
                {"mail": [self.person.email], "givenName": [self.person.given_name], "sn": [self.person.family_name]},
                name_id=name,
                authn={"class_ref": PASSWORD_CLASS, "authn_auth": self.issuer},
                in_response_to=about["in_response_to"],
                destination=about["destination"],
                sp_entity_id=about["sp_entity_id"],
                **self.how,
                **self.algorithms,
            )
        encoded = base64.b64encode(str(response).encode()).decode()
        return about["destination"], {"SAMLResponse": encoded, "RelayState": values["RelayState"]}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        binding = BINDING_HTTP_POST if request.method == "POST" else BINDING_HTTP_REDIRECT
        url, form = self.answer(request.values.to_dict(), binding)
        return Response(posting_page(url, form), content_type="text/html")(environ, start_response)


def _with_aes_key(encrypt: Any, statement: Any, key: Any, template: Any, key_type: str, *more: Any) -> Any:
    return encrypt(statement, key, template, "aes-256", *more)
