"""Writes docs/causes.md from the table of answers and their sentences; `make docs`, and a test compares."""

from pathlib import Path

from flask import Flask
from flask_babel import Babel

from broker.errors import ANSWERS, event_of
from broker.sentences import VARIANTS, texts_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "causes.md"
HEAD = """# Causes

Every way in which a sign-in or a request can end, as the audit log names it: what the person is told, the status, and the
event that is written. Written by `tools/causes.py` from `broker/errors.py` and `broker/sentences.py`; not by hand.

| cause | status | event | heading | sentences |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page. Texts are shown in English, with the names of what is filled in."""
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        return HEAD + "".join(_lines())


def _lines() -> list[str]:
    lines = []
    for cause, answer in ANSWERS.items():
        facts = [None, *(fact for known, fact in VARIANTS if known is cause)]
        for fact in facts:
            heading, sentences = texts_of(answer.shown_as or cause, fact)
            found = event_of(cause, fact)
            event = f"`{found.value}`" if found else ""
            name = f"`{cause.value}`" + (f" ({fact})" if fact else "")
            words = " ".join(str(sentence) for sentence in sentences)
            lines.append(f"| {name} | {answer.status} | {event} | {heading} | {words} |\n")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
