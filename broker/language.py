"""The language of a page: found when its first text is looked up, from what the request has at hand (no statement).

The first that applies and is offered: what the person chose in this browser; what the application asked for
(`ui_locales`); what is kept with the account, once its person has proven to be it and never before (IR-08); what the
browser accepts; the tenant's default. Pages of no tenant have all languages. Answers without words never come here. A page
is in one language: what becomes known after its first text changes the next page.
"""

from collections.abc import Mapping

from babel import Locale
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel

from broker.tenancy import cookie_scope
from tenants.languages import ALL, LANGUAGES, MAX_ASKED, SOURCE, Languages, language_for

CHOSEN = "lang"
"""Name of the cookie that keeps a choice, without the prefix of its place."""
CHOSEN_SECONDS = 400 * 86400
"""As long as browsers keep any cookie."""
LOCALES: Mapping[str, Locale] = {language: Locale.parse(language, sep="-") for language in LANGUAGES}


def init_language(app: Flask) -> None:
    """Give the app its catalogues and say for each request which one it is."""
    Babel(app, default_locale=SOURCE, locale_selector=_locale)
    app.after_request(_name_language)


def languages() -> Languages:
    """What is offered at this place."""
    tenant = g.get("tenant")
    offered: Languages = tenant.branding.languages if tenant is not None else ALL
    return offered


def language() -> str:
    """Of the page that is being made, as the `lang` attribute takes it: `en`, `pt-br`. Settled by the first who asks."""
    settled = g.get("page_language")
    if settled is None:
        settled = g.page_language = language_for(
            languages(),
            chosen=_bounded(request.cookies.get(cookie_scope()[0] + CHOSEN, "")),
            asked=g.get("asked_languages", ""),
            kept=g.get("kept_language") or "",
            accepted=_bounded(request.headers.get("Accept-Language", "")),
        )
    return str(settled)


def _bounded(text: str) -> str:
    """What strangers send as they like is not kept at any length."""
    return text if len(text) <= MAX_ASKED else ""


def ask_language(wishes: str) -> None:
    """An application asks for a language of these, divided by spaces (OpenID Connect Core, 3.1.2.1)."""
    g.asked_languages = _bounded(wishes)


def know_language(kept: str | None) -> None:
    """Who reads this has proven who they are, and this is kept with their account."""
    g.kept_language = kept


def _locale() -> Locale:
    """For flask-babel, which asks once a request. Outside of requests somebody says it (`force_locale`)."""
    return LOCALES[language() if has_request_context() else SOURCE]


def _name_language(response: Response) -> Response:
    """Of a page; what a redirect or a document says is in none."""
    shown = g.get("page_language")
    if shown and response.mimetype == "text/html" and not 300 <= response.status_code < 400:
        response.headers["Content-Language"] = shown
        response.vary.add("Accept-Language")
    return response
