"""From what somebody pasted to what it means. Pure: it keeps nothing and looks nothing up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from broker.help import google, microsoft
from broker.help.explanation import Explanation
from broker.upstream.entra_errors import READING_OF_NUMBER

MAX_TEXT = 4000
_NUMBER = re.compile(r"AADSTS\s*:?\s*([0-9]{4,8})", re.IGNORECASE)
_BARE = re.compile(r"(?:error(?: code)?:?\s*)?([0-9]{4,8})", re.IGNORECASE)
_CORRELATION = re.compile(r"Correlation ID:?\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)+")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found. `code`: as the provider writes it; empty where its words alone were known."""

    code: str
    explanation: Explanation | None
    correlation: str = ""


def look_up(provider: str, text: str) -> Looked:
    """What a message of this provider means."""
    text = text[:MAX_TEXT].replace("’", "'")
    return _of_google(text) if provider == "google" else _of_microsoft(text)


def _of_microsoft(text: str) -> Looked:
    found = _CORRELATION.search(text)
    correlation = found[1] if found else ""
    number = _NUMBER.search(text) or _BARE.fullmatch(text.strip())
    if number is None:
        topic = _by_phrase(text, microsoft.PHRASES)
        return Looked("", microsoft.EXPLANATIONS[topic] if topic else None, correlation)
    reading = READING_OF_NUMBER.get(int(number[1]))
    return Looked(f"AADSTS{number[1]}", microsoft.EXPLANATIONS[reading.topic] if reading else None, correlation)


def _of_google(text: str) -> Looked:
    known = [word for word in _WORD.findall(text.lower()) if word in google.EXPLANATIONS]
    word = known[0] if known else _by_phrase(text, google.PHRASES)
    return Looked(known[0] if known else "", google.EXPLANATIONS[word] if word else None)


def _by_phrase(text: str, phrases: Mapping[str, str]) -> str | None:
    plain = " ".join(text.lower().split())
    return next((topic for phrase, topic in phrases.items() if phrase in plain), None)
