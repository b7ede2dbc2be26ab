"""The groups of commands that several files contribute to, put together."""

from broker.cli.application import application as application
from broker.cli.application_preview import preview
from broker.cli.connection import connection as connection
from broker.cli.connection_consent import consent
from broker.cli.connection_groups import groups
from broker.cli.connection_health import calendar, health
from broker.cli.connection_metadata import metadata
from broker.cli.connection_presets import presets
from broker.cli.connection_tests import TEST_COMMANDS
from broker.cli.connection_versions import VERSION_COMMANDS
from broker.cli.keys import keys as keys
from broker.cli.signing_keys import SIGNING_KEY_COMMANDS
from broker.cli.token_keys import TOKEN_KEY_COMMANDS

application.add_command(preview)
for command in (calendar, health, *VERSION_COMMANDS, *TEST_COMMANDS, groups, consent, metadata, presets):
    connection.add_command(command)
for command in (*SIGNING_KEY_COMMANDS, *TOKEN_KEY_COMMANDS):
    keys.add_command(command)
