"""Opening an encrypted assertion or NameID (XML Encryption, 4.3). What comes out is as unknown as what came in.

xmlsec is handed the encrypted data alone, in the one form that the gate lets pass, and gives bytes; parsing them, and
looking at their shape, is ours. The key managers are kept: making one reads the system's trust store, 12 to 60 ms.
"""

from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from functools import partial
from typing import Any
from xml.sax.saxutils import quoteattr

import xmlsec

from broker.ports import Ports
from broker.saml_xml.gate import MAX_BYTES
from broker.saml_xml.keys import OwnKey
from broker.saml_xml.sending import xmlsec_key
from broker.saml_xml.xml import (
    ASSERTION,
    DS,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_ID,
    NAME_ID,
    SUBJECT,
    XENC,
    Element,
    Fault,
    parse,
)
from broker.upstream.saml_parts.gate import check_shape

_KEPT_FOR = timedelta(days=1)


def open_assertion(root: Element, keys: Sequence[OwnKey], ports: Ports) -> Element:
    """A copy of the response with its assertion opened, of the shape that an open one must have. Raises Fault."""
    return _opened(root, ENCRYPTED_ASSERTION, ASSERTION, keys, ports)


def open_name_id(root: Element, keys: Sequence[OwnKey], ports: Ports) -> Element:
    """The same with the subject's name, once its signature holds: nobody else learns whether something opens."""
    return _opened(root, f"{ASSERTION}/{SUBJECT}/{ENCRYPTED_ID}", NAME_ID, keys, ports)


def has_encrypted_name(root: Element) -> bool:
    """Is the subject's name in something encrypted?"""
    return root.find(f"{ASSERTION}/{SUBJECT}/{ENCRYPTED_ID}") is not None


def _opened(root: Element, path: str, wanted: str, keys: Sequence[OwnKey], ports: Ports) -> Element:
    opened = deepcopy(root)
    encrypted = opened.find(path)
    clear = _parsed(_decrypted(encrypted[0], keys, ports), encrypted)
    encrypted.getparent().replace(encrypted, clear)
    check_shape(opened)
    if clear.tag != wanted:
        raise Fault("encryption_form", "something else was encrypted")
    return opened


def _manager(key: OwnKey) -> Any:
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec_key(key))
    return manager


def _decrypted(data: Element, keys: Sequence[OwnKey], ports: Ports) -> bytes:
    # Typed data would be parsed and put in place by the library; this way it gives bytes.
    data.attrib.pop("Type", None)
    # Which certificate it was encrypted for is a hint, and would be looked for in the trust store.
    for hint in list(data.iterfind(f"{{{DS}}}KeyInfo/{{{XENC}}}EncryptedKey/{{{DS}}}KeyInfo")):
        hint.getparent().remove(hint)
    for key in keys:
        manager = ports.kept.get(("saml_manager", key.kid), partial(_manager, key), ttl=_KEPT_FOR)
        try:
            clear = xmlsec.EncryptionContext(manager).decrypt(deepcopy(data))
        except xmlsec.Error:
            continue
        if isinstance(clear, bytes) and len(clear) <= MAX_BYTES:
            return clear
    raise Fault("decryption", "none of our keys opens it")


def _parsed(clear: bytes, place: Element) -> Element:
    """The one element in the bytes, read with the prefixes that are declared where it stands (XML Encryption, 4.4)."""
    declared = " ".join(
        f"xmlns:{prefix}={quoteattr(uri)}" if prefix else f"xmlns={quoteattr(uri)}" for prefix, uri in place.nsmap.items()
    )
    wrapper = parse(f"<wrapper {declared}>".encode() + clear.strip() + b"</wrapper>")
    if len(wrapper) != 1 or (wrapper.text or "").strip() or (wrapper[0].tail or "").strip():
        raise Fault("encryption_form", "not one element")
    wrapper[0].tail = None
    return wrapper[0]
