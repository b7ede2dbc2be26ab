"""The operator's command line: `broker <command>`. Each command is a file beside this one."""

import click

from broker.cli.account import account
from broker.cli.apply import apply
from broker.cli.doctor import doctor
from broker.cli.door import door
from broker.cli.explain import explain
from broker.cli.invite import invite
from broker.cli.keys import keys
from broker.cli.lifecycle import lifecycle
from broker.cli.mail import mail
from broker.cli.migrate import migrate
from broker.cli.serve import serve
from broker.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run and configure the broker. Settings come from the environment: BROKER_BASE_URL and the like."""


for command in (account, apply, doctor, door, explain, invite, keys, lifecycle, mail, migrate, serve, worker):
    main.add_command(command)
