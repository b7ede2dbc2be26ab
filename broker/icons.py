"""The glyphs of the pages as inline SVG: our own, and a few symbols of Bootstrap Icons out of the installed sprite.

Inline, because the sprite weighs over a megabyte and an inline glyph takes the colour of its text.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup, escape

SYMBOLS = (
    "arrow-left",
    "arrow-repeat",
    "arrow-right",
    "at",
    "box-arrow-in-right",
    "box-arrow-right",
    "building",
    "check-circle",
    "check-circle-fill",
    "chevron-right",
    "circle",
    "clock-history",
    "cloud-slash",
    "copy",
    "dash-lg",
    "diagram-3",
    "door-closed",
    "download",
    "envelope",
    "exclamation-circle",
    "exclamation-triangle",
    "eye",
    "fingerprint",
    "globe2",
    "grid",
    "hourglass-split",
    "house",
    "info-circle",
    "journal-text",
    "key",
    "laptop",
    "link-45deg",
    "list",
    "lock",
    "palette",
    "pause-circle",
    "pencil",
    "people",
    "person-gear",
    "person-badge",
    "person-slash",
    "person-x",
    "phone",
    "plug",
    "plus-lg",
    "printer",
    "question-circle",
    "search",
    "shield-check",
    "shield-lock",
    "signpost-split",
    "sliders",
    "sliders",
    "translate",
    "trash",
    "upload",
    "x-lg",
)
"""The symbols of Bootstrap Icons that a template or an answer names; add a key here before using it."""

SPRITE = "static/bootstrap5/icons/bootstrap-icons.svg"
_SYMBOL = re.compile(r'<symbol[^>]* id="([a-z0-9-]+)">(.*?)</symbol>', re.DOTALL)
_OWN = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class Icons:
    """All glyphs by key."""

    def __init__(self, own: Path) -> None:
        """Reads the sprite once, and our own glyphs from a folder. LookupError: the sprite lacks a listed symbol."""
        sprite = files("flask_bootstrap").joinpath(SPRITE).read_text("utf-8")
        self._bodies: Mapping[str, str] = dict(_symbols(sprite)) | dict(_own_glyphs(own))
        if missing := sorted(set(SYMBOLS) - set(self._bodies)):
            raise LookupError(f"the installed Bootstrap Icons have no {', '.join(missing)}")

    def __contains__(self, key: str) -> bool:
        return key in self._bodies

    def __call__(self, key: str, label: str = "") -> Markup:
        """The glyph as markup, hidden from screen readers unless it stands alone and has a label.

        Raises KeyError for a key that nobody listed.
        """
        name = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
        picture = f'<svg class="icon" {name} {self._bodies[key]}</svg>'
        return Markup(picture)  # noqa: S704 - from installed files; the label is escaped above


def _symbols(sprite: str) -> Iterator[tuple[str, str]]:
    for found in _SYMBOL.finditer(sprite):
        if found[1] in SYMBOLS:
            yield found[1], f'viewBox="0 0 16 16" fill="currentColor">{found[2]}'


def _own_glyphs(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.svg")):
        if found := _OWN.search(path.read_text("utf-8")):
            yield path.stem, f'viewBox="0 0 24 24">{found[1]}'
