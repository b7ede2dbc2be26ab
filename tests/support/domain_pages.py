"""Samples of the console's pages about domains."""

from types import SimpleNamespace
from typing import Any

from broker.console.domains import DomainLine
from broker.console.forms import Choice, FormField
from tests.support.console_frame import console_page
from tests.support.samples import AT, Sample

_BACK = ("/console/domains", "Domains")
_LINES = (
    DomainLine("acme.example", "/d/1", "Only by Microsoft", True, "ok", "Proven by its record", True),
    DomainLine("*.studio.acme.example", "/d/2", "", True, "warn", "Not proven", False),
    DomainLine("gmail.com", "/d/3", "", False, "", "Everybody’s, so nobody’s to prove", False),
)
_LIST: dict[str, Any] = {"lines": _LINES, "wanted": "", "is_empty": False, "may_change": True}
_WAYS = (Choice("", "Nowhere by themselves"), Choice("microsoft", "Microsoft"))
_ONE: dict[str, Any] = {
    "row": SimpleNamespace(id="dom_1", is_file_managed=False, is_allowed=True),
    "proof": None,
    "proof_tone": "warn",
    "proof_words": "Not proven",
    "challenge": SimpleNamespace(conflict_at=None, checked_at=AT),
    "record": (
        "_sso-broker.acme.example",
        "sso-broker-domain=2c1d77e07a5c4a3e8a5b90d1f0b3c6112c1d77e07a",
    ),
    "can_prove": True,
    "fields": [
        FormField("allowed", "Let its addresses in", "check", "yes", help="For sign-ins by an identity provider."),
        FormField("connection", "Its people are sent to", "choice", "microsoft", choices=_WAYS),
    ],
    "leads": "To Microsoft",
    "seen": "x",
    "form_error": "",
    "may_change": True,
    "may_prove": True,
    "back": _BACK,
}
_PROOF = SimpleNamespace(proven_at=AT, failing_since=None)
_WRONG = "An e-mail domain has a dot."
_NAME = FormField("name", "Domain", value="acme", error=_WRONG, is_required=True, is_focused=True)

DOMAIN_SAMPLES: dict[str, Sample] = {
    "domains": console_page("domains.html", "Domains", **_LIST),
    "domains-none-found": console_page("domains.html", "Domains", **_LIST | {"lines": (), "wanted": "jnae"}),
    "domains-none": console_page("domains.html", "Domains", **_LIST | {"lines": (), "is_empty": True}),
    "domain-add": console_page(
        "domain_add.html", "Add a domain", fields=[FormField("name", "Domain", is_required=True, is_focused=True)], back=_BACK
    ),
    "domain-add-wrong": console_page("domain_add.html", "Add a domain", fields=[_NAME], errors={"name": _WRONG}, back=_BACK),
    "domain": console_page("domain.html", "acme.example", **_ONE),
    "domain-proven": console_page(
        "domain.html", "acme.example", **_ONE | {"proof": _PROOF, "proof_tone": "ok", "form_error": "Test Microsoft first."}
    ),
    "domain-failing": console_page(
        "domain.html", "acme.example", **_ONE | {"proof": SimpleNamespace(proven_at=AT, failing_since=AT), "may_change": False}
    ),
    "domain-conflict": console_page(
        "domain.html", "acme.example", **_ONE | {"challenge": SimpleNamespace(conflict_at=AT, checked_at=None)}
    ),
    "domain-public": console_page("domain.html", "gmail.com", **_ONE | {"can_prove": False, "record": None, "challenge": None}),
    "domain-without-record": console_page("domain.html", "acme.example", **_ONE | {"record": None, "challenge": None}),
}
