"""Samples of the console's pages about people, one for each of their states."""

from dataclasses import replace
from types import SimpleNamespace as Row
from typing import Any

from broker.console.forms import Choice, FormField, marked
from broker.console.people.activity import ActivityLine
from broker.console.people.admins import AdminLine
from broker.console.people.bulk import JobLine, JobView
from broker.console.people.imports import JobLink, RowLine, Tally
from broker.console.people.organization_rules import Matter
from broker.console.people.organizations import OrganizationLine, PartContacts
from broker.console.people.person import Browser, Held, Seen, WayCard
from broker.console.people.users import Chip, UserLine
from broker.console.people.words import Glyph
from tenants.accounts import AccountState
from tenants.bulk import Person
from tenants.organizations import Contact
from tenants.snapshot import ContactConfig
from tests.support.console_pages import FRAME, console_page
from tests.support.samples import AT, EMAIL, Sample

MICROSOFT, LOCAL = Glyph("way-microsoft", "Microsoft"), Glyph("way-local", "E-mail and password")
_BACK = ("/console/users", "Users")


def _line(name: str, email: str, state: tuple[str, str] = ("ok", "Active"), **values: Any) -> UserLine:
    columns = {"ways": [MICROSOFT], "organization": "Acme Belgium", "role": "", "last_login_at": AT} | values
    return UserLine(f"acc_{email[:4]}", name, email, "/console/users/acc", tone=state[0], state=state[1], **columns)


LINES = [
    _line("Amina Bakkali", "amina.bakkali@acme.example", ways=[MICROSOFT, LOCAL], role="Owner"),
    _line("Elena Marinescu", "elena@gridpartners.example", ("warn", "Expires 2026-11-30"), ways=[LOCAL]),
    _line("Finn Jørgensen", "finn.jorgensen@acme.example", ("", "Invited"), ways=[], last_login_at=None),
    _line("", "grace.hall.of.the.very.long.department@studio.acme.example", ("bad", "Disabled")),
]
CHOICES = {
    "method": [("", "Any method"), ("local", "E-mail and password"), ("entra", "Microsoft")],
    "state": [("", "Any state"), ("active", "Active")],
    "organization": [("", "All organizations"), ("org_1", "Acme"), ("org_2", "– Acme Belgium")],
    "role": [("", "Any role"), ("owner", "Owner")],
    "sort": [("address", "By address"), ("seen", "Latest sign-in first")],
}
ACTIONS = [("send_link", "Send mail again", False), ("disable", "Disable…", True), ("delete", "Delete…", True)]
URLS = dict.fromkeys(("next", "previous", "clear_all", "new", "import", "export", "bulk"), "/console/users")
USERS = {"lines": LINES, "asked": {}, "chips": [], "choices": CHOICES, "actions": ACTIONS}
_FILTERED = {"asked": {"q": "jnae", "method": "local"}, "chips": [Chip("E-mail and password", "/console/users")]}
_FORM = [
    FormField("email", "E-mail address", "email", is_required=True),
    FormField("name", "Name", value="Jane Doe"),
    FormField("organization", "Organization", "choice", "org_1", choices=[Choice("org_1", "Acme")], is_required=True),
    FormField("expires", "Last day", "date", "2027-03-31", "Empty: the account has no end."),
    FormField("local", "Email login enabled", "check", "yes", "For who does not come by an identity provider."),
]
ACCOUNT = Row(
    id="acc_6f1c2a9e",
    email="jane.doe@acme.example",
    is_email_verified=True,
    name="Jane Doe",
    is_local_enabled=True,
    is_file_managed=False,
    created_at=AT,
    last_login_at=AT,
    factors_reset_at=AT,
)
PASSWORD = Row(created_at=AT, last_used_at=AT, last_address="203.0.113.9", use_count=18)
SEEN = Seen(
    account=ACCOUNT,  # type: ignore[arg-type]  # as much of it as the page shows
    person=Person("acc", EMAIL, "org", AccountState.ACTIVE),
    tone="ok",
    state="Active",
    role="Admin",
    part="Acme Belgium",
    organization="Acme Belgium",
    ends_on="2027-03-31",
    ways=[
        WayCard(
            "Microsoft", "way-microsoft", EMAIL, "6f1c2a9e-04b7-4d1f", "Lead Dispatcher", "+32 2 555 01 77", 1142, AT,
            "198.51.100.24", AT, True, "/console/users/acc/unlink/idn",
        ),
        WayCard("Old Google", "way-google", "", "1179", "", "", 0, None, "", AT, False, None),
    ],
    other_ways=[Glyph("way-saml", "Acme company login")],
    held=Held(PASSWORD, PASSWORD, [Row(label="Phone", created_at=AT, last_used_at=None)], 0, AT),
    groups=[("Dispatch", "Microsoft"), ("Expenses", "")],
    browsers=[
        Browser("ses_1", "Firefox on Linux", "laptop", "198.51.100.24", "Microsoft", AT, False),
        Browser("ses_2", "Safari on iPhone", "phone", "", "", AT, True),
    ],
    events=[ActivityLine("ok", "Signed in, Microsoft", AT), ActivityLine("bad", "That code isn’t right", AT)],
    has_door=True,
)  # fmt: skip
DEEDS = ("local_on", "local_off", "send_link", "disable", "reactivate", "delete", "reset_factors", "end_sessions")
PERSON = {
    "seen": SEEN,
    "may": set(DEEDS) - {"local_on", "reactivate"},
    "deed_urls": {one: f"/console/users/acc/do/{one}" for one in DEEDS},
    "edit_url": "/console/users/acc/edit",
    "end_session_url": "/console/users/acc/session",
    "back": _BACK,
    "audit_url": "/console/audit",
    "is_local_on": True,
}
_NEVER_CAME = {"last_login_at": None, "factors_reset_at": None, "is_file_managed": True, "is_email_verified": False}
NOBODY = {
    "may": set(),
    "edit_url": None,
    "audit_url": None,
    "is_local_on": False,
    "seen": replace(
        SEEN,
        account=Row(**(vars(ACCOUNT) | _NEVER_CAME)),
        ways=[], held=Held(), groups=[], browsers=[], events=[], role="", part="", ends_on="", has_door=False, tone="",
        state="Invited",
    ),
}  # fmt: skip
JOB = JobView("ready", 3, 0, 2, 0, [JobLine(EMAIL, "Your own account")], [], [JobLine("noor@acme.example", "")], True)
_JOB = {
    "effect": "Nobody enters with them any more.",
    "label": "Disable: 2 people",
    "back": _BACK,
    "job_url": "/console/users/bulk/j",
}
TALLY = Tally(2, 1, 5, 0, 1, "staff.xlsx", False)
ROWS = [
    RowLine(2, "new@acme.example", "ok", "New", "name: New · e-mail login on"),
    RowLine(3, "jane.doe@acme.example", "bad", "Not possible", "This person has a role. Change them on their own page."),
]
_IMPORT = {
    "sentence": "", "tally": TALLY, "lines": ROWS, "shown": "", "job_url": "/console/users/import/j", "next_url": "?after=3",
    "first_url": None, "back": ("/console/users/import", "Import users"),
}  # fmt: skip
_MACROS = {"sentence": "It contains macros.", "errors": {"file": "It contains macros."}}
_FIELD = {"name": "A name is one line."}
_SHEET = {"sentence": "", "links": [], "export_url": "/console/users/export", "back": _BACK}


def _users(**values: Any) -> Sample:
    return console_page("people/users.html", "Users", **(USERS | {"urls": URLS} | values))


def _job(view: JobView, title: str) -> Sample:
    return console_page("people/job.html", title, view=view, **_JOB)


def _import(title: str, **values: Any) -> Sample:
    return console_page("people/import_job.html", title, **(_IMPORT | values))


ADMINS = [
    AdminLine("Jane Doe", EMAIL, "Owner", "", "Active", "ok", False, True, AT, "/console/users/a", None),
    AdminLine("", "it@studio.example", "Admin", "Acme Studio", "Disabled", "bad", True, False, None, "/console/users/b", "/c"),
]
TREE = [
    OrganizationLine("Acme", "/console/organizations/root", 0, "", "/console/users", True),
    OrganizationLine("Acme Studio", "/console/organizations/s", 1, "Own rules: Passkeys", "/console/users", False),
]
_DESK = Contact(label="Studio desk", email=None, phone="+32 2 555 01 00")
_RULES = [_FORM[1], FormField("passkeys", "Passkeys", "choice", "off", choices=[Choice("off", "Off here and below")])]
_DAYS = FormField("inactive_days", "Days without sign-in", "number", "90", "Empty: as above it, 365. Only less counts.")
_MATTERS = (
    Matter("life", "Life of accounts", "Rules of this part can be stricter than those above it.", [_DAYS]),
    Matter("passwords", "Passwords", "The main organization rules this for everybody.", []),
)

PEOPLE_SAMPLES: dict[str, Sample] = {
    "console-users": _users(urls=URLS | {"clear_all": None}),
    "console-users-for-auditors": _users(actions=[], urls=dict.fromkeys(URLS)),
    "console-users-nobody-found": _users(lines=[], **_FILTERED),
    "console-users-nobody": _users(lines=[], urls=URLS | {"clear_all": None, "next": None, "previous": None}),
    "console-user": console_page("people/user.html", "Jane Doe", **PERSON),
    "console-user-who-never-came": console_page("people/user.html", "Jane Doe", **(PERSON | NOBODY)),
    "console-user-new": console_page(
        "people/edit.html", "Add user", fields=marked(_FORM, {}, "email"), seen="", sentence="", label="Add user", back=_BACK,
        may_save=True,
    ),
    "console-user-edit-stale": console_page(
        "people/edit.html", "Change Jane Doe", replace(FRAME, done=""), label="Save", seen="f00d", back=_BACK, may_save=True,
        fields=marked(_FORM, {"name": "A name is one line."}), errors={"name": "A name is one line."},
        sentence="Somebody else changed this meanwhile.",
    ),
    "console-user-edit-not": console_page(
        "people/edit.html", "Change Jane Doe", fields=[], seen="", sentence="Has a role.", label="Save", back=_BACK,
        may_save=False,
    ),
    "console-admins": console_page("people/admins.html", "Admins", lines=ADMINS, new_url="/console/admins/new"),
    "console-organizations": console_page("people/organizations.html", "Organizations", lines=TREE, new_url="/console/o"),
    "console-organizations-one": console_page("people/organizations.html", "Organizations", lines=TREE[:1], new_url=None),
    "console-organization": console_page(
        "people/organization.html", "Acme Studio", fields=marked(_RULES, _FIELD, "name"), errors=_FIELD, seen="f00d",
        label="Save",
        sentence="An organization can't be below itself.", back=_BACK, may_save=True, delete_url="/console/o/delete",
        matters=_MATTERS, deviations=["8 characters are enough beside a mailed code: NIST 63B-4 asks for 15 there."],
        part_contacts=PartContacts([(_DESK, "/console/c/1")], (), "/console/c/new"),
    ),
    "console-organization-plain": console_page(
        "people/organization.html", "Acme", fields=_RULES[:1], errors={}, seen="f00d", label="Save", sentence="", back=_BACK,
        may_save=True, delete_url=None, matters=(), deviations=(),
        part_contacts=PartContacts([], (ContactConfig("Acme IT", EMAIL, None),), "/console/c/new"),
    ),
    "console-job": _job(JOB, "Disable these accounts?"),
    "console-job-nothing-due": _job(replace(JOB, due=0), "Disable these accounts?"),
    "console-job-running": _job(replace(JOB, state="running", done=1), "Under way"),
    "console-job-done": _job(replace(JOB, state="done", done=3, failed=1, failures=JOB.left_out), "Disabled."),
    "console-import": console_page("people/import.html", "Import users", **_SHEET),
    "console-import-refused": console_page(
        "people/import.html", "Import users", **(_SHEET | _MACROS),
    ),
    "console-import-found-again": console_page(
        "people/import.html", "Import users", **(_SHEET | {"links": [JobLink("/console/j", "staff.xlsx", "Done", AT)]})
    ),
    "console-import-preview": _import("What this import does"),
    "console-import-wrong": _import("What this import does", tally=replace(TALLY, wrong=1), shown="wrong"),
    "console-import-nothing": _import("What this import does", tally=replace(TALLY, new=0, changed=0), lines=[], next_url=None),
    "console-import-done": _import("Imported", tally=replace(TALLY, is_done=True), first_url="/console", next_url=None),
    "console-import-changed-meanwhile": _import("What this import does", sentence="Jane was changed since this file was read."),
}  # fmt: skip
