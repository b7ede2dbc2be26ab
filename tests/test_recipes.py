"""The recipes of CONTRIBUTING.md: what was added by half is noticed here, where no other test would."""

import re

from click import Context

from broker.cli import main
from broker.errors import ANSWERS
from broker.icons import SYMBOLS
from broker.mail.letters import TENANT_MESSAGES
from broker.mail.worker import PLATFORM_MESSAGES
from broker.sentences import SENTENCES, VARIANTS, texts_of
from tenants.causes import Cause
from tests.support.mails import MAILS
from tests.support.pages import SAMPLES
from tests.test_repository import ROOT, own_files

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# What broker/errors.py has a word for, whatever a cause's own facts are.
WORDS = {"organization", "provider", "application", "email", "domain", "until"}
NO_PAGES = {"base.html", "parts.html", "account/frame.html", "account/parts.html", "factors/parts.html"} | {
    "console/frame.html",
    "console/parts.html",
    "console/connections/sheet.html",
    "signin/result_parts.html",
}
NO_COMMANDS = {"__init__", "account_text", "asking", "connection_groups", "groups", "start"}
PARTS_OF_COMMANDS = {"application_metadata", "application_preview", "signing_keys", "token_keys"}


def test_every_cause_has_an_answer_and_a_sentence() -> None:
    assert set(ANSWERS) == set(SENTENCES) == set(Cause)
    assert [cause for cause, answer in ANSWERS.items() if answer.icon not in SYMBOLS] == []


def test_every_sentence_can_be_filled_in() -> None:
    for cause, (heading, sentences) in (SENTENCES | VARIANTS).items():
        assert sentences, cause
        assert set(PLACEHOLDER.findall(" ".join(map(str, (heading, *sentences))))) <= WORDS, cause


def test_a_fact_without_a_variant_changes_no_words() -> None:
    assert texts_of(Cause.ACCOUNT_UNKNOWN, "no such fact") == SENTENCES[Cause.ACCOUNT_UNKNOWN]
    assert texts_of(Cause.ACCOUNT_UNKNOWN, None) == SENTENCES[Cause.ACCOUNT_UNKNOWN]


def test_every_page_has_a_sample() -> None:
    files = {str(path.relative_to(ROOT / "templates")) for path in own_files("templates/*.html")}
    pages = {name for name in files if not name.startswith("mail/")} - NO_PAGES
    assert {sample.template for sample in SAMPLES.values()} == pages


def test_every_mail_has_both_parts_and_a_sample() -> None:
    parts = {(path.stem, path.suffix) for path in own_files("templates/mail/*") if path.name != "base.html"}
    assert parts == {(name, suffix) for name in ("letter", *PLATFORM_MESSAGES) for suffix in (".html", ".txt")}
    assert {mail.message for mail in MAILS.values()} == {*TENANT_MESSAGES, *PLATFORM_MESSAGES}


def test_every_command_is_registered_and_described() -> None:
    parts_of_groups = {path.stem for path in own_files("broker/cli/connection_*.py")}
    files = {path.stem for path in own_files("broker/cli/*.py")} - NO_COMMANDS - PARTS_OF_COMMANDS - parts_of_groups
    context = Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert {name: command.name for name, command in commands.items() if command} == {name: name for name in files}
    pages = "".join(path.read_text(encoding="utf-8") for path in own_files("docs/*.md"))
    assert [name for name in commands if f"broker {name}" not in pages] == []


def test_every_file_that_a_recipe_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:broker|docs|tenants|templates|tests|tools)/[\w./-]+\.\w+)`", text))
    assert len(named) > 20
    assert sorted(name for name in named if "NNNN" not in name and not (ROOT / name).is_file()) == []
