"""What everything is compared with: the least that Flask can answer, under the very command that serves the product."""

import sys
from importlib import import_module

from flask import Flask

from broker.cli import main


def make_hello() -> Flask:
    """One page with one word."""
    app = Flask("hello", static_folder=None)

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def serve() -> None:
    """`broker serve`, settings and all, with another application in it."""
    # By name: the package has the command under the module's name.
    import_module("broker.cli.serve").APPLICATION = "bench.hello:make_hello"
    main(["serve", *sys.argv[1:]])


if __name__ == "__main__":
    serve()
