"""Samples of the audit log's pages."""

from dataclasses import replace
from typing import Any

from broker.console.audit_filters import NAMES, Asked
from broker.console.audit_lines import Change, Detail, Line
from broker.console.audit_reference import Known, TraceLine
from tenants.audit_search import Sought
from tests.support.console_pages import console_page
from tests.support.samples import AT, Sample

_LINE = Line(
    id="aud_k3v",
    at=AT,
    what="Login: refused",
    event="login.refused",
    cause="upstream_tenant_mismatch",
    who="jane.doe@acme.example",
    by="",
    about="Microsoft",
    reference="K7QF-29XM",
    address="192.0.2.7",
    url="/console/audit/entry/aud_k3v",
    reference_url="/console/audit/reference?reference=K7QF-29XM",
)
_URLS = {
    "log": "/console/audit",
    "export": "/console/audit/export",
    "ask": "/console/audit/reference",
    "share": "/console/audit/reference",
}
_CHANGED = replace(
    _LINE,
    id="aud_k4v",
    what="Configuration: changed",
    event="configuration.changed",
    cause="",
    by="ada@acme.example",
    reference="",
)
_NOTHING = dict.fromkeys(NAMES, "")
_CHOICES = {
    "event": [("", "Any event"), ("login.refused", "Login: refused")],
    "cause": [("", "Any cause"), ("upstream_tenant_mismatch", "upstream_tenant_mismatch")],
    "connection": [("", "Any connection"), ("entra", "Microsoft")],
    "application": [("", "Any application"), ("travel", "Travel Expenses")],
}
_TRACE = TraceLine(
    at=AT,
    heading="You signed in with another organization’s account",
    cause="upstream_tenant_mismatch",
    detail="directory 5ba7ed00-0000-4000-8000-00000000beef",
    version=3,
    steps=("The answer is signed by a key of the provider.", "Its directory is none of those that are allowed."),
    received=(("tid", "5ba7ed00-0000-4000-8000-00000000beef"), ("name", "<b>Jane</b>")),
    until=AT,
)


def _log(lines: list[Line], typed: dict[str, str] | None = None, **values: Any) -> Sample:
    said = _NOTHING | (typed or {})
    pages = {"newer": None, "older": "/console/audit?older=1~aud_k3v" if lines else None, "first": None}
    asked = Asked(said, Sought(), values.get("errors", {}))
    return console_page(
        "audit.html",
        "Audit log",
        **({"asked": asked, "lines": lines, "choices": _CHOICES, "pages": pages, "most": 50000, "urls": _URLS} | values),
    )


def _entry(**values: Any) -> Sample:
    detail = Detail(_LINE, "You signed in with another organization’s account", [], [("detail", "tid …beef")], None)
    return console_page("audit-entry.html", "Login: refused", detail=replace(detail, **values), urls=_URLS)


def _reference(known: Known, *, may_share: bool) -> Sample:
    more = {"may_share": may_share, "may_read": may_share, "urls": _URLS}
    return console_page("audit-reference.html", "K7QF-29XM", known=known, **more)


AUDIT_SAMPLES: dict[str, Sample] = {
    "console-audit": _log([_LINE, _CHANGED]),
    "console-audit-filtered": _log([_LINE], {"q": "jane.doe@acme.example", "event": "login.refused", "address": "192.0.2.7"}),
    "console-audit-nothing-found": _log([], {"q": "nobody@acme.example"}),
    "console-audit-empty": _log([]),
    "console-audit-wrong-date": _log([], {"since": "tomorrow"}, errors={"since": "Write the date as 2026-11-30."}),
    "console-audit-entry": _entry(),
    "console-audit-entry-of-a-change": _entry(
        line=_CHANGED,
        heading="",
        changes=[Change("label", "Microsoft", "Entra"), Change("networks", "-", "10.0.0.0/8")],
        number=5120,
    ),
    "console-audit-ask": console_page("audit-ask.html", "Look up a reference", typed=""),
    "console-audit-ask-again": console_page(
        "audit-ask.html",
        "Look up a reference",
        typed="K7QF",
        errors={"reference": "A reference has two groups of four, such as K7QF-29XM."},
    ),
    "console-audit-reference": _reference(Known("K7QF-29XM", [_LINE], [_TRACE]), may_share=True),
    "console-audit-reference-linked": _reference(
        Known("K7QF-29XM", [_LINE], [_TRACE], "https://login.acme.example/trace/abc", AT), may_share=True
    ),
    "console-audit-reference-to-read": _reference(
        Known("K7QF-29XM", [], [replace(_TRACE, steps=(), received=(), version=None, detail="")]), may_share=False
    ),
}
