"""The pages of first login and reset in each of their states."""

from tenants.snapshot import ContactConfig
from tests.support.samples import EMAIL, Sample

ASK = {
    "tx": "txn_1",
    "form_action_url": "/first-login",
    "is_reset": False,
    "application_name": "Travel Expenses",
    "email": "",
    "errors": {},
    "sign_in_url": "/sign-in/again",
    "steps_url": "/activate",
}
CODE = {"tx": "txn_1", "form_action_url": "/reset/code", "email": EMAIL, "restart_url": "/reset", "errors": {}}
CONTACTS = (
    ContactConfig("Acme IT Service Desk", "it@acme.example", "+32 2 555 01 00"),
    ContactConfig("Acme Studio", "help@studio.acme.example", None),
    ContactConfig("Reception", None, "+32 2 555 01 99"),
)
DONE = {"is_reset": False, "is_signed_in": True, "application_name": "Travel Expenses", "continue_url": "/go"}
PAUSED = "The next code can be sent at 09:20 UTC. One that you got within the last 5 minutes still works."

BY_MAIL_SAMPLES: dict[str, Sample] = {
    "first-login": Sample("signin/first_login.html", ASK),
    "first-login-paused": Sample("signin/first_login.html", ASK | {"email": EMAIL, "errors": {"email": PAUSED}}),
    "reset": Sample(
        "signin/first_login.html",
        ASK | {"is_reset": True, "email": EMAIL, "application_name": None, "steps_url": None, "form_action_url": "/reset"},
    ),
    "mailed-code": Sample("signin/code.html", CODE),
    "mailed-code-too-old": Sample(
        "signin/code.html", CODE | {"errors": {"code": "This code is older than 5 minutes. Send a new one below."}}
    ),
    "activate": Sample("signin/activate.html", {"begin_url": "/first-login", "contacts_shown": CONTACTS}),
    "activate-without-mail": Sample("signin/activate.html", {"begin_url": None, "contacts_shown": ()}),
    "reset-link": Sample("signin/invitation.html", {"email": EMAIL, "is_reset": True, "form_action_url": "/activate/x"}),
    "done": Sample("signin/done.html", DONE),
    "done-not-signed-in": Sample("signin/done.html", DONE | {"is_signed_in": False}),
    "reset-done": Sample("signin/done.html", DONE | {"is_reset": True, "is_signed_in": False, "application_name": None}),
}
