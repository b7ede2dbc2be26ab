"""The texts of the product and their catalogues: `.venv/bin/python -m tools.texts` after a text has changed.

Finds every text, brings the catalogue of each language up to date and compiles it. What a catalogue lacks is named then;
tests/broker/test_texts.py fails until it is translated in `broker/translations/<language>/LC_MESSAGES/messages.po`.
"""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tenants.languages import LANGUAGES, SOURCE

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "broker" / "translations"
SAYING = frozenset({"_", "_l", "lazy", "gettext"})
"""Functions of the code whose first argument is a text. `ngettext` takes two, `pgettext` a context before it."""
METHODS = [("**.html", "jinja2"), ("**.txt", "jinja2")]
SILENT = ("broker/cli/", "broker/demo/", "broker/settings.py")
"""What speaks to operators on a terminal, or is no part of the product."""
_NAMES = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
"""The same in templates, as babel's own reader of them has it."""
_BLOCKS = {"trim_blocks": "true", "lstrip_blocks": "true"}
"""As broker/look.py has templates read."""
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
"""Of all catalogues: when one was made would make it another one each time."""

Text = tuple[str, str | tuple[str, ...], str | None]
"""Where it stands, what it is (singular and plural where it counts something), and its context."""


def template() -> Catalog:
    """Every text of the product, once, with the files that have it."""
    found = _empty(None)
    for place, text, context in sorted(_texts(), key=lambda one: (one[0], str(one[1]))):
        found.add(text, locations=[(place, 1)], context=context)
    return found


def _texts() -> Iterator[Text]:
    options = dict.fromkeys((pattern for pattern, _method in METHODS), _BLOCKS)
    for name, _line, text, _comments, context in extract_from_dir(ROOT / "templates", METHODS, options, _NAMES):
        yield f"templates/{name}", text if isinstance(text, str) else tuple(text), context
    for path in sorted([*(ROOT / "broker").rglob("*.py"), *(ROOT / "tenants").rglob("*.py")]):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(SILENT):
            yield from ((place, text, context) for text, context in texts_in(path.read_text(encoding="utf-8")))


def texts_in(source: str) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """The texts of one file of the code, also those inside of other texts, each with its context."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if node.func.id in SAYING and said[:1] and said[0]:
                yield said[0], None
            elif node.func.id == "ngettext" and len(said) > 1:
                yield (said[0], said[1]), None
            elif node.func.id == "pgettext" and len(said) > 1:
                yield said[1], said[0]
            elif node.func.id == "Field":
                yield from ((text, None) for text in _of_field(node))


def _of_field(call: ast.Call) -> Iterator[str]:
    """What forms say of a field of a model (broker/console/forms.py): its title and its description."""
    for word in call.keywords:
        if word.arg in {"title", "description"} and isinstance(word.value, ast.Constant):
            yield str(word.value.value)


def languages() -> list[str]:
    """Those that have a catalogue: all but that of the code."""
    return [one for one in LANGUAGES if one != SOURCE]


def catalogue(language: str) -> Catalog:
    """As it is written; empty where there is none yet."""
    path = place_of(language, "po")
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def place_of(language: str, ending: str) -> Path:
    """The file of a catalogue: `po` as written, `mo` compiled."""
    return FOLDER / language.replace("-", "_") / "LC_MESSAGES" / f"messages.{ending}"


def brought_up_to_date(known: Catalog, texts: Catalog, language: str) -> Catalog:
    """The catalogue with these texts and no others; what is new waits for its translation."""
    made = _empty(language)
    for message in texts:
        if message.id:
            before = known.get(message.id, context=message.context)
            made.add(
                message.id,
                before.string if before is not None else None,
                locations=message.locations,
                user_comments=before.user_comments if before is not None else (),
                context=message.context,
            )
    return made


def lacking(known: Catalog) -> list[str]:
    """Texts without a translation."""
    return [str(one.id) for one in known if one.id and not all(_forms(one.string))]


def _forms(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def written(known: Catalog) -> bytes:
    """The catalogue as its file has it. Without numbers of lines, which change with every other change."""
    file = BytesIO()
    write_po(file, known, width=0, include_lineno=False)
    return file.getvalue()


def compiled(known: Catalog) -> bytes:
    """The same as the product reads it."""
    file = BytesIO()
    write_mo(file, known)
    return file.getvalue()


def _empty(language: str | None) -> Catalog:
    made = Catalog(
        locale=language and language.replace("-", "_"),
        project="SSO",
        version="Broker",
        msgid_bugs_address="none",
        creation_date=_LONG_AGO,
        revision_date=_LONG_AGO,
        last_translator="tools/texts.py",
        language_team="none",
        charset="utf-8",
        fuzzy=False,
    )
    made.header_comment = f"# The texts of SSO Broker in the language {language}. Kept complete by tools/texts.py."
    return made


def main() -> int:
    """Bring all catalogues up to date. The number of texts that wait for a translation."""
    texts, missing = template(), 0
    for language in languages():
        known = brought_up_to_date(catalogue(language), texts, language)
        place_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
        place_of(language, "po").write_bytes(written(known))
        place_of(language, "mo").write_bytes(compiled(known))
        for text in (left := lacking(known)):
            print(f"{language} lacks: {text}")
        missing += len(left)
    return missing


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
