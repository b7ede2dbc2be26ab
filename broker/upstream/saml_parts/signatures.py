"""Which parts of a response are signed with a key that the connection knows: python3-saml and xmlsec answer this.

The library's own judgement of the rest (`is_valid`) is not asked: its clock is the system's, it tolerates 300 s here
and none there, and it reads the schema's files for each response. Every check of it is in `checks.py`, and stricter;
tests/attacks/test_su_library.py compares.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response as LibraryResponse
from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Library

from broker.saml_xml.verifying import require_schema
from broker.saml_xml.xml import ASSERTION, RESPONSE, Element, Fault

# What the library says of where signatures stand, by its numbers; the gate has mostly said it before.
_PLACES = range(ValidationError.WRONG_SIGNED_ELEMENT, ValidationError.WRONG_NUMBER_OF_SIGNATURES_IN_ASSERTION + 1)


def verified_parts(root: Element, certificates: Sequence[str], opened: Element | None = None) -> frozenset[str]:
    """Tags of what is signed: the response, the assertion or both. `opened` is the same with its assertion decrypted.

    `certificates` (PEM) are the connection's; one that the message brings along counts for nothing. Raises Fault where
    something is signed wrongly; the set is empty where nothing is signed.
    """
    require_schema(root)
    if opened is not None:
        require_schema(opened)
    return SignedResponse(_settings(), root, opened).verified(certificates)


class SignedResponse(LibraryResponse):
    """The library's response around a document that the gate has let pass. It can't be made without strictness."""

    def __init__(self, settings: Any, document: Element, opened: Element | None) -> None:
        if not settings.is_strict():
            raise ValueError("python3-saml has to be strict")
        self._settings = settings
        self._error = None
        self.response = None
        self.document = document
        self.decrypted_document = opened
        self.encrypted = opened is not None
        self.valid_scd_not_on_or_after = None

    def verified(self, certificates: Sequence[str]) -> frozenset[str]:
        try:
            signed = self.process_signed_elements()
            if RESPONSE in signed:
                self._verify(self.document, Library.RESPONSE_SIGNATURE_XPATH, certificates)
            if ASSERTION in signed:
                inner = self.decrypted_document if self.encrypted else self.document
                self._verify(inner, Library.ASSERTION_SIGNATURE_XPATH, certificates)
        except ValidationError as error:
            word = "signature_place" if error.code in _PLACES else "signature"
            raise Fault(word, f"python3-saml {error.code}") from None
        return frozenset(signed)

    @staticmethod
    def _verify(document: Element, place: str, certificates: Sequence[str]) -> None:
        Library.validate_sign(document, xpath=place, multicerts=list(certificates), raise_exceptions=True)


@cache
def _settings() -> Any:
    """What the library asks while it looks at signatures. Identity providers and their keys are not its business."""
    place = "https://sp.invalid"
    return LibrarySettings(
        {
            "strict": True,
            "debug": False,
            "sp": {"entityId": place, "assertionConsumerService": {"url": place}},
            "security": {"rejectDeprecatedAlgorithm": True, "requestedAuthnContext": False, "wantAttributeStatement": False},
        },
        sp_validation_only=True,
    )
