"""The broker's process: what an operator does, `broker apply`, `broker invite` and then `broker serve`."""

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import click
from sqlalchemy import select

from broker.cli import main
from broker.cli.start import started
from broker.demo.ending import end_with_parent
from broker.demo.kept import write_privately
from broker.demo.people import INVITED, OPERATOR
from broker.demo.places import Places, places_from
from tenants.addresses import normalise_address
from tenants.operators import IS_ANYBODY_SET_UP, By, Made, Operator, invite_operator, place_of_seed, set_up_operator

HARBOUR = Path(__file__).parent / "harbour.toml"


def run_broker(places: Places) -> int:
    """Serve until somebody ends it. Returns the exit code."""
    end_with_parent()
    try:
        main(["apply", str(places.tenants_file)], standalone_mode=False)
        _hand_over(places)
        _invite()
        _ask_for_consent(places)
        _set_up_operator()
        main(["serve", "--port", str(places.port)], standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    return 0


def _hand_over(places: Places) -> None:
    """Harbour Works is applied once, and then belongs to its owner: what she does in the console stays."""
    if not places.harbour_mark.exists():
        main(["apply", str(HARBOUR)], standalone_mode=False)
        main(["release", "harbour", "--yes"], standalone_mode=False)
        write_privately(places.harbour_mark, "")


def _invite() -> None:
    """A fresh invitation for each start, by mail; an older link ends with it."""
    tenant, email = INVITED
    main(["invite", email, "--tenant", tenant], standalone_mode=False)


def _set_up_operator() -> None:
    """An operator who is ready to sign in, as the start page shows her."""
    with started() as broker:
        if broker.db.look_up(IS_ANYBODY_SET_UP):
            return
        now, seed = broker.ports.clock.now(), os.environ[f"DEMO_{OPERATOR.key}_TOTP"]
        password = broker.hasher.hash(OPERATOR.password)
        with broker.db.own_tables() as own:
            token = invite_operator(own, None, now, By())
            own.flush()
            row = own.scalars(select(Operator)).one()
            sealed = broker.vault.seal(seed, place_of_seed(row.id))
            set_up_operator(own, token, Made(OPERATOR.name, normalise_address(OPERATOR.email), password, sealed, 0), now, By())


def _ask_for_consent(places: Places) -> None:
    """A link for Brightwater's admin, as `broker connection consent` prints it; the start page shows it."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        main(["connection", "consent", "brightwater", "entra"], standalone_mode=False)
    write_privately(places.consent_link, printed.getvalue().strip())


if __name__ == "__main__":
    sys.exit(run_broker(places_from(os.environ)))
