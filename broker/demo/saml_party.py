"""A SAML service provider made with python3-saml, so that our identity provider is proven by what others use.

It reads an organization's metadata anew for each message: whoever changes a certificate over sees it followed at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth as Library
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as MetadataReader
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request as LogoutRequest

from broker.demo.saml.keys import KeyPair

SECONDS_TO_WAIT = 5
_BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings"
_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_RULES = {
    "authnRequestsSigned": True,
    "logoutRequestSigned": True,
    "logoutResponseSigned": True,
    "wantMessagesSigned": True,
    "wantAssertionsSigned": True,
    "wantAssertionsEncrypted": True,
    "rejectDeprecatedAlgorithm": True,
    "rejectUnsolicitedResponsesWithInResponseTo": True,
    "requestedAuthnContext": False,
}


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An organization as a SAML application knows it."""

    key: str
    organization: str
    metadata_url: str
    """Where it describes itself, which is its entity id too."""
    portal: str
    """Its page of applications, from where people can come without having been asked for."""


@dataclass(frozen=True, slots=True)
class Asserted:
    """What the application was told about somebody."""

    provider: IdentityProvider
    name_id: Mapping[str, str | None]
    """As a LogoutRequest repeats it."""
    session_index: str
    attributes: Mapping[str, list[str]]
    contexts: tuple[str, ...]
    in_response_to: str | None
    """Id of the request that it answers; None where the person came from the portal."""


class SamlError(Exception):
    """The organization's answer is no sign-in; `words` as python3-saml found."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class SamlParty:
    """The protocol side of the application: one entity for each organization, all with one key."""

    pair: KeyPair

    def metadata(self, provider: IdentityProvider) -> bytes:
        """What an organization could read of us."""
        with _told_plainly():
            described: bytes = self._library(provider).get_settings().get_sp_metadata()
            return described

    def begin(self, provider: IdentityProvider, *, is_forced: bool, is_passive: bool) -> tuple[str, str]:
        """Id of a request, and the address that carries it to the organization."""
        with _told_plainly():
            library = self._library(provider)
            address = library.login(url_for("front", _external=True), force_authn=is_forced, is_passive=is_passive)
            return library.get_last_request_id(), address

    def finish(self, provider: IdentityProvider, asked: str | None) -> Asserted:
        """Take the response that the browser posted, to the request of this id. Raises SamlError."""
        with _told_plainly():
            library = self._library(provider)
            library.process_response(asked)
            _require_good(library)
            return Asserted(
                provider=provider,
                name_id={
                    "name_id": library.get_nameid(),
                    "name_id_format": library.get_nameid_format(),
                    "nq": library.get_nameid_nq(),
                    "spnq": library.get_nameid_spnq(),
                },
                session_index=library.get_session_index() or "",
                attributes=library.get_attributes(),
                contexts=tuple(library.get_last_authn_contexts()),
                in_response_to=library.get_last_response_in_response_to(),
            )

    def sign_out(self, leaving: Asserted) -> tuple[str, str]:
        """Id of a LogoutRequest, and the address that carries it to the organization."""
        with _told_plainly():
            library = self._library(leaving.provider)
            address = library.logout(session_index=leaving.session_index, **leaving.name_id)
            return library.get_last_request_id(), address

    def hear(self, provider: IdentityProvider, asked: str | None) -> tuple[list[str], str | None]:
        """What came about signing out: which sessions are over, and where the answer goes; neither for an answer to us."""
        with _told_plainly():
            library = self._library(provider)
            answer: str | None = library.process_slo(keep_local_session=True, request_id=asked)
            _require_good(library)
            over = LogoutRequest.get_session_indexes(library.get_last_request_xml()) if answer else []
            return over, answer

    def _library(self, provider: IdentityProvider) -> Any:
        described = MetadataReader.parse_remote(provider.metadata_url, timeout=SECONDS_TO_WAIT)
        here = {name: url_for(name, key=provider.key, _external=True) for name in ("metadata", "acs", "slo")}
        sp = {
            "entityId": here["metadata"],
            "assertionConsumerService": {"url": here["acs"], "binding": f"{_BINDINGS}:HTTP-POST"},
            "singleLogoutService": {"url": here["slo"], "binding": f"{_BINDINGS}:HTTP-Redirect"},
            "NameIDFormat": _PERSISTENT,
            "x509cert": self.pair.bare,
            "privateKey": self.pair.private,
        }
        return Library(_asked_here(), {"strict": True, "sp": sp, "idp": described["idp"], "security": _RULES})


def _asked_here() -> dict[str, Any]:
    """The request of the moment, as the library reads one."""
    return {
        "https": "on" if request.is_secure else "off",
        "http_host": request.host,
        "script_name": request.path,
        "get_data": request.args,
        "post_data": request.form,
        "query_string": request.query_string.decode(),
        "validate_signature_from_qs": True,
    }


def _require_good(library: Any) -> None:
    if library.get_errors():
        raise SamlError(library.get_last_error_reason() or ", ".join(library.get_errors()))


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn what the library, its parser and its HTTP client raise into SamlError."""
    try:
        yield
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError, etree.XMLSyntaxError, OSError, ValueError) as fault:
        raise SamlError(str(fault)) from fault
