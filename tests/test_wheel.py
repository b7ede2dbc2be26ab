"""What an installation gets: the wheel, built and installed without a network, serves pages and holds no demo."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Runs beside the installed wheel, where the source tree is not on the path.
SERVE = """
import importlib.util
import sys

sys.path.insert(0, sys.argv[1])

import broker
import tenants

assert broker.__file__.startswith(sys.argv[1]), broker.__file__
assert tenants.__file__.startswith(sys.argv[1]), tenants.__file__
assert importlib.util.find_spec("broker.demo") is None, "the demo is reachable"

from broker.settings import Settings

app = broker.create_app(Settings())
client = app.test_client()
answer = client.get("/t/nobody/sign-in", base_url="http://localhost:8000", headers={"Accept-Language": "de"})
print(answer.status_code, answer.content_type)
print(answer.text)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    target = wheel.parent / "installed"
    _run("-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", "--target", str(target), str(wheel))
    return target


def test_wheel_holds_the_product_and_not_the_demo(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {"broker/__init__.py", "tenants/db.py", "broker/templates/base.html"} <= names
    assert any(name.startswith("tenants/migrations/versions/") for name in names)
    assert any(name.startswith("broker/static/") for name in names)
    assert "tenants/data/compromised.bin" in names
    assert "broker/translations/de/LC_MESSAGES/messages.mo" in names
    assert [name for name in names if name.startswith(("broker/demo", "tests", "bench", "tools"))] == []


def test_installed_product_serves_a_page_from_its_templates(installed: Path, tmp_path: Path) -> None:
    settings = {
        "BROKER_BASE_URL": "http://localhost:8000",
        "BROKER_DATABASE_URL": f"sqlite:///{tmp_path / 'broker.db'}",
        "BROKER_MASTER_KEYS": "test:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
    }
    status, _, page = _run("-I", "-c", SERVE, str(installed), cwd=tmp_path, **settings).partition("\n")
    assert status == "404 text/html; charset=utf-8"
    assert "<html" in page
    assert "/static/" in page
    assert '<html lang="de">' in page


def test_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    shown = _run(str(installed / "bin" / "broker"), "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "serve" in shown


def _run(*arguments: str, cwd: Path = ROOT, **environment: str) -> str:
    """Run Python with these arguments; its output, or a failure that shows what it said."""
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout
