"""What a browser says of itself, in words that its owner knows it by: "Chrome on Windows". Decides nothing."""

from collections.abc import Sequence

from flask_babel import gettext as _

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
)
"""In this order: most of them call themselves Chrome and Safari as well."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_HANDHELD = frozenset({"iPhone", "iPad", "Android"})


def device_words(user_agent: str | None) -> str:
    """Browser and system in words, as far as they are known."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or str(_("Unknown device"))


def is_handheld(user_agent: str | None) -> bool:
    """A telephone or a tablet, for the glyph in front."""
    return _first(_SYSTEMS, user_agent) in _HANDHELD


def _first(names: Sequence[tuple[str, str]], user_agent: str | None) -> str:
    return next((name for mark, name in names if mark in (user_agent or "")), "")
