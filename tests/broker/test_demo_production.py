"""The demo can't be reached in production: the product neither imports it nor answers for it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from broker.demo.places import DIRECTORY, ROOT
from broker.demo.site import make_site
from tests.support.stores import Once

# Runs in a process of its own: this one has imported the demo for other tests.
PRODUCTION = """
import json
import sys

import broker.cli
from wsgi import application as app

client = app.test_client()
print(json.dumps({
    "modules": sorted(sys.modules),
    "views": sorted({view.__module__ for view in app.view_functions.values()}),
    "templates": app.jinja_env.list_templates(),
    "answers": {path: client.get(path, base_url="https://login.example").status_code for path in sys.argv[1:]},
}))
"""
SETTINGS = {
    "BROKER_BASE_URL": "https://login.example",
    "BROKER_DATABASE_URL": "sqlite://",
    "BROKER_MASTER_KEYS": "test:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
}
PATHS = (
    f"/{DIRECTORY}/oauth2/v2.0/authorize",
    f"/{DIRECTORY}/v2.0/.well-known/openid-configuration",
    f"/{DIRECTORY}/pick",
    "/sign-in/acme",
    "/callback/acme",
    "/static/demo.css",
    "/static/demo/static/demo.css",
)


def started() -> dict[str, Any]:
    command = [sys.executable, "-c", PRODUCTION, *PATHS]
    run = subprocess.run(command, env=os.environ | SETTINGS, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def production(once: Once) -> dict[str, Any]:
    """What a process of the product has loaded and answers. One for all workers of the run."""
    return once("production", started)


def test_product_and_its_commands_never_import_the_demo(production: dict[str, Any]) -> None:
    assert "broker.signin" in production["modules"]
    assert [name for name in production["modules"] if name.startswith("broker.demo")] == []


def test_no_view_is_of_the_demo(production: dict[str, Any]) -> None:
    assert [module for module in production["views"] if "demo" in module] == []


def test_no_template_is_of_the_demo(production: dict[str, Any]) -> None:
    demo = set(make_site("any", "any").jinja_env.list_templates())
    assert "provider/pick.html" in demo
    assert demo & set(production["templates"]) <= {"base.html"}


def test_addresses_of_the_demo_are_unknown(production: dict[str, Any]) -> None:
    assert production["answers"] == dict.fromkeys(PATHS, 404)
