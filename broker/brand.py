"""From the one colour that a tenant sets to the four that its pages use.

A person chooses a colour for its looks; buttons, links and small text need it readable. So each token is the given
colour, moved towards black or white just as far as its ground demands: a bright yellow becomes a dark gold button in
the light theme and stays as it is in the dark one. Pure: no page, no tenant, no storage.
"""

import re

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

LIGHT_CANVAS = "#f6f7f8"
DARK_SURFACE = "#16191d"
BLACK = "#000000"
WHITE = "#ffffff"

STEPS = 40
"""How finely a colour is moved towards black or white."""

Channels = tuple[float, float, float]
"""Red, green, blue: 0 to 255."""


def is_colour(text: str) -> bool:
    """Whether the text is one colour, written `#rrggbb`; nothing else ever reaches a style sheet."""
    return _COLOUR.fullmatch(text) is not None


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it: 0 for black, 1 for white."""
    red, green, blue = (_linear(value / 255) for value in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2.2 defines it: 1 to 21, in either order."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def brand_tokens(colour: str) -> dict[str, str]:
    """The four tokens of a page, by their name without the dashes: `brand`, `on-brand` and the two for the dark theme.

    Raises ValueError unless the colour is written `#rrggbb`.
    """
    if not is_colour(colour):
        raise ValueError("a colour is written #rrggbb")
    light = _moved_until(colour, BLACK, LIGHT_CANVAS, 5.2)
    dark = _moved_until(colour, WHITE, DARK_SURFACE, 8.5)
    return {
        "brand": light,
        "on-brand": WHITE,
        "brand-dark": dark,
        "on-brand-dark": _moved_until(_mixed(dark, BLACK, 0.85), BLACK, dark, 7.0),
    }


def brand_sheet(colour: str) -> str:
    """The tenant's own style sheet: the four tokens and nothing else."""
    declarations = " ".join(f"--{name}: {value};" for name, value in brand_tokens(colour).items())
    return f":root {{ {declarations} }}\n"


def _moved_until(colour: str, towards: str, ground: str, ratio: float) -> str:
    """The first step on the way that reaches the ratio on the ground, or the end of the way."""
    steps = (_mixed(colour, towards, step / STEPS) for step in range(STEPS + 1))
    return next((step for step in steps if contrast(step, ground) >= ratio), towards)


def _mixed(colour: str, towards: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * part):02x}" for start, end in pairs)


def _channels(colour: str) -> Channels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(value: float) -> float:
    """One sRGB channel, 0 to 1, without its gamma."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
