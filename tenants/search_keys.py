"""How names and addresses are found by how they begin: one normal form for what is stored and for what is typed."""

import unicodedata

MAX_KEY = 200
HIGHEST = "\U0010ffff"
"""Sorts after every letter: a prefix is the range from itself to itself with this behind it."""


def name_key(name: str) -> str:
    """The whole name. Compatibility forms, capitals and runs of spaces make no difference; accents do."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:MAX_KEY]


def surname_key(name: str) -> str:
    """The name from its second word on; empty where there is one word."""
    return name_key(name).partition(" ")[2]


def domain_of(email_key: str) -> str:
    """What stands after the @ of a normalised address."""
    return email_key.rpartition("@")[2]
