"""The operator's command line: `broker <command>`. Each command is a file beside this one."""

import click

from broker.cli.account import account
from broker.cli.application import application
from broker.cli.application_preview import preview
from broker.cli.apply import apply
from broker.cli.audit import audit
from broker.cli.connection import connection
from broker.cli.connection_consent import consent
from broker.cli.connection_groups import groups
from broker.cli.connection_health import calendar, health
from broker.cli.connection_metadata import metadata
from broker.cli.connection_presets import presets
from broker.cli.connection_tests import TEST_COMMANDS
from broker.cli.connection_versions import VERSION_COMMANDS
from broker.cli.doctor import doctor
from broker.cli.domain import domain
from broker.cli.door import door
from broker.cli.explain import explain
from broker.cli.invite import invite
from broker.cli.keys import keys
from broker.cli.lifecycle import lifecycle
from broker.cli.mail import mail
from broker.cli.migrate import migrate
from broker.cli.move import move
from broker.cli.operator import operator
from broker.cli.release import release
from broker.cli.serve import serve
from broker.cli.signing_keys import SIGNING_KEY_COMMANDS
from broker.cli.token_keys import TOKEN_KEY_COMMANDS
from broker.cli.trace import trace
from broker.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run and configure the broker. Settings come from the environment: BROKER_BASE_URL and the like."""


_COMMANDS = (
    account,
    application,
    apply,
    audit,
    connection,
    doctor,
    domain,
    door,
    explain,
    invite,
    keys,
    lifecycle,
    mail,
    migrate,
    move,
    operator,
    release,
    serve,
    trace,
    worker,
)
for command in _COMMANDS:
    main.add_command(command)
for command in (calendar, health, *VERSION_COMMANDS, *TEST_COMMANDS):
    connection.add_command(command)
application.add_command(preview)
connection.add_command(groups)
connection.add_command(consent)
connection.add_command(metadata)
connection.add_command(presets)
for command in (*SIGNING_KEY_COMMANDS, *TOKEN_KEY_COMMANDS):
    keys.add_command(command)
