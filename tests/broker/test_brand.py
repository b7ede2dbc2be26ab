"""One colour becomes four tokens that can be read."""

import pytest

from broker.brand import (
    BLACK,
    DARK_SURFACE,
    LIGHT_CANVAS,
    WHITE,
    brand_sheet,
    brand_tokens,
    contrast,
    is_colour,
    luminance,
)

COLOURS = {
    "blue of the look": "#2c58c9",
    "teal": "#0d6b64",
    "rust": "#a13a1c",
    "yellow": "#ffd400",
    "white": "#ffffff",
    "black": "#000000",
    "lime": "#a6ff00",
    "red": "#ff0000",
    "navy": "#001233",
    "grey": "#808080",
}

every_colour = pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS.keys())


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#000000", 2.44),
    ],
    ids=["black on white", "white on white", "the well-known grey", "red on white", "blue on black"],
)
def test_contrast_is_the_one_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_luminance_runs_from_black_to_white() -> None:
    assert luminance(BLACK) == 0
    assert luminance(WHITE) == pytest.approx(1)


@every_colour
def test_tokens_can_be_read(colour: str) -> None:
    tokens = brand_tokens(colour)
    assert contrast(tokens["brand"], LIGHT_CANVAS) >= 5.2, "link on the page"
    assert contrast(tokens["on-brand"], tokens["brand"]) >= 5.2, "button in the light theme"
    assert contrast(tokens["brand-dark"], DARK_SURFACE) >= 8.5, "link in the dark theme"
    assert contrast(tokens["on-brand-dark"], tokens["brand-dark"]) >= 7.0, "button in the dark theme"


@pytest.mark.parametrize(("colour", "light"), [("#0d6b64", "#0d6b64"), ("#000000", "#000000"), ("#2c58c9", "#2c58c9")])
def test_a_colour_that_is_dark_enough_stays(colour: str, light: str) -> None:
    assert brand_tokens(colour)["brand"] == light


def test_yellow_gets_darker_in_the_light_theme_only() -> None:
    tokens = brand_tokens("#ffd400")
    assert luminance(tokens["brand"]) < luminance("#ffd400")
    assert tokens["brand-dark"] == "#ffd400"


@pytest.mark.parametrize("text", ["", "blue", "#fff", "2c58c9", "#2c58c9;", "#2c58c9\n", "#2c58cg", "url(//x)"])
def test_ac11_only_a_colour_is_a_colour(text: str) -> None:
    assert not is_colour(text)
    with pytest.raises(ValueError, match="#rrggbb"):
        brand_tokens(text)


def test_the_sheet_holds_four_tokens() -> None:
    dark, on_dark = (brand_tokens("#0d6b64")[name] for name in ("brand-dark", "on-brand-dark"))
    assert brand_sheet("#0d6b64") == (
        f":root {{ --brand: #0d6b64; --on-brand: #ffffff; --brand-dark: {dark}; --on-brand-dark: {on_dark}; }}\n"
    )
