"""The catalogues: whole, alike in what is filled in, and compiled from what is written."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from tenants.languages import NAMES
from tools import texts

ALIKE = (r"%\(\w+\)[sd]", r"%%", r"</?\w[^>]*>", r"`[^`]*`", r"\n")
"""What a translation has as often as its text: places, elements, code, lines."""
_ENDS = (".", "…", ":", "?")


@cache
def template() -> Catalog:
    """Found once for all that is asked of it: it takes seconds."""
    return texts.template()


def every_message(check: Callable[[str, str], bool]) -> list[str]:
    """Messages of all catalogues for a form of which the check fails."""
    return [
        f"{language}: {message.id}"
        for language in texts.languages()
        for message in texts.catalogue(language)
        if message.id and not all(check(one, other) for one, other in _pairs(message))
    ]


def _pairs(message: Message) -> list[tuple[str, str]]:
    """Each form of the translation with the text that it is one of."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return [(ids[min(number, len(ids) - 1)], form) for number, form in enumerate(forms)]


def test_every_language_but_that_of_the_code_has_a_catalogue() -> None:
    folders = {path.name for path in texts.FOLDER.iterdir() if path.is_dir()}
    assert folders == {language.replace("-", "_") for language in texts.languages()} == {*NAMES} - {"en"}


@pytest.mark.parametrize("language", texts.languages())
def test_catalogue_has_the_texts_of_the_product_and_no_others(language: str) -> None:
    known = texts.catalogue(language)
    wanted = {(message.id, message.context) for message in template() if message.id}
    there = {(message.id, message.context) for message in known if message.id}
    assert there ^ wanted == set(), "run: .venv/bin/python -m tools.texts"
    assert not known.obsolete


@pytest.mark.parametrize("language", texts.languages())
def test_every_text_is_translated(language: str) -> None:
    known = texts.catalogue(language)
    assert texts.lacking(known) == []
    assert [message.id for message in known if message.fuzzy] == []


@pytest.mark.parametrize("language", texts.languages())
def test_compiled_catalogue_is_that_of_the_written_one(language: str) -> None:
    known = texts.catalogue(language)
    assert texts.place_of(language, "mo").read_bytes() == texts.compiled(known), "run: .venv/bin/python -m tools.texts"
    assert texts.place_of(language, "po").read_bytes() == texts.written(known)


@pytest.mark.parametrize("pattern", ALIKE)
def test_translation_is_filled_in_as_its_text_is(pattern: str) -> None:
    assert every_message(lambda one, other: sorted(re.findall(pattern, one)) == sorted(re.findall(pattern, other))) == []


def test_translation_ends_and_begins_as_its_text_does() -> None:
    def is_alike(one: str, other: str) -> bool:
        blanks = [(text[:1] == " ", text[-1:] == " ") for text in (one, other)]
        return blanks[0] == blanks[1] and all(one.endswith(end) == other.endswith(end) for end in _ENDS)

    assert every_message(is_alike) == []


def test_translation_brings_no_markup_of_its_own() -> None:
    assert every_message(lambda one, other: ("<" in other) <= ("<" in one) and '"' not in set(other) - set(one)) == []


def test_text_that_is_new_waits_for_its_translation() -> None:
    known, found = Catalog(locale="de"), Catalog()
    known.add("Sign in", "Anmelden")
    known.add("Gone", "Weg")
    for text in ("Sign in", "New", ("%(num)d day", "%(num)d days")):
        found.add(text)
    made = texts.brought_up_to_date(known, found, "de")
    assert texts.lacking(made) == ["New", "('%(num)d day', '%(num)d days')"]
    assert made["Sign in"].string == "Anmelden"
    assert "Gone" not in made
