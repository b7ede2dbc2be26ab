"""Samples of the console's pages about connections."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from broker.console.connections.add import Sheet
from broker.console.connections.assistants import ASSISTANTS
from broker.console.connections.copies import CopyValue
from broker.console.connections.endings import EndLine
from broker.console.connections.listing import ConnectionLine
from broker.console.connections.one import Fare, TestLine, VersionLine
from broker.console.forms import Choice, FormField
from broker.upstream.kind import Finding
from tenants.connection_versions import Difference
from tenants.group_rules import Difference as GroupDifference
from tests.support.connection_test_pages import FAILED, WORKED
from tests.support.console_frame import console_page
from tests.support.samples import AT, EMAIL, Sample

_BACK = ("/console/connections", "Connections")
_LINES = (
    ConnectionLine("microsoft", "/c/1", "Microsoft", "Microsoft Entra", "way-microsoft", "ok", "Works", "", AT, False),
    ConnectionLine("google", "/c/2", "Google", "Google", "way-google", "bad", "Failing", "", AT, False),
    ConnectionLine("company", "/c/3", "Acme login", "SAML", "way-saml", "warn", "Off", "Version 2 waits, tested", None, True),
)
_LIST = {"lines": _LINES, "wanted": "", "is_empty": False, "may_change": True, "is_local_on": True}
_COPIES = [
    CopyValue("copy-redirect", "Redirect URI", "https://login.example/t/acme/callback/microsoft"),
    CopyValue("copy-logout", "Back-channel logout URI", "https://login.example/t/acme/backchannel/microsoft", "Optional."),
]
_CHOICES = (Choice("existing", "People whose account is linked"), Choice("invited", "Also accounts that wait"))
_FIELDS = [
    FormField("directory", "Directory id", value="8f2d0b7c-51aa-4d0e-93c4-1e6a7720b1d9", is_required=True, is_mono=True),
    FormField("client_id", "Application id", is_required=True, is_mono=True, help="The application (client) id."),
    FormField("client_secret", "Client secret", "password", is_required=True, help="The value, not its id."),
]
_MORE = [
    FormField("label", "What its button says", value="Microsoft", is_required=True),
    FormField("provisioning", "Who may enter", "choice", "invited", choices=_CHOICES, is_required=True),
]
_REST = [
    FormField("networks", "Networks", "lines", "192.0.2.0/24", is_mono=True),
    FormField("shown", "It has a button", "check", "yes", help="Without one, domains lead there."),
    FormField("client_key", "Key of the certificate", "area", is_kept=True),
    FormField("languages", "Languages", "choices", "en\nnl", choices=(Choice("en", "English"), Choice("nl", "Dutch", "draft"))),
    FormField("secret_expires", "The client secret expires on", "date", "2027-01-31"),
]
_ADD: dict[str, Any] = {
    "sheet": Sheet(ASSISTANTS["microsoft"], _COPIES, _FIELDS, _MORE),
    "key": "microsoft",
    "form_error": "",
    "back": _BACK,
    "later_url": "/later",
}
_WRONG = "This should look like 00000000-0000-0000-0000-000000000000."
_SAML = Sheet(
    ASSISTANTS["saml"],
    _COPIES,
    [FormField("metadata_url", "Address of the metadata", "url"), FormField("idp_metadata", "Metadata", "area")],
    _MORE,
)
_SHARED = Sheet(ASSISTANTS["microsoft-shared"], [], [], _MORE)
_ROW = SimpleNamespace(
    key="microsoft", label="Microsoft", is_enabled=True, is_file_managed=False, version=2, options={"metadata_url": "x"}
)
_FARE = Fare("ok", "Works", "", "", "", AT, None, 0)
_ONE: dict[str, Any] = {
    "connection": _ROW,
    "kind": SimpleNamespace(label="Microsoft Entra"),
    "next_step": "",
    "waiting": None,
    "is_tested": False,
    "fare": _FARE,
    "facts": [("Key", "microsoft"), ("Directory id", "8f2d0b7c-51aa-4d0e-93c4-1e6a7720b1d9")],
    "copies": _COPIES,
    "versions": [VersionLine(2, "/v/2", "In force", "ok", AT, ""), VersionLine(1, "/v/1", "Was in force", "", AT, "First")],
    "tests": [
        TestLine(AT, "/t/1", "ok", "Worked", 2),
        TestLine(AT, "/t/2", "bad", "Failed: account_unknown", 1),
        TestLine(AT, None, "", "Nothing came back", 1),
    ],
    "ends": [EndLine("Client secret", "", AT + timedelta(days=12), "It ends in 12 days", "warn")],
    "metadata": None,
    "is_consenting": True,
    "may_change": True,
    "may_test": True,
    "back": _BACK,
}
_RESULT: dict[str, Any] = WORKED | {
    "connection": _ROW,
    "remedy": None,
    "may_switch": True,
    "may_test": True,
    "back": _BACK,
}
_VERSION: dict[str, Any] = {
    "connection": _ROW,
    "version": SimpleNamespace(number=3, note="Other groups", created_at=AT),
    "state": "Tested",
    "made_by": "Jane Doe",
    "found": (Difference("groups_claim", "groups", "teams"), Difference("client_secret", is_secret=True)),
    "can_activate": True,
    "can_roll_back": False,
    "can_test": True,
    "may_change": True,
    "may_test": True,
    "back": _BACK,
}
_OFF: dict[str, Any] = {
    "lost": "37",
    "count": 37,
    "objection": "",
    "is_file_managed": False,
    "cancel_url": "/c/1",
    "back": _BACK,
}
_GROUPS: dict[str, Any] = {
    "text": "Staff => employees\nIT => it [helpdesk]",
    "seen": "x",
    "found": None,
    "is_file_managed": False,
    "may_change": True,
    "back": _BACK,
}
_FOUND = {
    "people": [GroupDifference(EMAIL, ("employees",), (), None, "helpdesk")],
    "count": 1,
    "of": 4218,
    "is_cut": True,
    "unknown": 7,
}
_KNOWN = SimpleNamespace(checked_at=AT, due_at=AT, fault="it did not answer")
_NEW = SimpleNamespace(entity_id="https://idp.acme.example/saml", keys=frozenset({"0123456789abcdef01", "fedcba9876543210ff"}))
_METADATA: dict[str, Any] = {
    "url": "https://idp.acme.example/saml",
    "known": _KNOWN,
    "present": _NEW,
    "news": None,
    "form_error": "",
    "may_change": True,
    "back": _BACK,
}
_NEWS = {"why": "none of the known keys is in it", "at": AT, "mark": "x", "new": _NEW, "added": ["0123"], "gone": []}
_KEY = {"id": "k1", "signs": True, "since": AT, "mark": "0123456789abcdef", "fetched": [("Acme login", AT)], "unread": []}
_OTHER_KEY = _KEY | {"id": "k2", "mark": "fedcba9876543210", "signs": False, "fetched": [], "unread": ["Acme login"]}
_DIRECTORIES = [
    SimpleNamespace(domain="acme.example", directory="8f2d0b7c-51aa-4d0e-93c4-1e6a7720b1d9", bound_at=AT),
    SimpleNamespace(domain=None, directory="9f2d0b7c-51aa-4d0e-93c4-1e6a7720b1d9", bound_at=None),
]
_APPROVAL: dict[str, Any] = {
    "link": "",
    "directories": _DIRECTORIES,
    "can_come": True,
    "may_change": True,
    "form_url": "/approval",
    "back": _BACK,
}


_LINK = SimpleNamespace(
    id="sul_1", created_at=AT, expires_at=AT + timedelta(days=7), revoked_at=None, last_opened_at=AT, last_saved_at=None
)
_LINKS: dict[str, Any] = {
    "link": "",
    "links": [
        (_LINK, True),
        (SimpleNamespace(**vars(_LINK) | {"id": "sul_2", "revoked_at": AT, "last_saved_at": AT}), False),
        (SimpleNamespace(**vars(_LINK) | {"id": "sul_3", "last_opened_at": None}), False),
    ],
    "may_change": True,
    "back": _BACK,
}
_SET_UP: dict[str, Any] = {
    "title": "Set up Company login",
    "sheet": Sheet(ASSISTANTS["microsoft"], _COPIES, _FIELDS, _MORE),
    "dates": [],
    "key": "microsoft",
    "form_error": "",
    "errors": {},
    "notice": "",
    "found": (),
    "until": AT,
    "tested": None,
}


def _page(name: str, title: str, values: dict[str, Any], **more: Any) -> Sample:
    return console_page(f"connections/{name}.html", title, **(values | more))


def _marked(fields: list[FormField], name: str) -> list[FormField]:
    return [replace(one, error=_WRONG, is_focused=True) if one.name == name else one for one in fields]


CONNECTION_CONSOLE_SAMPLES: dict[str, Sample] = {
    "connections": _page("list", "Connections", _LIST),
    "connections-none-found": _page("list", "Connections", _LIST, lines=(), wanted="jnae"),
    "connections-none": _page("list", "Connections", _LIST, lines=(), is_empty=True, is_local_on=False),
    "connections-to-look-at": _page("list", "Connections", _LIST, may_change=False),
    "connection-choose": _page(
        "choose",
        "Add a connection",
        {
            "own": [(one, "/add") for one in ASSISTANTS.values() if "preset" not in one.given],
            "presets": [(one, "/add") for one in ASSISTANTS.values() if "preset" in one.given],
            "back": _BACK,
        },
    ),
    "connection-add": _page("add", "Add Microsoft Entra", _ADD),
    "connection-add-wrong": _page(
        "add",
        "Add Microsoft Entra",
        _ADD,
        errors={"client_id": _WRONG},
        form_error="The two don’t fit together.",
        sheet=Sheet(ASSISTANTS["microsoft"], _COPIES, _marked(_FIELDS, "client_id"), _MORE),
    ),
    "connection-add-saml": _page("add", "Add SAML 2.0", _ADD, sheet=_SAML, key="saml"),
    "connection-add-shared": _page("add", "Add Microsoft Entra", _ADD, sheet=_SHARED),
    "connection-findings": _page(
        "findings",
        "This can’t work yet",
        {
            "found": [
                Finding("bad", "unreachable", "The provider does not answer at https://idp.acme.example."),
                Finding("warn", "clock", "Its clock is a minute off."),
                Finding("ok", "keys", "Its keys can be read."),
            ],
            "connection": _ROW,
            "may_change": True,
            "back": _BACK,
        },
    ),
    "connection": _page("one", "Microsoft", _ONE),
    "connection-draft": _page(
        "one",
        "Microsoft",
        _ONE,
        next_step="test",
        waiting=SimpleNamespace(number=3),
        versions=[],
        tests=[],
        ends=[],
        connection=SimpleNamespace(**vars(_ROW) | {"is_enabled": False, "version": 0}),
        fare=replace(_FARE, tone="", words="Not switched on yet", last_success_at=None),
    ),
    "connection-tested": _page(
        "one", "Microsoft", _ONE, next_step="activate", waiting=SimpleNamespace(number=3), is_tested=True
    ),
    "connection-off": _page("one", "Microsoft", _ONE, next_step="switch_on"),
    "connection-failing": _page(
        "one",
        "Microsoft",
        _ONE,
        fare=replace(_FARE, tone="bad", words="Failed 7 times", cause="Microsoft doesn’t answer", detail="timeout",
                     reference="K7QF-29XM", last_failure_at=AT, failures=7),
        metadata=SimpleNamespace(proposed="x"),
        may_change=False,
        connection=SimpleNamespace(**vars(_ROW) | {"is_file_managed": True}),
    ),
    "connection-edit": _page(
        "edit",
        "Change Microsoft",
        {
            "main": _FIELDS, "common": _MORE, "rest": _REST, "opened": True, "seen": "x", "waits": None,
            "form_error": "", "back": _BACK,
        },
    ),
    "connection-edit-draft": _page(
        "edit",
        "Change Microsoft",
        {
            "main": _marked(_FIELDS, "directory"), "common": _MORE, "rest": _REST, "opened": False, "seen": "x", "waits": 3,
            "form_error": "Jane Doe changed this meanwhile.", "back": _BACK,
        },
        errors={"directory": _WRONG},
    ),
    "connection-result": _page("result", "The test sign-in worked", _RESULT),
    "connection-result-failed": _page(
        "result", "The test sign-in failed", _RESULT | FAILED, may_switch=False, remedy=("/d", "Domains")
    ),
    "connection-version": _page("version", "Version 3", _VERSION),
    "connection-version-before": _page(
        "version", "Version 1", _VERSION, found=(), can_activate=False, can_roll_back=True, can_test=False
    ),
    "connection-switch-off": _page("off", "Switch Microsoft off?", _OFF),
    "connection-switch-off-nobody": _page("off", "Switch Microsoft off?", _OFF, lost="0", count=0),
    "connection-switch-off-refused": _page("off", "Switch Microsoft off?", _OFF, objection="Nobody would have a way in."),
    "connection-groups": _page("groups", "Groups and roles", _GROUPS),
    "connection-groups-preview": _page("groups", "Groups and roles", _GROUPS, found=_FOUND),
    "connection-groups-wrong": _page("groups", "Groups and roles", _GROUPS, errors={"rules": "Line 2: no such role."}),
    "connection-metadata": _page("metadata", "Metadata", _METADATA),
    "connection-metadata-waits": _page("metadata", "Metadata", _METADATA, news=_NEWS, form_error="Look again."),
    "connection-metadata-unread": _page("metadata", "Metadata", _METADATA, known=None, present=None),
    "connection-keys": _page(
        "keys", "Our keys for SAML",
        {"lines": [_KEY, _OTHER_KEY], "form_error": "",
         "may_change": True, "back": _BACK},
    ),
    "connection-keys-one": _page(
        "keys", "Our keys for SAML", {"lines": [_KEY], "form_error": "Not now.", "may_change": True, "back": _BACK}
    ),
    "connection-approval": _page("approval", "Approval by a directory", _APPROVAL),
    "connection-approval-link": _page(
        "approval", "Approval by a directory", _APPROVAL, link="https://login.example/consent/x", directories=[]
    ),
    "connection-approval-none": _page("approval", "Approval by a directory", _APPROVAL, directories=[], can_come=False),
    "connection-links": _page("links", "Hand over to your IT department", _LINKS),
    "connection-links-new": _page("links", "Hand over", _LINKS, link="https://login.example/t/acme/set-up/x"),
    "connection-links-none": _page("links", "Hand over", _LINKS, links=[]),
    "set-up": Sample("set_up/page.html", _SET_UP | {"notice": "Saved as a draft.", "tested": WORKED}),
    "set-up-wrong": Sample(
        "set_up/page.html",
        _SET_UP
        | {
            "sheet": Sheet(ASSISTANTS["microsoft"], _COPIES, _marked(_FIELDS, "client_id"), _MORE),
            "errors": {"client_id": _WRONG},
            "found": [Finding("bad", "unreachable", "The provider does not answer.")],
            "tested": WORKED | FAILED,
        },
    ),
}  # fmt: skip
