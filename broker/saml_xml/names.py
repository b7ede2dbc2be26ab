"""A NameID as an element (Core, 2.2.3)."""

from lxml import etree

from broker.saml_xml.xml import NAME_ID, SAML, Element


def put_name(
    parent: Element | None, value: str, format: str, name_qualifier: str | None = None, sp_name_qualifier: str | None = None
) -> Element:
    """A new one, the last child of `parent` where there is one."""
    attributes = {"Format": format, "NameQualifier": name_qualifier, "SPNameQualifier": sp_name_qualifier}
    said = {name: text for name, text in attributes.items() if text is not None}
    made = etree.Element(NAME_ID, said, nsmap={"saml": SAML}) if parent is None else etree.SubElement(parent, NAME_ID, said)
    made.text = value
    return made
