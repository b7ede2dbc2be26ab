"""What all simulated sites share: a Flask application with the demo's own plain look, and nothing kept in caches."""

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from tenants.ids import new_secret


def make_site(name: str, cookie: str) -> Flask:
    """An empty site called `name`. All sites share one host, so each needs a `cookie` name of its own."""
    site = Flask(__name__)
    site.secret_key = new_secret()
    site.config.update(
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=64_000,
    )
    site.jinja_env.globals["site_name"] = name
    site.register_error_handler(HTTPException, _plain_error)
    site.after_request(_uncached)
    return site


def _plain_error(error: HTTPException) -> tuple[str, int]:
    return render_template("message.html", heading=error.name, sentence=error.description), error.code or 500


def _uncached(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
