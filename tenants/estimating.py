"""zxcvbn with its lists: a tenth of a second and twelve megabytes, for which only those wait who choose a password."""

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])
"""The frequency list that it ships, lower case: it has the short ones too, which longer ones are made of."""

zxcvbn(" ")  # adds its empty entry for `user_inputs` to a dictionary shared by all threads, before any of them has it


def guesses_for(password: str) -> float:
    """How many guesses it takes by its estimate, made without its `user_inputs`: all threads share them."""
    return float(zxcvbn(password)["guesses"])
