"""Samples of the console's pages about the tenant as a whole."""

from broker.console.forms import Choice, FormField
from broker.console.own_words import Tab
from broker.console.policy_sections import SECTIONS, told
from tenants.door_keeping import DoorState, Holder
from tenants.organizations import Contact
from tenants.policies import TenantPolicy
from tests.support.console_pages import console_page
from tests.support.samples import AT, EMAIL, Sample

_POLICY = TenantPolicy(password="l5b", local_enabled=True)
_PASSWORDS = SECTIONS[1]
_FIELDS = [
    FormField(
        "password", "Password rules", "choice", "l5b", "A preset’s name.", choices=(Choice("l5b", "8 to 16"),), is_required=True
    ),
    FormField("passkeys", "People may add passkeys", "check", "yes", "As a second factor, and as a whole sign-in."),
]
_RULES = [FormField("min_length", "Shortest", "number", "4", "In characters.", "Input should be 8 or more.", is_focused=True)]
_SECTION = {
    "section": _PASSWORDS,
    "fields": _FIELDS,
    "rules": _RULES,
    "has_rules": True,
    "effects": ["People who have a password: 37."],
    "deviations": [reason.sentence for reason in _POLICY.deviations],
    "seen": "abc",
    "may_change": True,
    "is_file_managed": False,
    "back": ("/console/policies", "Policies"),
}
_ALL = {
    "is_file_managed": False,
    "may_change": True,
    "local_is_on": True,
    "local_url": "/console/policies/local",
    "deviations": [reason.sentence for reason in _POLICY.deviations],
    "sections": [(one, told(one, _POLICY), f"/console/policies/{one.key}") for one in SECTIONS],
}

_BACK = ("/console/branding", "Branding")
_NAME = FormField("label", "Name", "text", "Acme IT", "Of the help desk or the person.", is_required=True)
_BRANDING = {
    "fields": [
        FormField("colour", "Colour", "text", "#0d6b64", "Of buttons, links and focus."),
        FormField("languages", "Languages", "choices", "en\nde", choices=(Choice("en", "English"), Choice("de", "Deutsch"))),
    ],
    "logo_error": "",
    "has_logo": True,
    "tokens": {"brand": "#0d6b64", "brand-dark": "#62c9b8"},
    "seen": "abc",
    "may_change": True,
    "is_file_managed": False,
    "mails_url": "/console/branding/mails",
    "contacts_url": "/console/branding/contacts",
}
_WORDS = {
    "tabs": [
        Tab("others", "All languages", "/console/branding/mails?language=others", True),
        Tab("de", "Deutsch", "/x", False),
    ],
    "language": "others",
    "fields": [FormField("invitation", "Invitation", "area", "Ask at the desk.", "With the link to set up an account.")],
    "seen": "abc",
    "may_change": True,
    "is_file_managed": False,
    "back": _BACK,
}
_CONTACTS = {
    "lines": [(Contact(label="Acme IT", email=EMAIL, phone="+32 2 555"), "Acme Studio", "/console/branding/contacts/1")],
    "new_url": "/console/branding/contacts/new",
    "may_change": True,
    "is_file_managed": False,
    "back": _BACK,
}
_CONTACT = {"fields": [_NAME], "seen": "abc", "may_change": True, "is_file_managed": False, "is_new": False, "back": _BACK}

_DOOR = {
    "state": DoorState(
        ("192.0.2.0/24",),
        AT,
        (
            Holder(EMAIL, True, True, None, AT, AT, AT),
            Holder("max@acme.example", True, True, AT, AT, None, None),
            Holder("new@acme.example", False, False, AT, AT, None, None),
        ),
    ),
    "late": {"max@acme.example"},
    "drill_days": 90,
    "others": [Choice("lea@acme.example", "Lea Lang")],
    "networks": "192.0.2.0/24",
    "typed": "",
    "done": None,
    "seen": "abc",
    "may_change": True,
    "form_url": "/console/door",
}

SETTINGS_SAMPLES: dict[str, Sample] = {
    "console-policies": console_page("policies.html", "Policies", **_ALL),
    "console-policies-by-file": console_page(
        "policies.html", "Policies", **(_ALL | {"is_file_managed": True, "may_change": False, "deviations": []})
    ),
    "console-policy": console_page(
        "policy_section.html", "Passwords", **(_SECTION | {"errors": {"min_length": "Input should be 8 or more."}})
    ),
    "console-policy-by-file": console_page(
        "policy_section.html",
        "Passwords",
        **(_SECTION | {"is_file_managed": True, "may_change": False, "rules": [], "deviations": []}),
    ),
    "console-branding": console_page("branding.html", "Branding", **_BRANDING),
    "console-branding-not-right": console_page(
        "branding.html",
        "Branding",
        **(_BRANDING | {"errors": {"logo": "This is no picture."}, "logo_error": "This is no picture.", "tokens": {}}),
    ),
    "console-branding-by-file": console_page(
        "branding.html", "Branding", **(_BRANDING | {"may_change": False, "is_file_managed": True, "has_logo": False})
    ),
    "console-mail-words": console_page("own_words.html", "Own words", **_WORDS),
    "console-mail-words-by-file": console_page(
        "own_words.html", "Own words", **(_WORDS | {"may_change": False, "is_file_managed": True, "tabs": []})
    ),
    "console-contacts": console_page("contacts.html", "Contacts", **_CONTACTS),
    "console-contacts-none": console_page("contacts.html", "Contacts", **(_CONTACTS | {"lines": []})),
    "console-contact": console_page("contact.html", "Acme IT", **_CONTACT),
    "console-contact-new": console_page("contact.html", "New contact", **(_CONTACT | {"is_new": True, "seen": ""})),
    "console-door": console_page("door.html", "Emergency access", **_DOOR),
    "console-door-opened": console_page(
        "door.html",
        "Emergency access",
        **(_DOOR | {"done": ("The new address of emergency access", "https://acme.example/door/x", "It is shown this once.")}),
    ),
    "console-door-closed": console_page(
        "door.html", "Emergency access", **(_DOOR | {"state": DoorState(None, None, ()), "others": [], "late": set()})
    ),
}
