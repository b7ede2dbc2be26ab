"""Assets, brand sheet, logo, glyphs and the small helpers of the templates."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import g
from flask.testing import FlaskClient

from broker.icons import SYMBOLS, Icons
from broker.look import STATIC, asset_url, brand, dialled, foldable, initials, when
from broker.pages import Tile
from tenants.snapshot import Branding
from tests.support.pages import LOGO, Host, page_app

TENANT = {"SCRIPT_NAME": "/t/acme"}


@pytest.fixture(scope="module")
def browser() -> FlaskClient:
    return page_app().test_client()


@pytest.mark.parametrize("space", [{}, TENANT], ids=["platform", "tenant"])
@pytest.mark.parametrize("name", ["look.css", "favicon.svg", "copy.js", "password-rules.js"])
def test_an_asset_of_the_asked_version_is_kept_for_good(name: str, space: dict[str, str]) -> None:
    app = page_app()
    with app.test_request_context(environ_overrides=space):
        app.preprocess_request()
        address = asset_url(name)
    assert address.startswith(space.get("SCRIPT_NAME", "") + "/static/")
    answer = app.test_client().get(address.removeprefix("/t/acme"), environ_overrides=space)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_for_a_tenant_that_is_not_there_stays_in_its_url_space() -> None:
    with page_app().test_request_context(environ_overrides={"SCRIPT_NAME": "/t/nobody"}):
        g.tenant = None
        assert asset_url("look.css").startswith("/t/nobody/static/look.css?v=")
        assert brand().name == "Sign in"


def test_an_asset_of_another_version_is_asked_for_again(browser: FlaskClient) -> None:
    assert browser.get("/static/look.css?v=0").headers["Cache-Control"] == "no-cache"


def test_the_sheet_is_bootstrap_and_then_ours(browser: FlaskClient) -> None:
    sheet = browser.get("/static/look.css").text
    assert sheet.index("Bootstrap") < sheet.index("--canvas") < sheet.index(".gate-panel")
    assert "sourceMappingURL" not in sheet


def test_the_sheet_comes_packed_where_the_browser_can_unpack(browser: FlaskClient) -> None:
    plain = browser.get("/static/look.css")
    packed = browser.get("/static/look.css", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["broker.css", "nothing.css", "icons/way-local.svg", "..%2flook.py", "look.css%00"])
def test_nothing_else_is_served(browser: FlaskClient, name: str) -> None:
    assert browser.get(f"/static/{name}").status_code == 404


def test_the_brand_sheet_holds_the_tenants_colour(browser: FlaskClient) -> None:
    answer = browser.get("/brand.css", environ_overrides=TENANT)
    assert answer.content_type == "text/css; charset=utf-8"
    assert "--brand: #0d6b64;" in answer.text


def test_the_logo_may_do_nothing_but_be_seen(browser: FlaskClient) -> None:
    answer = browser.get("/logo", environ_overrides=TENANT)
    assert answer.data == LOGO
    assert answer.content_type == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["/brand.css", "/logo"])
def test_a_tenant_without_branding_has_neither_sheet_nor_logo(address: str) -> None:
    bare = page_app(Host(branding=Branding(None, None, None)))
    assert bare.test_client().get(address, environ_overrides=TENANT).status_code == 404


def test_ac11_a_logo_of_another_type_is_not_served() -> None:
    app = page_app(Host(branding=Branding(None, b"<script>", "text/html")))
    assert app.test_client().get("/logo", environ_overrides=TENANT).status_code == 404


@pytest.mark.parametrize("address", ["/brand.css", "/logo"])
def test_the_platform_has_no_brand(browser: FlaskClient, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_a_new_logo_has_a_new_address() -> None:
    addresses = set()
    for host in (Host(), Host(branding=Branding(None, LOGO + b" ", "image/svg+xml"))):
        app = page_app(host)
        with app.test_request_context(environ_overrides=TENANT):
            app.preprocess_request()
            addresses.add(brand().logo_url)
    assert len(addresses) == 2


def test_every_glyph_that_a_template_names_is_there() -> None:
    icons = Icons(STATIC / "icons")
    sources = "".join(path.read_text() for path in (Path(__file__).parents[2] / "templates").rglob("*.html"))
    named = set(re.findall(r'icon\("([^"]+)"', sources))
    assert len(named) > 8
    assert all(key in icons for key in named | set(SYMBOLS) | {"way-microsoft", "way-google", "way-saml", "way-local"})


def test_a_glyph_is_hidden_unless_it_stands_alone() -> None:
    icon = Icons(STATIC / "icons")
    assert 'aria-hidden="true"' in icon("key")
    assert 'role="img" aria-label="&lt;b&gt;"' in icon("key", "<b>")
    with pytest.raises(KeyError):
        icon("nothing-of-that-name")


def test_a_sprite_without_a_listed_symbol_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.icons.SYMBOLS", (*SYMBOLS, "no-such-glyph"))
    with pytest.raises(LookupError, match="no-such-glyph"):
        Icons(STATIC / "icons")


def test_a_time_is_short_and_in_full() -> None:
    with page_app().test_request_context():
        shown = when(datetime(2026, 11, 21, 9, 14, 30, 5, tzinfo=UTC))
    assert shown == (
        '<time datetime="2026-11-21T09:14:30+00:00" title="21 November 2026, 09:14:30 Coordinated Universal Time">'
        "21 Nov 2026, 09:14 UTC</time>"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("jane.doe@acme.example", "JD"),
        ("t.okafor@lumen.example", "TO"),
        ("jane@acme.example", "J"),
        ("Jane van Doe", "JV"),
        ("@", ""),
        ("élodie_k", "ÉK"),
    ],
)
def test_initials(text: str, shown: str) -> None:
    assert initials(text) == shown


def test_address_folds_before_its_at_and_stays_a_text() -> None:
    assert foldable("ada@acme.example") == "ada<wbr>@acme.example"
    assert foldable("<b>@acme.example") == "&lt;b&gt;<wbr>@acme.example"
    assert foldable("–") == "–"


@pytest.mark.parametrize(("phone", "address"), [("+32 2 555 01 00", "+3225550100"), ("(020) 555-01", "02055501")])
def test_a_phone_number_as_an_address(phone: str, address: str) -> None:
    assert dialled(phone) == address


@pytest.mark.parametrize(("name", "mark"), [("Travel Expenses", "Te"), ("wiki", "Wi"), ("HR", "Hr"), ("X", "X")])
def test_two_letters_for_a_tile(name: str, mark: str) -> None:
    assert Tile(name, "", "").mark == mark
