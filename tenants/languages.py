"""Languages: which ones there are, which a tenant offers, and which of them somebody gets. Pure.

A language is named as BCP 47 does: `de`, `pt-br`, here always in small letters. What browsers and applications ask for is
matched by RFC 4647, 3.4: `de-AT` gets `de` where there is no `de-at`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

SOURCE = "en"
"""The language in which texts are written in the code."""
NAMES = {"en": "English", "de": "Deutsch"}
"""Every language that the product speaks, with its own name for itself."""
LANGUAGES = tuple(NAMES)
OTHERS = "others"
"""Among the texts of a tenant by language: the one for all that have none of their own."""
MAX_ASKED = 1000
"""What is longer than so many characters asks for nothing."""
_MOST = 20
"""So many wishes are looked at, the first ones."""
_TAG = re.compile(r"[a-z]{1,8}(-[a-z0-9]{1,8}){0,7}")
_QUALITY = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Languages:
    """What a tenant offers, in its order, and what somebody gets of whom nothing else is known."""

    offered: tuple[str, ...] = LANGUAGES
    default: str = SOURCE

    @property
    def has_choice(self) -> bool:
        """Is there more than one?"""
        return len(self.offered) > 1


ALL = Languages()
"""Of pages that are no tenant's, and of tenants that say nothing."""


def offer(offered: Iterable[str] | None, default: str | None) -> Languages:
    """From what a tenant says. A language that the product has no longer is left out."""
    known = tuple(one for one in offered or LANGUAGES if one in NAMES) or LANGUAGES
    return Languages(known, default if default in known else default_of(known))


def default_of(offered: tuple[str, ...]) -> str:
    """Of a tenant that names none: English where it is offered, else the first."""
    return SOURCE if SOURCE in offered else offered[0]


NAME = "names"
OWN_TEXTS = ("introduction", "privacy", "imprint")
"""What a tenant says on its pages, beside its names, as it is stored and as its file calls it."""
Texts = str | Mapping[str, str]
"""What a tenant says in its own words: the same for all languages, or by language."""


def text_in(texts: Texts | None, language: str, default: str) -> str:
    """The text for a language: its own, the one for the others, or that of the tenant's default. Empty: none of them."""
    if texts is None or isinstance(texts, str):
        return texts or ""
    return texts.get(language) or texts.get(OTHERS) or texts.get(default) or ""


def with_text(texts: Texts | None, language: str, text: str) -> Texts:
    """The same with another text for one language, or for the others; an empty one takes it away."""
    known = {OTHERS: texts} if isinstance(texts, str) else dict(texts or {})
    left = {one: said for one, said in (known | {language: text}).items() if said}
    return left[OTHERS] if set(left) == {OTHERS} else left


@lru_cache(maxsize=1024)
def language_for(of: Languages, chosen: str = "", asked: str = "", kept: str = "", accepted: str = "") -> str:
    """The first that applies and is offered.

    `chosen`: by the person, here. `asked`: by the application, a list divided by spaces (OpenID Connect Core, 3.1.2.1).
    `kept`: with the account of a person who is known. `accepted`: the browser's Accept-Language (RFC 9110, 12.5.4).
    """
    if chosen in of.offered:
        return chosen
    return asked_of(of, asked) or (kept if kept in of.offered else "") or accepted_of(of, accepted) or of.default


def asked_of(of: Languages, asked: str) -> str:
    """Which language of these a list of wishes means, divided by spaces, the most wanted first; empty: none."""
    wishes = asked.lower().split()[:_MOST] if len(asked) <= MAX_ASKED else []
    return next((found for wish in wishes if (found := _matched(wish, of.offered))), "")


def accepted_of(of: Languages, header: str) -> str:
    """Which language of these an Accept-Language header prefers; empty: none, or it can't be read."""
    wishes = list(_wishes(header)) if len(header) <= MAX_ASKED else []
    refused = {wish for wish, quality in wishes if not quality}
    free = tuple(one for one in of.offered if one not in refused)
    for wish, quality in sorted(wishes, key=lambda one: -one[1]):
        found = _any_of(of, free) if wish == _ANY else _matched(wish, free)
        if quality and found:
            return found
    return ""


def _wishes(header: str) -> Iterator[tuple[str, float]]:
    """Each language range of the header with its weight, 0 to 1; what is neither is passed over."""
    for part in header.lower().split(",")[:_MOST]:
        wish, semicolon, weight = (piece.strip() for piece in part.partition(";"))
        quality = _QUALITY.fullmatch(weight) if semicolon else None
        if (wish == _ANY or _TAG.fullmatch(wish)) and (quality or not semicolon):
            yield wish, float(quality[1]) if quality else 1.0


def _any_of(of: Languages, free: tuple[str, ...]) -> str:
    return of.default if of.default in free else next(iter(free), "")


def _matched(wish: str, offered: tuple[str, ...]) -> str:
    """Lookup of RFC 4647, 3.4: the wish itself, then ever shorter, without a single letter at its end."""
    if not _TAG.fullmatch(wish):
        return ""
    parts = wish.split("-")
    while parts:
        if (tag := "-".join(parts)) in offered:
            return tag
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
    return ""
