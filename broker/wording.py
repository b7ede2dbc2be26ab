"""Words that were written without a language, in the language of the page."""

from flask_babel import gettext


def told(text: str) -> str:
    """What a model says of itself, as this page says it; names, which no catalogue has, as they came."""
    return str(gettext(text)) if text else ""  # the empty message is the head of a catalogue
