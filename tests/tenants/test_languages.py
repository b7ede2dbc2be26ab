"""Which language somebody gets: one pure function, and a table of all that it goes by."""

import pytest

from tenants.languages import ALL, LANGUAGES, MAX_ASKED, NAMES, Languages, asked_of, language_for, offer

BOTH = Languages(("en", "de"), "en")
GERMAN_FIRST = Languages(("de", "en"), "de")
GERMAN_ONLY = Languages(("de",), "de")
REGIONS = Languages(("en", "pt", "pt-br"), "en")

ORDER = {
    "nothing_is_known": (BOTH, {}, "en"),
    "nothing_is_known_and_the_default_is_german": (GERMAN_FIRST, {}, "de"),
    "own_choice_before_all_else": (BOTH, {"chosen": "de", "asked": "en", "kept": "en", "accepted": "en"}, "de"),
    "application_before_account": (BOTH, {"asked": "de", "kept": "en", "accepted": "en"}, "de"),
    "account_before_browser": (BOTH, {"kept": "de", "accepted": "en"}, "de"),
    "browser_before_default": (BOTH, {"accepted": "de"}, "de"),
    "choice_that_is_not_offered": (GERMAN_ONLY, {"chosen": "en"}, "de"),
    "application_wants_what_is_not_offered": (BOTH, {"asked": "se", "kept": "de"}, "de"),
    "account_has_what_is_no_longer_offered": (GERMAN_ONLY, {"kept": "en"}, "de"),
    "choice_is_odd": (BOTH, {"chosen": "de\r\nSet-Cookie: a=b", "accepted": "de"}, "de"),
}
ACCEPTED = {
    "de": "de",
    "de-AT": "de",
    "DE-at": "de",
    "de-DE-1996": "de",
    "de-Latn-x-private": "de",
    "fr-CH, fr;q=0.9, de;q=0.5, *;q=0.1": "de",
    "fr, *": "en",
    "en;q=0.4, de;q=0.5": "de",
    "en;q=0.5, de;q=0.5": "en",
    "de;q=0, *": "en",
    "en;q=0, *": "de",
    "en;q=0": "en",
    "en;q=0, *;q=0": "en",
    "de;q=0.000": "en",
    "de;q=1.000, en": "de",
    "de ; q=0.8 , en ; q=0.7": "de",
    "de;q=2": "en",
    "de;q=nan": "en",
    "de;quality=1": "en",
    "d\u00e9": "en",
    "de_DE": "en",
    "": "en",
    ",,;;,": "en",
    "-": "en",
    "abcdefghi, de": "de",
    ", ".join(["fr"] * 25 + ["de"]): "en",
}
ASKED = {
    "de": "de",
    "fr de": "de",
    "de-AT en": "de",
    "en de": "en",
    "se": "",
    "": "",
    "../../de": "",
    "de\x00": "",
    "*": "",
    "x" * (MAX_ASKED + 1): "",
}


@pytest.mark.parametrize("case", ORDER)
def test_first_that_applies_and_is_offered(case: str) -> None:
    languages, known, expected = ORDER[case]
    assert language_for(languages, **known) == expected


@pytest.mark.parametrize("header", ACCEPTED)
def test_browser_is_heard(header: str) -> None:
    assert language_for(BOTH, accepted=header) == ACCEPTED[header]


@pytest.mark.parametrize("asked", ASKED)
def test_application_is_heard(asked: str) -> None:
    assert asked_of(BOTH, asked) == ASKED[asked]


def test_region_is_found_before_its_language() -> None:
    assert language_for(REGIONS, accepted="pt-BR") == "pt-br"
    assert language_for(REGIONS, accepted="pt-PT") == "pt"
    assert language_for(REGIONS, accepted="pt-b-BR") == "pt"


def test_over_long_header_is_not_heard() -> None:
    assert language_for(BOTH, accepted="de, " + "x" * MAX_ASKED) == "en"


def test_tenant_that_says_nothing_offers_all_and_begins_in_english() -> None:
    assert offer(None, None) == ALL
    assert (ALL.offered, ALL.default) == (LANGUAGES, "en")


def test_offer_without_english_begins_in_its_first_language() -> None:
    assert offer(["de"], None) == GERMAN_ONLY
    assert not GERMAN_ONLY.has_choice
    assert offer(["en", "de"], "de") == Languages(("en", "de"), "de")


def test_language_that_the_product_has_no_longer_is_left_out() -> None:
    assert offer(["tlh", "de"], "tlh") == GERMAN_ONLY
    assert offer(["tlh"], None) == ALL


def test_every_language_has_a_name_of_its_own() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(tag == tag.lower() for tag in NAMES)
