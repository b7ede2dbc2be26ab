"""What pages are filled with: small immutable values that views build and templates only show.

Contacts and branding are not here: templates take them from `g.tenant`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["", "warn", "bad", "ok"]
"""Colour of a plate: grey, amber, red, green. The heading beside it says the same in words."""

Check = Literal["", "length", "patterns", "words", "same"]
"""How the browser can follow a password rule while somebody types; empty: only the server can tell."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to sign in, as a button. `key` is the connection's key, or `local` for e-mail and password."""

    key: str
    label: str
    """The name alone: "Microsoft", "E-mail and password"."""
    icon: str
    """A key of `broker/icons.py`, mostly one of our own glyphs: `way-microsoft`, `way-saml`, `way-local` …"""
    note: str = ""
    """For whom it is, in one line; empty: no line."""
    first: bool = False
    """Offered first and set off by colour; at most one of a page."""
    is_last_used: bool = False
    """The last sign-in of this browser went this way."""
    is_silent: bool = False
    """Its provider does not answer at the moment."""


@dataclass(frozen=True, slots=True)
class FactorWay:
    """One way to prove that it is you, as a link."""

    label: str
    note: str
    icon: str
    url: str
    first: bool = False
    """The one that is asked for of itself."""


@dataclass(frozen=True, slots=True)
class Button:
    """A link that looks like a button. At most one of a page is primary."""

    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error page says. The tenant's contacts are added by the template."""

    heading: str
    """A statement: "Your account is switched off"."""
    sentences: Sequence[str]
    """First what happened, then what to do; each becomes a paragraph."""
    buttons: Sequence[Button] = ()
    icon: str = "exclamation-triangle"
    tone: Tone = "warn"
    reference: str = ""
    """Two groups of four, `K7QF-29XM`; empty: none is shown."""
    at: datetime | None = None
    """When it happened, aware UTC."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line of the password checklist, and how the browser can follow it.

    | check      | met when                                                                      |
    |------------|-------------------------------------------------------------------------------|
    | `length`   | code points are at least `minimum` and at most `maximum` (None: no limit)     |
    | `patterns` | at least `minimum` of the `patterns` are found (None: all of them)            |
    | `words`    | none of the `words` stands in it, also in capitals or as p@ssw0rd             |
    | `same`     | both fields hold the same                                                     |
    | empty      | the server alone can tell; the line stays as it came                          |

    Before all of them the text is normalised (NFKC). `patterns` are JavaScript's, with its `u` flag: nothing may be
    escaped that has no meaning.
    """

    code: str
    text: str
    met: bool | None = None
    """What the server found; None: nothing was sent yet."""
    check: Check = ""
    minimum: int | None = None
    maximum: int | None = None
    patterns: Sequence[str] = ()
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, for their own page."""

    name: str
    """Empty where nobody told us one: the address stands in."""
    email: str
    methods: Sequence[str]
    """How, in the order in which it was proven: "Password", "Authenticator app"; or "Microsoft"."""
    at: datetime
    """Since when, aware UTC."""


@dataclass(frozen=True, slots=True)
class Tile:
    """An application that can be opened from the person's own page."""

    name: str
    host: str
    """Where it is, for the second line: `expenses.acme.example`."""
    url: str
    icon_url: str | None = None
    """None: two letters stand in."""

    @property
    def mark(self) -> str:
        """Two letters for the plate: the initials of two words, or how the one word begins."""
        words = self.name.split()
        letters = words[0][0] + words[1][0] if len(words) > 1 else self.name.strip()[:2]
        return letters[:1].upper() + letters[1:].lower()
