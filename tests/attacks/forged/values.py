"""SU-06, SU-11 to SU-14, SU-16, SU-18, SU-19, SU-22: the true provider signs, and what it says is not good enough."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from lxml import etree

from tests.attacks.forged.variant import Make, Variant, assertion_of, changed, edited, part, said, variant
from tests.peers.saml import instant
from tests.peers.saml_messages import NAMES, PROTOCOL, SAML
from tests.support.saml_edge import ACS, SamlEdge

US = ACS.replace("/acs", "/metadata")
ELSEWHERE = "https://elsewhere.example/metadata"


def _at(**ahead: float) -> Callable[[SamlEdge], str]:
    """A time relative to now."""
    return lambda edge: instant(edge.clock.now() + timedelta(**ahead))


# SU-06: a name cut short


def _name_of(parts: list[Any]) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        name = part(document, "NameID")
        name.text = "ada@acme.example"
        for one in parts:
            name.append(one())

    return edit


def _comment() -> Any:
    comment = etree.Comment("x")
    comment.tail = ".evil.example"
    return comment


def _instruction() -> Any:
    instruction = etree.ProcessingInstruction("x", "y")
    instruction.tail = ".evil.example"
    return instruction


def _child() -> Any:
    child = etree.Element(f"{{{SAML}}}Audience", nsmap=NAMES)
    child.tail = ".evil.example"
    return child


def _cdata(document: Any) -> None:
    part(document, "NameID").text = etree.CDATA(part(document, "NameID").text)


TRUNCATED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "nameid-comment": (edited(_name_of([_comment])), ("nodes",)),
    "nameid-pi": (edited(_name_of([_instruction])), ("nodes",)),
    "nameid-child": (edited(_name_of([_child])), ("schema", "text")),
    "nameid-cdata": (edited(_cdata), ()),
    "nameid-comment-added": (changed(lambda document: part(document, "NameID").append(_comment())), ("nodes",)),
}

# SU-11, SU-12: for whom


AUDIENCES: dict[str, tuple[list[list[str | None]], tuple[str, ...]]] = {
    "audience-other": ([[ELSEWHERE]], ("audience",)),
    "audience-missing": ([], ("audience",)),
    "audience-empty": ([[None]], ("audience",)),
    "audience-none-in-restriction": ([[]], ("audience", "schema")),
    "audience-second-foreign": ([[US], [ELSEWHERE]], ("audience",)),
    "audience-first-foreign": ([[ELSEWHERE], [US]], ("audience",)),
    "audience-prefix": ([[US[:-1]]], ("audience",)),
    "audience-suffix": ([[f"{US}2"]], ("audience",)),
    "audience-case": ([[US.upper()]], ("audience",)),
    "audience-space": ([[f" {US} "]], ("audience",)),
    "audience-acs": ([[ACS]], ("audience",)),
    "audience-neighbour": ([["https://login.example/t/acme2/saml/main/metadata"]], ("audience",)),
    "audience-one-of-two": ([[ELSEWHERE, US]], ()),
}
PLACES: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "other": "https://elsewhere.example/acs",
    "prefix": ACS[:-1],
    "longer": f"{ACS}2",
    "substring": f"https://evil.example/?{ACS}",
    "neighbour": ACS.replace("/acme/", "/acme2/"),
    "connection": ACS.replace("/main/", "/other/"),
    "slash": f"{ACS}/",
    "query": f"{ACS}?x=1",
    "case": ACS.upper(),
    "http": ACS.replace("https", "http"),
    "port": ACS.replace("login.example", "login.example:443"),
    "space": f" {ACS}",
}

# SU-14: when


TIMES: dict[str, dict[str, Any]] = {
    "conditions-expired": {"not_on_or_after": _at(seconds=-180)},
    "conditions-future": {"not_before": _at(seconds=181)},
    "conditions-ten-years": {"not_on_or_after": _at(days=3650)},
    "conditions-day-and-more": {"not_before": None, "not_on_or_after": _at(hours=24, seconds=1)},
    "conditions-no-end": {"not_on_or_after": None},
    "conditions-offset": {"not_on_or_after": "2099-01-01T00:00:00+02:00"},
    "conditions-no-time": {"not_on_or_after": "soon"},
    "scd-expired": {"scd_not_on_or_after": _at(seconds=-180)},
    "scd-missing": {"scd_not_on_or_after": None},
    "scd-ten-years": {"scd_not_on_or_after": _at(days=3650)},
    "scd-not-before": {"scd_not_before": _at(minutes=-5)},
    "issueinstant-old": {"issue_instant": _at(seconds=-781)},
    "issueinstant-future": {"issue_instant": _at(seconds=181)},
    "issueinstant-2001": {"issue_instant": "2001-01-01T00:00:00Z"},
    "issueinstant-2101": {"issue_instant": "2101-01-01T00:00:00Z"},
    "issueinstant-assertion-old": {"assertion_issue_instant": _at(seconds=-781)},
    "issueinstant-assertion-future": {"assertion_issue_instant": _at(seconds=181)},
    "issueinstant-assertion-2001": {"assertion_issue_instant": "2001-01-01T00:00:00Z"},
    "issueinstant-no-day": {"issue_instant": "2026-02-30T00:00:00Z"},
    "authninstant-future": {"authn_instant": _at(seconds=181)},
    "session-ended": {"session_not_on_or_after": _at(seconds=-180)},
}
TOLERATED: dict[str, dict[str, Any]] = {
    "conditions-just-ended": {"not_on_or_after": _at(seconds=-170), "not_before": _at(seconds=-500)},
    "conditions-just-before": {"not_before": _at(seconds=170)},
    "scd-just-ended": {"scd_not_on_or_after": _at(seconds=-170)},
    "issueinstant-just-ahead": {"issue_instant": _at(seconds=170), "assertion_issue_instant": _at(seconds=170)},
    "authninstant-old": {"authn_instant": _at(days=-20)},
    "authninstant-just-ahead": {"authn_instant": _at(seconds=170)},
    "conditions-fraction": {"not_on_or_after": "2021-03-02T09:05:00.123456789Z"},
}

# SU-16, SU-18, SU-19


REQUESTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "env-no-inresponseto": ("su16", {"in_response_to": None}, "inresponseto"),
    "irt-other": ("su16", {"in_response_to": "_other", "scd_in_response_to": "_other"}, "inresponseto"),
    "irt-envelope-other": ("su16", {"in_response_to": "_other"}, "inresponseto"),
    "irt-envelope-empty": ("su16", {"in_response_to": ""}, "schema"),
    "irt-scd-other": ("su16", {"scd_in_response_to": "_other"}, "inresponseto"),
    "irt-scd-missing": ("su16", {"scd_in_response_to": None}, "inresponseto"),
    "irt-none-anywhere": ("su18", {"in_response_to": None, "scd_in_response_to": None}, "unsolicited"),
}
ISSUERS: dict[str, dict[str, Any]] = {
    "issuer-other": {"issuer": ELSEWHERE, "assertion_issuer": ELSEWHERE},
    "issuer-assertion-other": {"assertion_issuer": ELSEWHERE},
    "issuer-response-other": {"issuer": ELSEWHERE},
    "issuer-empty": {"issuer": "", "assertion_issuer": ""},
    "issuer-assertion-empty": {"assertion_issuer": ""},
    "issuer-response-empty": {"issuer": ""},
    "issuer-space": {"assertion_issuer": lambda edge: f" {edge.idp.entity_id} "},
    "issuer-case": {"assertion_issuer": lambda edge: edge.idp.entity_id.upper()},
    "issuer-prefix": {"assertion_issuer": lambda edge: edge.idp.entity_id[:-1]},
}


def _issuer_format(document: Any) -> None:
    for issuer in document.iter(f"{{{SAML}}}Issuer"):
        issuer.set("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")


# SU-22


_MAIL = [("email", ["ada@acme.example"])]
VICTIMS = "victim@acme.example"
ATTRIBUTES: dict[str, tuple[list[tuple[str, list[str | None]]], str]] = {
    "attr-two-mails": ([("email", ["ada@acme.example", VICTIMS])], "attribute"),
    "attr-two-mail-attributes": ([*_MAIL, ("email", [VICTIMS])], "attribute"),
    "attr-html": ([("email", ["<b>ada@acme.example</b>"])], "email"),
    "attr-crlf": ([("email", ["ada@acme.example\r\nBcc: x@evil.example"])], "email"),
    "attr-lookalike": ([("email", ["ada＠acme.example"])], "email"),
    "attr-invisible": ([("email", ["ada\u200b@acme.example"])], "email"),
    "attr-long": ([("email", ["a" * 64_000])], "attribute"),
    "attr-long-name": ([*_MAIL, ("firstName", ["a" * 64_000])], "attribute"),
}


def _child_in_value(document: Any) -> None:
    value = part(document, "AttributeValue")
    value.text = "victim@acme.example"
    etree.SubElement(value, f"{{{SAML}}}NameID").text = "x"


def _friendly(document: Any) -> None:
    """An attribute of another name that calls itself the mail."""
    statement = part(document, "AttributeStatement")
    attribute = etree.Element(f"{{{SAML}}}Attribute", {"Name": "other", "FriendlyName": "email"})
    etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = VICTIMS
    statement.insert(0, attribute)


NAME_IDS: dict[str, dict[str, Any]] = {
    "nameid-blank": {"name_id": "   "},
    "nameid-empty": {"name_id": ""},
    "nameid-missing": {"name_id": None},
    "nameid-64k": {"name_id": "a" * 64_000},
    "nameid-256": {"name_id": "a" * 256},
    "nameid-crlf": {"name_id": "ada\r\nadmin"},
    "nameid-tab": {"name_id": "ada\tadmin"},
    "nameid-edge-space": {"name_id": "ada "},
    "nameid-html": {"name_id": "<script>alert(1)</script>"},
    "nameid-lookalike": {"name_id": "ａｄａ"},
    "nameid-ligature": {"name_id": "o\ufb03ce"},
    "nameid-bidi": {"name_id": "ada\u202enimda"},
    "nameid-invisible": {"name_id": "ada\u200b"},
    "nameid-transient": {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
    "nameid-kerberos": {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"},
    "nameid-foreign-qualifier": {"name_qualifier": ELSEWHERE},
    "nameid-foreign-sp-qualifier": {"sp_name_qualifier": ELSEWHERE},
}

# Structure of what is signed


def _twice(name: str, space: str = SAML) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        one = part(document, name, space)
        one.addnext(etree.fromstring(etree.tostring(one)))

    return edit


def _without(name: str) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        one = part(document, name)
        one.getparent().remove(one)

    return edit


def _condition(document: Any) -> None:
    part(document, "Conditions").append(
        etree.fromstring(
            f'<saml:Condition xmlns:saml="{SAML}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:x="urn:x" xsi:type="x:Other"/>'
        )
    )


def _named_condition(document: Any) -> None:
    """Right by the schema, and yet nothing that we know how to meet."""
    part(document, "Conditions").append(
        etree.fromstring(
            f'<saml:Condition xmlns:saml="{SAML}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xsi:type="saml:OneTimeUseType"/>'
        )
    )


def _encrypted_id(document: Any) -> None:
    name = part(document, "NameID")
    encrypted = etree.Element(f"{{{SAML}}}EncryptedID")
    name.getparent().replace(name, encrypted)


def _proxy(document: Any) -> None:
    etree.SubElement(part(document, "Conditions"), f"{{{SAML}}}ProxyRestriction", Count="0")


def _moved_to(space: str) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        for node in assertion_of(document).iter():
            node.tag = f"{{{space}}}{etree.QName(node).localname}"

    return edit


STRUCTURES: dict[str, tuple[str, Make, tuple[str, ...]]] = {
    "subject-twice": ("su22", edited(_twice("Subject")), ("schema", "structure")),
    "conditions-twice": ("su14", edited(_twice("Conditions")), ("schema", "structure")),
    "conditions-missing": ("su14", edited(_without("Conditions")), ("structure",)),
    "confirmation-twice": ("su12", edited(_twice("SubjectConfirmation")), ("subject_confirmation",)),
    "confirmation-missing": ("su12", edited(_without("SubjectConfirmation")), ("subject_confirmation",)),
    "confirmation-data-missing": ("su12", edited(_without("SubjectConfirmationData")), ("subject_confirmation",)),
    "confirmation-holder": ("su12", said(method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), ("subject_confirmation",)),
    "confirmation-sender": ("su12", said(method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), ("subject_confirmation",)),
    "nameid-twice": ("su22", edited(_twice("NameID")), ("schema",)),
    "authn-twice": ("su14", edited(_twice("AuthnStatement")), ("structure",)),
    "authn-missing": ("su14", edited(_without("AuthnStatement")), ("structure",)),
    "status-twice": ("su02", edited(_twice("Status", PROTOCOL)), ("root",)),
    "condition-unknown": ("su14", edited(_condition), ("conditions", "schema")),
    "condition-named": ("su14", edited(_named_condition), ("conditions",)),
    "nameid-encrypted": ("su22", edited(_encrypted_id), ("encryption_form",)),
    "proxy-count-0": ("su11", edited(_proxy), ("proxy",)),
    "saml-1": ("su10", changed(_moved_to("urn:oasis:names:tc:SAML:1.0:assertion")), ("root", "assertion_place")),
    "version": ("su19", said(version="1.1"), ("version",)),
    "assertion-version": ("su19", said(assertion_version="1.1"), ("version",)),
    "issuer-format": ("su19", edited(_issuer_format), ("issuer",)),
    "issuer-missing": ("su19", said(assertion_issuer=None), ("signature_place", "schema")),
    "attr-child": ("su22", edited(_child_in_value), ("attribute",)),
    "attr-friendlyname": ("su22", edited(_friendly), ()),
}


def _addressed() -> Iterator[Variant]:
    for name, (audiences, words) in AUDIENCES.items():
        yield variant("su11", name, said(audiences=audiences), *words)
    for name, value in PLACES.items():
        for what in ("recipient", "destination"):
            yield variant("su12", f"{what}-{name}", said(**{what: value}), what)
    for name, (attack, parts, word) in REQUESTS.items():
        for signs in (("Assertion",), ("Response",)):
            yield variant(attack, name, said(**parts), word, signs=signs)
    for name, parts in ISSUERS.items():
        yield variant("su19", name, said(**parts), "issuer")


def _timed() -> Iterator[Variant]:
    for name, parts in TIMES.items():
        yield variant("su14", name, said(**parts), "time", "schema")
    for name, parts in TOLERATED.items():
        yield variant("su14", name, said(**parts))


def _named() -> Iterator[Variant]:
    for name, (make, words) in TRUNCATED.items():
        yield variant("su06", name, make, *words)
    for name, (attributes, word) in ATTRIBUTES.items():
        yield variant("su22", name, said(attributes=attributes), word)
    for name, parts in NAME_IDS.items():
        yield variant("su22", name, said(**parts), "subject", "schema")
    for name, (attack, make, words) in STRUCTURES.items():
        yield variant(attack, name, make, *words)


VALUES = (*_addressed(), *_timed(), *_named())
