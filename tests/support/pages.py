"""Every template with what a view would give it, and a small app that serves them, in both URL spaces."""

from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask, Request, Response, g, make_response, render_template, request
from flask_wtf import CSRFProtect
from werkzeug.routing import MapAdapter

from broker.language import init_language
from broker.look import init_look
from broker.pages import Button, ErrorPage, RuleLine, SignedIn, Tile, Way
from tenants.snapshot import Branding, ContactConfig
from tests.support.account_pages import ACCOUNT_SAMPLES, HOME_BAR
from tests.support.application_pages import APPLICATION_SAMPLES
from tests.support.audit_pages import AUDIT_SAMPLES
from tests.support.by_mail_pages import BY_MAIL_SAMPLES
from tests.support.connection_test_pages import CONNECTION_TEST_SAMPLES
from tests.support.console_application_pages import CONSOLE_APPLICATION_SAMPLES
from tests.support.console_pages import CONSOLE_SAMPLES
from tests.support.console_settings_pages import SETTINGS_SAMPLES
from tests.support.factor_pages import CODE_WRONG, FACTOR_SAMPLES
from tests.support.operator_pages import OPERATOR_SAMPLES
from tests.support.people_pages import PEOPLE_SAMPLES
from tests.support.provider_pages import PROVIDER_SAMPLES
from tests.support.samples import AT, EMAIL, RULES, Sample
from tests.support.support_pages import SUPPORT_SAMPLES
from tests.support.trace_pages import TRACE_SAMPLES

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""That of the product, but that a test may show pages in frames."""
OTPAUTH = "otpauth://totp/Acme%20Group:jane.doe%40acme.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme%20Group"
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="9" fill="#0d6b64"/>'
    b'<path d="M10 26 18 10l8 16z" fill="#fff"/></svg>'
)


ACME = Branding("#0d6b64", LOGO, "image/svg+xml")


@dataclass(frozen=True)
class Host:
    """The part of a tenant's configuration that pages read."""

    name: str = "Acme Group"

    def name_in(self, _language: str) -> str:
        return self.name

    branding: Branding = ACME
    contacts: tuple[ContactConfig, ...] = (
        ContactConfig("Acme IT Service Desk", "it@acme.example", "+32 2 555 01 00"),
        ContactConfig("Acme Studio", "help@studio.acme.example", None),
    )


WAYS = (
    Way("microsoft", "Microsoft", "way-microsoft", "Acme work account", first=True, is_last_used=True),
    Way("google", "Google", "way-google", "For Acme Studio"),
    Way("saml", "Acme company login", "way-saml", "Only inside the company network"),
    Way("local", "E-mail and password", "way-local", "For partners and guests"),
)
SILENT = (replace(WAYS[0], is_silent=True), *WAYS[1:])
STUCK = [Button("Stuck at Microsoft?", "/help/microsoft"), Button("Stuck at Google?", "/help/google")]
PASSWORD = {"tx": "txn_1", "email": EMAIL, "errors": {}, "rules": RULES, "minimum": 8, "maximum": 16}
SIGN_IN = {
    "tx": "txn_1",
    "form_action_url": "/sign-in",
    "application_name": "Travel Expenses",
    "email": "",
    "errors": {},
    "show_email": True,
    "ways": WAYS[:1],
}
LANGUAGE = {
    "title": "Choose your language",
    "tongues": (("en", "English", True), ("de", "Deutsch", False)),
    "hidden": {"back": "/sign-in?tx=txn_1", "tx": "txn_1", "email": EMAIL},
    "form_action_url": "/language",
    "back_url": "/sign-in?tx=txn_1",
}
STEP = {"tx": "txn_1", "email": EMAIL, "restart_url": "/sign-in", "errors": {}}
ENROL = {
    "tx": "txn_1",
    "secret_groups": ["JBSW", "Y3DP", "EHPK", "3PXP"] * 2,
    "otpauth_url": OTPAUTH,
    "errors": {},
}
ERROR = ErrorPage(
    "That account belongs to another organization",
    ["You signed in to Microsoft as jane@brightwater.example. Acme Group accepts accounts of Acme only."],
    [Button("Use another Microsoft account", "/again", primary=True), Button("Other ways to sign in", "/sign-in")],
    icon="person-x",
    reference="K7QF-29XM",
    at=AT,
)
PERSON = SignedIn("Jane Doe", EMAIL, ("Password", "Authenticator app"), AT)
TILES = (
    Tile("Travel Expenses", "expenses.acme.example", "https://expenses.acme.example/", "/t/acme/logo?v=1"),
    Tile("Wiki", "wiki.acme.example", "https://wiki.acme.example/"),
)

HOME = {
    "bar": HOME_BAR,
    "person": PERSON,
    "tiles": TILES,
    "query": "",
    "has_search": False,
    "home_url": "/",
    "console_url": None,
}

DOOR_WRONG = {"password": "The e-mail address, the password or the code is not right."}

SAMPLES: dict[str, Sample] = (
    {
        "door": Sample("signin/door.html", {"tx": "txn_1", "email": "", "errors": {}, "notice": None, "is_again": False}),
        "door-not-right": Sample(
            "signin/door.html", {"tx": "txn_1", "email": EMAIL, "errors": DOOR_WRONG, "notice": None, "is_again": True}
        ),
        "door-paused": Sample(
            "signin/door.html",
            {
                "tx": "txn_1",
                "email": EMAIL,
                "errors": {},
                "notice": "Too many tries. Signing in here is paused until 09:20 UTC.",
                "is_again": False,
            },
        ),
        "door-link": Sample("signin/door_link.html", {"email": EMAIL, "form_action_url": "/activate/door/x"}),
        "door-choose-password": Sample("signin/choose_password.html", PASSWORD | {"is_for_door": True}),
        "door-enrol": Sample("factors/enrol_totp.html", ENROL | {"is_for_door": True}),
        "door-done": Sample("signin/door_done.html"),
        "sign-in": Sample("signin/sign_in.html", SIGN_IN | {"first_login_url": "/first-login?tx=txn_1", "stuck": STUCK}),
        "sign-in-with-passkey": Sample("signin/sign_in.html", SIGN_IN | {"passkey_url": "/sign-in/passkey?tx=txn_1"}),
        "sign-in-address-not-right": Sample(
            "signin/sign_in.html", SIGN_IN | {"email": "jane", "errors": {"email": "This doesn’t look like an address."}}
        ),
        "sign-in-one-button": Sample("signin/sign_in.html", SIGN_IN | {"show_email": False, "application_name": None}),
        "sign-in-buttons": Sample("signin/sign_in.html", SIGN_IN | {"show_email": False, "ways": WAYS[:3]}),
        "sign-in-silent": Sample("signin/sign_in.html", SIGN_IN | {"ways": SILENT[:2]}),
        "sign-in-one-silent-button": Sample("signin/sign_in.html", SIGN_IN | {"show_email": False, "ways": SILENT[:1]}),
        "choose-silent": Sample("signin/choose.html", STEP | {"ways": SILENT}),
        "sign-in-nothing-set-up": Sample("signin/sign_in.html", SIGN_IN | {"show_email": False, "ways": ()}),
        "choose": Sample("signin/choose.html", STEP | {"ways": WAYS, "stuck": STUCK}),
        "link": Sample("signin/link.html", {"tx": "txn_1", "email": EMAIL, "provider": "Microsoft", "ways": WAYS[2:]}),
        "link-confirm": Sample(
            "signin/confirm_link.html", {"tx": "txn_1", "link": "lnk_1", "email": EMAIL, "provider": "Microsoft"}
        ),
        "password": Sample(
            "signin/password.html",
            STEP | {"ways_url": "/sign-in/ways", "first_login_url": "/first-login?tx=txn_1", "reset_url": "/reset?tx=txn_1"},
        ),
        "password-not-right": Sample(
            "signin/password.html",
            STEP
            | {
                "ways_url": None,
                "reset_url": "/reset?tx=txn_1",
                "errors": {"password": "The e-mail address or the password is not right."},
            },
        ),
        "invitation": Sample("signin/invitation.html", {"email": EMAIL, "form_action_url": "/activate/x"}),
        "choose-password": Sample("signin/choose_password.html", PASSWORD),
        "choose-password-leaked": Sample(
            "signin/choose_password.html",
            PASSWORD
            | {
                "rules": [
                    RuleLine("leaked", "Not known from a data leak", False),
                    RuleLine("length", "15 or more", True, "length", 15),
                ],
                "maximum": None,
                "errors": {"new_password": "This password is known from a data leak. Choose another one."},
            },
        ),
        "choose-password-not-the-same": Sample(
            "signin/choose_password.html",
            PASSWORD
            | {"errors": {"new_password": "At least 8 characters", "repeat_password": "The two entries are not the same."}},
        ),
        "renew-password": Sample(
            "signin/choose_password.html",
            PASSWORD | {"has_app_step": False, "why": "Your password is known from a data leak. Choose a new one to go on."},
        ),
        "enrol": Sample("factors/enrol_totp.html", ENROL),
        "enrol-on-own-page": Sample("factors/enrol_totp.html", ENROL | {"cancel_url": "/account"}),
        "enrol-code-not-right": Sample("factors/enrol_totp.html", ENROL | {"errors": CODE_WRONG}),
        "hand-over": Sample("signin/hand_over.html", {"name": "Microsoft", "url": "https://login.example/authorize?a=1&b=2"}),
        "post-over": Sample(
            "signin/post_over.html",
            {
                "name": "Acme company login",
                "url": "https://idp.example/sso?a=1&b=2",
                "fields": {"SAMLRequest": "PHNhbWxwOkF1dGhuUmVxdWVzdA==", "RelayState": 'a"><script>'},
            },
            form_target="https://idp.example",
        ),
        "signed-out": Sample("signin/signed_out.html", {"sign_in_url": "/sign-in"}),
        "signed-out-here-only": Sample(
            "signin/signed_out.html",
            {"sign_in_url": "/sign-in", "left_label": "Acme company login", "onward_url": "/oidc/logout"},
        ),
        "confirm-sign-out": Sample(
            "signin/confirm_sign_out.html",
            {"email": EMAIL, "application_name": "Wiki", "hidden": {"state": 'a"b'}, "stay_url": "/"},
        ),
        "signed-in": Sample(
            "account/signed_in.html",
            HOME | {"console_url": "/console/", "query": "wi", "has_search": True},
        ),
        "signed-in-nothing-found": Sample("account/signed_in.html", HOME | {"tiles": (), "query": "wikki", "has_search": True}),
        "signed-in-nothing-to-open": Sample(
            "account/signed_in.html",
            HOME | {"person": SignedIn("", EMAIL, ("Microsoft",), AT), "tiles": ()},
        ),
        "error": Sample("errors/error.html", {"page": ERROR}),
        "error-of-the-platform": Sample(
            "errors/error.html",
            {
                "page": ErrorPage(
                    "We don’t know this organization",
                    ["Check the link."],
                    icon="signpost-split",
                    tone="",
                    reference="K7QF-29XM",
                    at=AT,
                )
            },
            tenant=False,
        ),
        "front": Sample("signin/front.html", {"is_offered": False, "email": "", "errors": {}}, tenant=False),
        "finder": Sample("signin/front.html", {"is_offered": True, "email": "", "errors": {}}, tenant=False),
        "finder-address-not-right": Sample(
            "signin/front.html",
            {"is_offered": True, "email": "jane.doe", "errors": {"email": "An e-mail address has exactly one @."}},
            tenant=False,
        ),
        "finder-sent": Sample("signin/finder_sent.html", {"again_url": "/"}, tenant=False),
    }
    | ACCOUNT_SAMPLES
    | APPLICATION_SAMPLES
    | BY_MAIL_SAMPLES
    | CONNECTION_TEST_SAMPLES
    | CONSOLE_SAMPLES
    | AUDIT_SAMPLES
    | PEOPLE_SAMPLES
    | {"language": Sample("language.html", LANGUAGE), "language-platform": Sample("language.html", LANGUAGE, tenant=False)}
    | SETTINGS_SAMPLES
    | CONSOLE_APPLICATION_SAMPLES
    | FACTOR_SAMPLES
    | OPERATOR_SAMPLES
    | PROVIDER_SAMPLES
    | SUPPORT_SAMPLES
    | TRACE_SAMPLES
)


class PageApp(Flask):
    """Two URL spaces as in the product: what comes with SCRIPT_NAME `/t/acme` is the tenant's."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(request)
        subdomain = "tenant" if request.script_root else ""
        return self.url_map.bind_to_environ(request.environ, subdomain=subdomain)


def page_app(host: Host | None = None) -> Flask:
    """An app that serves every sample under the strict policy, and the look's own routes."""
    root = Path(__file__).parents[2]
    app = PageApp(__name__, static_folder=None, template_folder=str(root / "templates"))
    app.config.update(SECRET_KEY="only for tests", TESTING=True)
    # Templates name pages of the product, of which none is here.
    app.url_build_error_handlers.append(lambda error, endpoint, values: f"/{endpoint}")
    init_language(app)
    CSRFProtect(app)
    init_look(app)
    app.before_request(lambda: _set_tenant(host or Host()))
    for subdomain in ("", "tenant"):
        app.add_url_rule("/show/<name>", f"show {subdomain}", _show, methods=["GET", "POST"], subdomain=subdomain)
    return app


def address_of(name: str) -> str:
    """Where `page_app` serves a sample; mount the app at `/t/acme` too."""
    return f"{'/t/acme' if SAMPLES[name].tenant else ''}/show/{name}"


def _show(name: str) -> Response:
    sample = SAMPLES[name]
    response = make_response(render_template(sample.template, **sample.context))
    target = f"form-action 'self' {sample.form_target}".rstrip()
    response.headers["Content-Security-Policy"] = POLICY.replace("form-action 'self'", target)
    return response


def _set_tenant(host: Host) -> None:
    g.tenant = host if request.script_root == "/t/acme" else None
