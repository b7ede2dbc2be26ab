"""What a cracker tries first: leaked passwords and their disguises, and texts that a program guesses soon."""

import unicodedata
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from tenants.compromised import is_compromised

PRODUCT = "SSO Broker"
MIN_CONTEXT_WORD = 4
"""Shorter parts of names, such as Li or Ann, stand in too many words to be refused."""
ESTIMATED_CHARACTERS = 20
"""The estimate looks no further: made for it, 72 characters cost seconds (zxcvbn 4.5), 20 at most 60 ms."""
MIN_GUESSES = 10**8
"""Where zxcvbn's score of 3 begins, less its margin of 5, which no eight characters whatever could reach."""
_PLAIN = str.maketrans("4@8306!1|$5+7", "aabeogiiisstt")
"""What stands for letters in p@ssw0rd."""
_TAIL = "0123456789 @#$%^&*-_+=[]{}|:',.?/`~\"();!<>\\"


def context_words(tenant_name: str, domains: Iterable[str] = (), names: Iterable[str] = (), local: str = "") -> frozenset[str]:
    """Words that a password of this person must not contain: of the tenant, the person, the address and the product.

    `domains` are canonical (the top level is left out), `local` is the address's part before the @.
    """
    labels = [name.removeprefix("*.").rpartition(".")[0] for name in domains]
    texts = [tenant_name, *labels, *names, local, PRODUCT]
    words = {word for text in texts for word in _words(text)}
    return frozenset(word for word in words if len(word) >= MIN_CONTEXT_WORD)


def is_common(password: str) -> bool:
    """Is this a password that many people use, or one in disguise?"""
    forms = _disguises(password)
    return not _estimating().COMMON_PASSWORDS.isdisjoint(forms) or any(map(is_compromised, forms))


def is_hard_to_guess(password: str) -> bool:
    """By zxcvbn's estimate. An empty text breaks it."""
    return bool(password) and bool(_estimating().guesses_for(password[:ESTIMATED_CHARACTERS]) >= MIN_GUESSES)


def contains_any(password: str, words: Iterable[str]) -> bool:
    """Does one of the words stand in it, as it is or in disguise?"""
    lower = password.lower()
    forms = (lower, lower.translate(_PLAIN))
    return any(word in form for word in words for form in forms)


def _estimating() -> Any:
    # By name: most processes never need it, and its lists are large.
    return import_module("tenants.estimating")


def _disguises(password: str) -> set[str]:
    """The password as a cracker reads it: lower case, p@ss as pass, and what is left without a tail such as `1!`."""
    lower = password.lower()
    forms = {lower, lower.translate(_PLAIN)}
    cores = {form.strip(_TAIL) for form in forms}
    return forms | {core for core in cores if 2 * len(core) >= len(password)}


def _words(text: str) -> list[str]:
    """The runs of letters and digits of a text, lower case."""
    normal = unicodedata.normalize("NFKC", text).lower()
    return "".join(character if character.isalnum() else " " for character in normal).split()
