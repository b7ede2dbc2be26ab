"""The product put together. `create_app` is the table of contents."""

from flask import Flask, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from broker.account.routes import account
from broker.bounce import bounce
from broker.console.routes import console
from broker.console.set_up_link import set_up_pages
from broker.device import set_device_cookies
from broker.downstream.oidc.routes import back_channel, oidc
from broker.downstream.saml.routes import saml_idp
from broker.errors import init_errors
from broker.finder import finder
from broker.forms import MAX_FIELDS
from broker.headers import init_headers
from broker.health import health
from broker.help.routes import help_pages
from broker.home import home_pages
from broker.kept_answers import KeptAnswers
from broker.language import init_language
from broker.language_switch import language_pages
from broker.last_seen import init_last_seen
from broker.logs import configure_logs, init_logs
from broker.look import init_look
from broker.operator.routes import operator
from broker.places import template_folder
from broker.ports import Ports
from broker.session import init_session, set_cookies
from broker.settings import Settings
from broker.signin.backdoor import hide_door
from broker.signin.routes import signin
from broker.support import support
from broker.tenancy import Entrance, TenantFlask, open_tenant
from broker.trace_page import trace_page
from broker.wiring import make_broker
from tenants.sheets import MAX_BYTES

MAX_BODY_BYTES = 256 * 1024
LARGER_BODIES = {"console.import_sheet": MAX_BYTES + 64 * 1024}
"""Endpoints that take files: what the file may have, and the form around it."""
CSRF_EXEMPT = frozenset(
    {
        "signin.callback",
        "signin.take_saml_response",
        "signin.take_saml_logout",
        "signin.take_logout_token",
        "oidc.authorize",
        "oidc.logout",
        "saml_idp.single_sign_on",
        "saml_idp.single_logout",
    }
)
"""Endpoints that other sites may POST to; with the blueprint `back_channel` this list is closed."""

ROOMS = (
    health,
    finder,
    language_pages,
    bounce,
    signin,
    account,
    help_pages,
    home_pages,
    console,
    set_up_pages,
    support,
    trace_page,
    operator,
    oidc,
    back_channel,
    saml_idp,
)
"""All blueprints."""


def create_app(settings: Settings | None = None, ports: Ports | None = None) -> Flask:
    """The application, wired in the order in which a request meets its parts."""
    settings = settings or Settings()
    configure_logs(settings.log_level)

    app = TenantFlask(__name__, template_folder=str(template_folder()), static_folder=None)
    app.extensions["broker"] = make_broker(settings, ports)
    _configure(app)

    init_logs(app)
    app.before_request(open_tenant)
    app.before_request(hide_door)
    init_session(app)
    _protect_forms(app)
    init_language(app)
    init_errors(app)
    init_look(app)

    for rooms in ROOMS:
        app.register_blueprint(rooms)

    init_last_seen(app)
    app.after_request(set_cookies)
    app.after_request(set_device_cookies)
    init_headers(app)
    _stand_in_front(app, settings)
    return app


def _stand_in_front(app: Flask, settings: Settings) -> None:
    kept = KeptAnswers(app.wsgi_app, app.extensions["broker"].snapshots)
    app.wsgi_app = Entrance(kept, settings)  # type: ignore[method-assign]  # Flask's own way to wrap it


def _configure(app: Flask) -> None:
    app.before_request(_allow_files)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.config.update(
        SECRET_KEY=app.extensions["broker"].vault.derive("flask"),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=MAX_FIELDS,
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, after the tenant is known
        WTF_CSRF_TIME_LIMIT=None,  # bound to the cookie, and as good as that one
        WTF_CSRF_SSL_STRICT=False,  # asks for a Referer, which our pages don't send; the Origin is checked instead
    )


def _allow_files() -> None:
    if request.endpoint in LARGER_BODIES:
        request.max_content_length = LARGER_BODIES[request.endpoint]


def _protect_forms(app: Flask) -> None:
    csrf = CSRFProtect(app)

    def check() -> None:
        if request.blueprint == "back_channel" or request.endpoint in CSRF_EXEMPT:
            return
        if request.method in {"POST", "PUT", "PATCH", "DELETE"} and request.endpoint is not None:
            _check_origin()
            csrf.protect()

    app.before_request(check)


def _check_origin() -> None:
    """A form of ours is posted from our own place; browsers say so in one header or the other."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "null")
    if site not in {"same-origin", "none"} or (origin != "null" and not _is_own(origin)):
        raise CSRFError("posted from another site")


def _is_own(origin: str) -> bool:
    return bool(origin == f"{request.environ['wsgi.url_scheme']}://{request.environ.get('HTTP_HOST', '')}")
