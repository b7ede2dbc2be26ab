"""Samples of the console's pages about applications."""

from types import SimpleNamespace

from broker.console.applications.sections import OIDC_SECTIONS
from broker.console.forms import Choice, FormField
from tests.support.console_pages import console_page
from tests.support.samples import EMAIL, Sample

_BACK = ("/console/applications", "Applications")
_ROW = SimpleNamespace(name="Travel Expenses", is_enabled=True, is_file_managed=False)
_VALUES = [("issuer", "Issuer", "https://login.acme.example"), ("client-id", "Client ID", "cli_abcdef")]
_LINES = [("Name", "Travel Expenses"), ("Return addresses", "https://travel.acme.example/callback")]
_ONE = {
    "row": _ROW,
    "is_saml": False,
    "is_told_unproven": False,
    "sections": [(one, _LINES, f"/console/applications/travel/part/{one.key}") for one in OIDC_SECTIONS],
    "values": _VALUES,
    "icon_url": "/t/acme/logo?v=1",
    "icon_form_url": "/console/applications/travel/icon",
    "people_url": "/console/applications/travel/people",
    "secret_url": "/console/applications/travel/secret",
    "removal_url": "/console/applications/travel/remove",
    "preview": [("ID token", '{"sub": "acc_1"}'), ("UserInfo", "{}")],
    "asked_email": EMAIL,
    "may_change": True,
    "back": _BACK,
}
_LIST = {
    "lines": [(SimpleNamespace(name="Travel", saml=None, audience=None, is_enabled=True), "/console/applications/travel")],
    "query": "",
    "has_any": True,
    "list_url": "/console/applications",
    "new_url": "/console/applications/new",
}
_WAYS = (Choice("local", "E-mail and password"), Choice("entra", "Microsoft"))
_FIELDS = [
    FormField("connections", "Ways in that it accepts", "choices", "local", "Empty: all.", choices=_WAYS),
    FormField("sign_in_minutes", "Minutes since the sign-in", "number", "", "How long ago.", "Type a number.", is_focused=True),
]
_PART = {
    "lede": OIDC_SECTIONS[4].lede,
    "fields": _FIELDS,
    "seen": "abc",
    "may_change": True,
    "is_file_managed": False,
    "back": ("/console/applications/travel", "Travel"),
}
_PEOPLE = {
    "people": [
        SimpleNamespace(id="acc_1", email=EMAIL, name="Jane Doe"),
        SimpleNamespace(id="acc_2", email="x@a.example", name=""),
    ],
    "typed": "",
    "is_open_to_all": True,
    "rule_url": "/console/applications/travel/part/people",
    "form_url": "/console/applications/travel/people",
    "first_url": "/console/applications/travel/people",
    "next_url": "/console/applications/travel/people?after=x",
    "may_change": True,
    "is_file_managed": False,
    "back": ("/console/applications/travel", "Travel"),
}
_NEW = {
    "fields": [FormField("name", "Name", "text", "", "What people know it by.", is_required=True, is_focused=True)],
    "saml": [FormField("certificates", "Signing certificates", "area", "", "As PEM.", is_mono=True)],
    "is_saml": False,
    "back": _BACK,
}

_NONE = _LIST | {"lines": [], "has_any": False}
_NOT_FOUND = _LIST | {"lines": [], "query": "zz"}
_RULED = SimpleNamespace(name="Wiki", is_enabled=False, is_file_managed=True)
_BY_FILE = _ONE | {"row": _RULED, "is_saml": True, "may_change": False}
_PART_BY_FILE = _PART | {"may_change": False, "is_file_managed": True, "fields": _FIELDS[:1]}
_UNKNOWN = {"email": "Nobody here has this address."}
_NOBODY = _PEOPLE | {"people": [], "is_open_to_all": False, "errors": _UNKNOWN, "typed": EMAIL}

CONSOLE_APPLICATION_SAMPLES: dict[str, Sample] = {
    "console-applications": console_page("applications/list.html", "Applications", **_LIST),
    "console-applications-none": console_page("applications/list.html", "Applications", **_NONE),
    "console-applications-not-found": console_page("applications/list.html", "Applications", **_NOT_FOUND),
    "console-application": console_page("applications/one.html", "Travel Expenses", **_ONE),
    "console-application-picture-not-right": console_page(
        "applications/one.html",
        "Travel Expenses",
        **(_ONE | {"errors": {"icon": "This is no picture."}, "icon_url": None, "preview": "Nobody here has this address."}),
    ),
    "console-application-by-file": console_page(
        "applications/one.html",
        "Wiki",
        **(
            _ONE
            | {
                "row": SimpleNamespace(name="Wiki", is_enabled=False, is_file_managed=True),
                "is_saml": True,
                "is_told_unproven": True,
                "preview": [("Name", "Nobody has confirmed the address."), ("Attributes", "{}")],
                "may_change": False,
            }
        ),
    ),
    "console-application-part": console_page(
        "settings.html", "Travel: Rules", **(_PART | {"errors": {"sign_in_minutes": "Type a number."}})
    ),
    "console-application-part-by-file": console_page(
        "settings.html",
        "Travel: Rules",
        **_PART_BY_FILE,
    ),
    "console-application-people": console_page("applications/people.html", "People of Travel", **_PEOPLE),
    "console-application-people-none": console_page(
        "applications/people.html",
        "People of Travel",
        **(
            _PEOPLE
            | {"people": [], "is_open_to_all": False, "errors": {"email": "Nobody here has this address."}, "typed": EMAIL}
        ),
    ),
    "console-application-secret": console_page(
        "applications/secret.html", "The secret of Travel", values=_VALUES, next_url="/console/applications/travel"
    ),
    "console-application-new": console_page("applications/new.html", "Add an application", **_NEW),
}
