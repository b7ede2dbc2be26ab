"""The broker's process: what an operator does, `broker apply`, `broker invite` and then `broker serve`."""

import os
import sys

import click

from broker.cli import main
from broker.demo.ending import end_with_parent
from broker.demo.people import INVITED
from broker.demo.places import Places, places_from


def run_broker(places: Places) -> int:
    """Serve until somebody ends it. Returns the exit code."""
    end_with_parent()
    try:
        main(["apply", str(places.tenants_file)], standalone_mode=False)
        _invite()
        main(["serve", "--port", str(places.port)], standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    return 0


def _invite() -> None:
    """A fresh invitation for each start, by mail; an older link ends with it."""
    tenant, email = INVITED
    main(["invite", email, "--tenant", tenant], standalone_mode=False)


if __name__ == "__main__":
    sys.exit(run_broker(places_from(os.environ)))
