"""The operator's command line: `broker <command>`. Each command is a file beside this one."""

from importlib import import_module

import click

from broker.collecting import paused

_GROUPS = dict.fromkeys(("application", "connection", "keys"), "groups")
_COMMANDS = {
    name: name
    for name in (
        "account",
        "apply",
        "audit",
        "doctor",
        "domain",
        "door",
        "explain",
        "invite",
        "lifecycle",
        "mail",
        "migrate",
        "move",
        "operator",
        "release",
        "serve",
        "trace",
        "worker",
    )
}
_FILES = _COMMANDS | _GROUPS
"""In which file beside this one each command stands, under its own name."""


class Commands(click.Group):
    """Commands whose files are imported when they are called: each needs a part of the product, and starts as fast as that."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_FILES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _FILES:
            return None
        with paused():
            command: click.Command = getattr(import_module(f"broker.cli.{_FILES[cmd_name]}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run and configure the broker. Settings come from the environment: BROKER_BASE_URL and the like."""
