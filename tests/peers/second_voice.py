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
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, class_name, element_to_extension_element
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, EncryptedID, NameID
from saml2.samlp import response_from_string
from saml2.server import Server
from saml2.sigver import pre_encryption_part, pre_signature_part, signed_instance_factory, verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from werkzeug.wrappers import Request, Response

from tests.peers.people import Person
from tests.peers.saml import posting_page
from tests.peers.xml_signing import saml_key
from tools.needs import find_xmlsec1

NAME_FORM = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
AES_256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
_NAME_PATH = "".join(f"/*[local-name()='{name}']" for name in ("Response", "Assertion", "Subject", "EncryptedID", "NameID"))


class SecondVoice:
    """A WSGI app at `origin`. `how` are pysaml2's own words for what is signed and encrypted.

    `hides_name`: the NameID is encrypted. `ended` are the ids of our logout requests, `answers` our answers to its own.
    """

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self.issuer = f"{origin}/metadata"
        self.person = Person()
        self.how: dict[str, Any] = {"sign_assertion": True}
        self.algorithms = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}
        self.hides_name = False
        self.ended: list[str] = []
        self.answers: list[str] = []
        self._folder = folder
        self._sp_metadata = ""
        self._config = {
            "entityid": self.issuer,
            "xmlsec_binary": find_xmlsec1(),
            "service": {
                "idp": {
                    "endpoints": {
                        name: [(f"{origin}/{place}", binding) for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)]
                        for name, place in (("single_sign_on_service", "sso"), ("single_logout_service", "slo"))
                    },
                    "want_authn_requests_signed": True,
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                    "policy": {"default": {"attribute_restrictions": None, "name_form": NAME_FORM}},
                }
            },
            **self._key(30),
        }

    # Itself

    def metadata(self) -> str:
        return str(entity_descriptor(IdPConfig().load(dict(self._config))))

    def rolls(self, number: int, *, keeps_signing: bool) -> None:
        """A further key: published at first, and what signs with `keeps_signing=False`; the one before stays published."""
        old, new = {name: self._config[name] for name in ("key_file", "cert_file")}, self._key(number)
        signing, other = (old, new) if keeps_signing else (new, old)
        self._config |= {**signing, "additional_cert_files": [other["cert_file"]]}
        self.learns(self._sp_metadata)

    def learns(self, sp_metadata: str) -> None:
        self._sp_metadata = sp_metadata
        self._server = Server(config=IdPConfig().load({**self._config, "metadata": {"inline": [sp_metadata]}}))
        crypto = self._server.sec.crypto
        crypto.encrypt_assertion = partial(_with_aes_key, crypto.encrypt_assertion)

    def _key(self, number: int) -> dict[str, str]:
        key = saml_key(number)
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files = {name: self._folder / f"{name}-{number}.pem" for name in ("key_file", "cert_file")}
        files["key_file"].write_bytes(pem)
        files["cert_file"].write_text(key.pem)
        return {name: str(path) for name, path in files.items()}

    # Signing in

    def answer(self, values: dict[str, str], binding: str) -> tuple[str, dict[str, str]]:
        """Raises pysaml2's own errors for a request that it does not like."""
        asked = self._server.parse_authn_request(values["SAMLRequest"], binding, **_proof(values, binding))
        about = self._server.response_args(asked.message, [BINDING_HTTP_POST])
        # Triple DES is what it would encrypt with, and offers no choice.
        with patch("saml2.entity.pre_encryption_part", partial(pre_encryption_part, msg_enc=AES_256)):
            response = self._server.create_authn_response(
                {"mail": [self.person.email], "givenName": [self.person.given_name], "sn": [self.person.family_name]},
                name_id=self._name(),
                authn={"class_ref": PASSWORD_CLASS, "authn_auth": self.issuer},
                in_response_to=about["in_response_to"],
                destination=about["destination"],
                sp_entity_id=about["sp_entity_id"],
                **({"sign_assertion": False} if self.hides_name else self.how),
                **self.algorithms,
            )
        if self.hides_name:
            response = self._without_name(response, about["sp_entity_id"])
        encoded = base64.b64encode(str(response).encode()).decode()
        return about["destination"], {"SAMLResponse": encoded, "RelayState": values["RelayState"]}

    def _name(self) -> NameID:
        return NameID(format=NAMEID_FORMAT_PERSISTENT, text=self.person.subject)

    def _without_name(self, response: Any, sp: str) -> str:
        """The name is encrypted first, and what stands there then is signed, as SAML has it."""
        sec, subject = self._server.sec, response.assertion.subject
        subject.encrypted_id = EncryptedID(extension_elements=[element_to_extension_element(subject.name_id)])
        subject.name_id = None
        certificate = self._folder / "sp.pem"
        (_name, pem) = self._server.metadata.certs(sp, "any", "encryption")[0]
        certificate.write_text(f"-----BEGIN CERTIFICATE-----\n{pem.strip()}\n-----END CERTIFICATE-----\n")
        template = pre_encryption_part(msg_enc=AES_256)
        opened = response_from_string(sec.encrypt_assertion(str(response), str(certificate), template, node_xpath=_NAME_PATH))
        (assertion,) = opened.assertion
        assertion.signature = pre_signature_part(assertion.id, sec.my_cert, 1, **self.algorithms)
        signed: str = signed_instance_factory(opened, sec, [(class_name(assertion), assertion.id)])
        return signed

    # Signing out

    def sign_out(self, where: str, binding: str) -> Any:
        """Its own wish, as it brings a browser to us: a form's fields, or an address."""
        is_form = binding == BINDING_HTTP_POST
        made = self._server.create_logout_request(where, self.issuer, name_id=self._name(), sign=is_form)
        made = made[1] if isinstance(made, tuple) else made
        return self._bound(binding, made, where, "here", is_answer=False)

    def end(self, values: dict[str, str], binding: str) -> tuple[str, Any]:
        """Our wish: what it answers, and by which binding. Raises pysaml2's own errors."""
        asked = self._server.parse_logout_request(values["SAMLRequest"], binding, **_proof(values, binding))
        name = asked.message.name_id
        assert (name.text, name.format) == (self.person.subject, NAMEID_FORMAT_PERSISTENT)
        self.ended.append(asked.message.id)
        about = self._server.response_args(asked.message, [binding])
        made = self._server.create_logout_response(asked.message, [binding], sign=binding == BINDING_HTTP_POST)
        return about["destination"], self._bound(binding, made, about["destination"], values["RelayState"], is_answer=True)

    def hears(self, values: dict[str, str], binding: str, sp: str) -> None:
        """What we answer to its own wish."""
        answer = self._server.parse_logout_request_response(values["SAMLResponse"], binding)
        if binding == BINDING_HTTP_REDIRECT:
            crypto, certificates = self._server.sec.sec_backend, self._server.metadata.certs(sp, "any", "signing")
            assert any(verify_redirect_signature(values, crypto, pem) for _name, pem in certificates)
        self.answers.append(answer.response.status.status_code.value)

    def _bound(self, binding: str, made: Any, where: str, relay_state: str, *, is_answer: bool) -> Any:
        if binding == BINDING_HTTP_POST:
            field = "SAMLResponse" if is_answer else "SAMLRequest"
            return {field: base64.b64encode(str(made).encode()).decode(), "RelayState": relay_state}
        sent = self._server.apply_binding(
            binding, str(made), where, relay_state, response=is_answer, sign=True, sigalg=SIG_RSA_SHA256
        )
        return dict(sent["headers"])["Location"]

    # The web

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        binding = BINDING_HTTP_POST if request.method == "POST" else BINDING_HTTP_REDIRECT
        values = request.values.to_dict()
        if request.path == "/metadata":
            return Response(self.metadata(), content_type="application/samlmetadata+xml")
        if "SAMLResponse" in values:
            self.hears(values, binding, next(iter(self._server.metadata.keys())))
            return Response("Signed out here too.")
        if request.path == "/slo":
            where, answer = self.end(values, binding)
            if binding == BINDING_HTTP_REDIRECT:
                return Response(status=302, headers={"Location": answer})
            return Response(posting_page(where, answer), content_type="text/html")
        url, form = self.answer(values, binding)
        return Response(posting_page(url, form), content_type="text/html")


def _proof(values: dict[str, str], binding: str) -> dict[str, str]:
    """What a request in an address is signed with; one in a form is signed itself."""
    relay_state = {"relay_state": values["RelayState"]}
    if binding == BINDING_HTTP_POST:
        return relay_state
    return {**relay_state, "sigalg": values["SigAlg"], "signature": values["Signature"]}


def _with_aes_key(encrypt: Any, statement: Any, key: Any, template: Any, key_type: str = "", *more: Any, **named: Any) -> Any:
    return encrypt(statement, key, template, "aes-256", *more, **named)
