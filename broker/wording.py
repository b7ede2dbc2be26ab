"""Sentences that were made without a language, in the language of the page."""

from flask_babel import gettext

from tenants.wording import Sentence


def told(text: object) -> str:
    """What a rule, a check or a model says, as this page says it. Without a translation, and for names, as it came."""
    if isinstance(text, Sentence):
        values = {name: told(value) if isinstance(value, Sentence) else value for name, value in text.values.items()}
        return str(gettext(text.template)) % values
    said = str(text)
    # The empty message is the head of a catalogue.
    return str(gettext(said)) if said else ""
