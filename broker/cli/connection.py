"""`broker connection`: what an operator asks of the ways in of a tenant. Each part is a file beside this one."""

import click


@click.group()
def connection() -> None:
    """Look at connections, test them, and change which version is in force."""
