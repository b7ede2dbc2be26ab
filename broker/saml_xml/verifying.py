"""Is a message that is no response signed as a whole with a known key, and is it as the schema says?"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onelogin.saml2
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as ValidationError
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Library

from broker.saml_xml.xml import Element, Fault

_SCHEMA = Path(onelogin.saml2.__file__).parent / "schemas" / "saml-schema-protocol-2.0.xsd"
_per_thread = threading.local()


def verify_message(root: Element, certificates: Sequence[str]) -> None:
    """Raises Fault unless a message that is no response is signed as a whole, by a key that the connection knows."""
    require_schema(root)
    place = f"/samlp:{etree.QName(root).localname}/ds:Signature"
    try:
        Library.validate_sign(root, xpath=place, multicerts=list(certificates), raise_exceptions=True)
    except ValidationError as error:
        raise Fault("signature", f"python3-saml {error.code}") from None


def require_schema(document: Element) -> None:
    """The schema of SAML 2.0 (saml-schema-protocol-2.0.xsd), as python3-saml brings it along."""
    schema = _kept_schema()
    if not schema.validate(document):
        raise Fault("schema", str(schema.error_log.last_error.message)[:200] if schema.error_log.last_error else "")


def _kept_schema() -> Any:
    """One for each thread: reading it takes milliseconds, and lxml collects its findings in the object itself."""
    if not hasattr(_per_thread, "schema"):
        _per_thread.schema = etree.XMLSchema(etree.parse(_SCHEMA))
    return _per_thread.schema
