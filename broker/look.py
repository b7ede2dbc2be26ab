"""What every page needs to look right: assets, the tenant's colour and logo, glyphs, and the helpers of the templates.

The assets are served in both URL spaces, because under a tenant's own host there is no other: `init_look` registers
`look` for the platform and `tenant_look` for tenants.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import segno
from flask import Blueprint, Flask, Response, abort, current_app, g, request, url_for
from flask.globals import request_ctx
from flask_babel import get_locale, gettext
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from broker.assets import STYLESHEET, Asset, load_assets, version_of
from broker.brand import brand_sheet
from broker.foot import foot
from broker.icons import Icons
from broker.moments import exact_moment, number_words, short_moment
from broker.whom_to_ask import whom_to_ask

STATIC = Path(__file__).parent / "static"
FOR_GOOD = "public, max-age=31536000, immutable"
LOGO_TYPES = frozenset({"image/svg+xml", "image/png"})
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A logo is somebody else's file. Opened on its own it may style itself, and nothing more."""

platform_look = Blueprint("look", __name__)
tenant_look = Blueprint("tenant_look", __name__, subdomain="tenant")
operator_look = Blueprint("operator_look", __name__, subdomain="operator")


_LOOKS = {"tenant": "tenant_look.asset", "operator": "operator_look.asset"}


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose page this is."""

    name: str
    """The tenant's name; on the platform's own pages "Sign in", because the product's name stands nowhere."""
    is_tenant: bool
    logo_url: str | None
    icon_url: str
    """The small picture of the browser's tab."""
    sheet_url: str | None
    """The tenant's colours; None: the ones of the look."""


def init_look(app: Flask) -> None:
    """Reads the assets, and gives the app its two blueprints and the helpers that templates use.

    A template that names a value which its view did not pass raises, instead of showing nothing.
    """
    app.extensions["look"] = load_assets(STATIC)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset_url=asset_url,
        brand=brand,
        foot=foot,
        icon=Icons(STATIC / "icons"),
        page_language=page_language,
        stylesheet_url=stylesheet_url,
        whom_to_ask=whom_to_ask,
    )
    app.jinja_env.filters.update(
        coded=coded,
        dialled=dialled,
        foldable=foldable,
        initials=initials,
        number=number_words,
        qr_picture=qr_picture,
        when=when,
    )
    app.register_blueprint(platform_look)
    app.register_blueprint(tenant_look)
    app.register_blueprint(operator_look)


_CODE = re.compile(r"`([^`]+)`")
_PLACE = re.compile(r"(?<!\w)\*([A-Z][^*`]*)\*")


def coded(text: object) -> Markup:
    """A sentence whose `names` stand as code, and its *Places* as what they are."""
    marked = _PLACE.sub(r"<i>\1</i>", _CODE.sub(r"<code>\1</code>", str(escape(text))))
    return Markup(marked)  # noqa: S704  # escaped right here


# addresses


def asset_url(name: str) -> str:
    """Where an asset is, in the URL space of the page that asks: also where that names no tenant that exists."""
    adapter = request_ctx.url_adapter
    endpoint = _LOOKS.get((adapter and adapter.subdomain) or "", "look.asset")
    return url_for(endpoint, name=name, v=_assets()[name].version)


def stylesheet_url() -> str:
    """Where the combined style sheet is."""
    return asset_url(STYLESHEET)


def brand() -> Brand:
    """The brand of the page that is being shown."""
    tenant = g.get("tenant")
    if tenant is None:
        adapter = request_ctx.url_adapter
        is_operators = adapter is not None and adapter.subdomain == operator_look.subdomain
        return Brand(gettext("Operator") if is_operators else gettext("Sign in"), False, None, asset_url("favicon.svg"), None)
    branding = tenant.branding
    logo_url = url_for("tenant_look.logo", v=_version(branding.logo)) if branding.logo else None
    sheet_url = url_for("tenant_look.brand_css", v=_version(branding.colour.encode())) if branding.colour else None
    return Brand(tenant.name_in(page_language()), True, logo_url, logo_url or asset_url("favicon.svg"), sheet_url)


# what templates call


def when(moment: datetime) -> Markup:
    """`21 Nov 2026, 09:14 UTC`, with the full time as its title; the moment is aware."""
    instant = moment.astimezone(UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(instant, exact_moment(moment), short_moment(moment))


def initials(text: str) -> str:
    """One or two letters for a face, from a name or an address as it was typed: `jane.doe@acme.example` gives JD."""
    return "".join(word[0] for word in _words(text.partition("@")[0])[:2]).upper()


def foldable(address: str) -> Markup:
    """An e-mail address that goes on in a new line before its @ where it has to, and not in the middle of a word."""
    return Markup("<wbr>@").join(escape(part) for part in address.split("@"))


def dialled(phone: str) -> str:
    """A telephone number as a `tel:` address takes it: digits, and a plus in front if there was one."""
    digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
    return ("+" if phone.strip().startswith("+") else "") + digits


def qr_picture(text: str) -> Markup:
    """A QR code as inline SVG without a size of its own: the style sheet gives it one."""
    picture = segno.make(text, error="m", micro=False).svg_inline(svgclass=None, lineclass=None, omitsize=True)
    return Markup(picture)  # noqa: S704 - drawn by segno: paths only, the text is not in it


def page_language() -> str:
    """The language of the page as the `lang` attribute takes it: `en`, `nl-BE`."""
    return str(get_locale() or "en").replace("_", "-")


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


# routes


@operator_look.get("/operator/static/<name>")
@platform_look.get("/static/<name>")
@tenant_look.get("/static/<name>")
def asset(name: str) -> Response:
    """One of the closed list of assets."""
    found = _assets().get(name)
    if found is None:
        abort(404)
    packs = request.accept_encodings["gzip"] > 0
    response = kept(found.packed if packs else found.body, found.media_type, found.version)
    response.vary.add("Accept-Encoding")
    if packs:
        response.content_encoding = "gzip"
    return response


@tenant_look.get("/brand.css")
def brand_css() -> Response:
    """The tenant's colours."""
    colour = g.tenant.branding.colour
    if not colour:
        abort(404)
    return kept(brand_sheet(colour).encode(), "text/css", _version(colour.encode()))


@tenant_look.get("/logo")
def logo() -> Response:
    """The tenant's logo, under a policy of its own."""
    branding = g.tenant.branding
    if not branding.logo or branding.logo_type not in LOGO_TYPES:
        abort(404)
    response = kept(branding.logo, branding.logo_type, _version(branding.logo))
    response.headers["Content-Security-Policy"] = LOGO_POLICY
    return response


def kept(body: bytes, media_type: str, version: str) -> Response:
    """An answer that a browser keeps for good if it asked for this very version."""
    response = Response(body, content_type=f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type)
    response.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == version else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _assets() -> dict[str, Asset]:
    assets: dict[str, Asset] = current_app.extensions["look"]
    return assets


@lru_cache(maxsize=64)
def _version(body: bytes) -> str:
    """Kept, because every page of a tenant names the version of its logo."""
    return version_of(body)
