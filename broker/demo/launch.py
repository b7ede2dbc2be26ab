"""The parent of the demo: everything is checked before anything starts, and whatever was started is ended."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

from broker.demo.ending import StopSwitch
from broker.demo.kept import KeptSecrets, load_or_make, write_privately
from broker.demo.people import LOCAL_PEOPLE, OPERATOR
from broker.demo.places import PORTS_USED, ROOT, SHARED_CLIENT, DemoError, Places, places_from
from broker.demo.tenants_file import write_tenants_file

READY_SECONDS = 120.0
END_SECONDS = 10.0
POLL_SECONDS = 0.1
CHILDREN = ("peers", "broker")
"""Modules run_<name>.py, each a process of its own."""


def launch(environment: Mapping[str, str]) -> int:
    """Run the demo until a signal ends it. Returns the exit code."""
    stop = StopSwitch()
    try:
        places = places_from(environment)
        check_ports(places)
        kept = prepare(places, start_over=environment.get("RESET", "") not in {"", "0"})
        _run(places, _environment(environment, places, kept), stop)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_ports(places: Places) -> None:
    """Raises DemoError naming the first port that somebody else has, and a number to try instead."""
    taken = next((port for port in places.ports if not _is_free(port)), None)
    if taken is not None:
        raise DemoError(f"Port {taken} is in use by another program, try PORT={_free_base(places.port)} make demo.")


def _is_free(port: int) -> bool:
    """Can we listen there on loopback? `localhost` may mean the IPv6 address too, where nobody else may answer."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError:
            if family == socket.AF_INET or _answers(address, port):
                return False
    return True


def _answers(host: str, port: int, request: bytes = b"") -> bool:
    """Does somebody listen there, and answer `request` with HTTP's 200?"""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(request)
            return not request or connection.recv(64).split(b" ", 2)[1] == b"200"
    except (OSError, IndexError):
        return False


def _free_base(port: int) -> int:
    """A round number from which all ports are free."""
    bases = [base for base in range(9000, 60000, 1000) if base != port]
    return next((base for base in bases if all(_is_free(base + offset) for offset in range(PORTS_USED))), 9000)


def prepare(places: Places, *, start_over: bool) -> KeptSecrets:
    """Make the folder of the demo and what stands in it. Raises DemoError."""
    try:
        if start_over and places.data.exists():
            shutil.rmtree(places.data)
        places.data.mkdir(parents=True, exist_ok=True)
        kept = load_or_make(places.data)
        write_tenants_file(places, kept)
        write_privately(
            places.environment_file,
            "".join(f"{name}={shlex.quote(value)}\n" for name, value in _settings(places, kept).items()),
        )
    except (OSError, ValueError) as error:
        raise DemoError(f"The folder {places.data} can't be used ({error}); RESET=1 make demo starts over.") from error
    return kept


def _environment(environment: Mapping[str, str], places: Places, kept: KeptSecrets) -> dict[str, str]:
    """What the children run with: the broker's settings as an operator sets them, and the tenants file's secrets."""
    inherited = {name: value for name, value in environment.items() if not name.startswith("BROKER_")}
    secrets = {
        "DEMO_ENTRA_SECRET": kept.entra_client,
        "DEMO_GOOGLE_SECRET": kept.google_client,
        "DEMO_TRAVEL_AT_ACME": kept.travel_at_acme,
        "DEMO_TRAVEL_AT_LUMEN": kept.travel_at_lumen,
        "DEMO_TRAVEL_AT_UNION": kept.travel_at_union,
    }
    for person in (*LOCAL_PEOPLE, OPERATOR):
        secrets[f"DEMO_{person.key}_PASSWORD"] = person.password
        secrets[f"DEMO_{person.key}_TOTP"] = kept.totp_seeds[person.email]
    return {
        **inherited,
        **secrets,
        "PORT": str(places.port),
        "DEMO_FOLDER": str(places.data.parent),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH", "")))),
        **_settings(places, kept),
    }


def _settings(places: Places, kept: KeptSecrets) -> dict[str, str]:
    """The broker's own, as an operator sets them."""
    return {
        "BROKER_BASE_URL": places.broker,
        "BROKER_DATABASE_URL": f"sqlite:///{places.database}",
        "BROKER_MASTER_KEYS": f"demo:{kept.master_key}",
        # Several tenants on one host, identity providers on this machine: for the demo only.
        "BROKER_ALLOW_SHARED_ORIGIN": "true",
        "BROKER_ALLOW_LOOPBACK_HTTP": "true",
        "BROKER_ALLOW_OPERATOR_BESIDE_TENANTS": "true",
        "BROKER_SMTP_HOST": "127.0.0.1",
        "BROKER_SMTP_PORT": str(places.mail_port),
        "BROKER_SMTP_SECURITY": "none",
        "BROKER_MAIL_FROM": "Sign-in <sign-in@login.example>",
        "BROKER_ENTRA_CLIENT_ID": SHARED_CLIENT,
        "BROKER_ENTRA_CLIENT_SECRET": kept.entra_shared,
        "BROKER_ENTRA_AUTHORITY_HOST": places.entra,
        "BROKER_ENTRA_GRAPH_HOST": places.entra,
    }


def _run(places: Places, environment: dict[str, str], stop: StopSwitch) -> None:
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in CHILDREN:
            children[name] = _start(name, places, environment)
        print("Starting …", flush=True)
        _wait_until_ready(places, children, stop)
        if not stop.is_on:
            print(_table(places), flush=True)
        while not stop.is_on:
            _check_alive(places, children, stop)
            time.sleep(POLL_SECONDS)
    finally:
        for child in children.values():
            _end(child)


def _start(name: str, places: Places, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A child in our process group. It ends itself when its end of the pipe says that we are gone."""
    with places.log(name).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
            [sys.executable, "-m", f"broker.demo.run_{name}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait_until_ready(places: Places, children: Mapping[str, subprocess.Popen[bytes]], stop: StopSwitch) -> None:
    questions = (("127.0.0.1", places.port, b"/readyz"), ("127.0.0.1", places.ports[-1], b"/"))
    until = time.monotonic() + READY_SECONDS
    for host, port, path in questions:
        request = b"GET " + path + b" HTTP/1.0\r\nHost: localhost\r\n\r\n"
        while not stop.is_on and not _answers(host, port, request):
            _check_alive(places, children, stop)
            if time.monotonic() > until:
                raise DemoError(f"Nothing answers on port {port}; the logs are in {places.data}.")
            time.sleep(POLL_SECONDS)


def _check_alive(places: Places, children: Mapping[str, subprocess.Popen[bytes]], stop: StopSwitch) -> None:
    """Raises DemoError when a child has ended that nobody asked to."""
    for name, child in children.items():
        if child.poll() is not None:
            # Ctrl-C goes to the children too: our own share of it may come a moment later.
            time.sleep(POLL_SECONDS)
            if not stop.is_on:
                last = "\n".join(places.log(name).read_text(errors="replace").splitlines()[-15:])
                raise DemoError(f"{last}\n\nThe {name} ended; its whole log is {places.log(name)}.")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End one child by its process id, gently at first."""
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _table(places: Places) -> str:
    rows = (
        ("Start here", places.helper, "what to try, sample accounts, current codes"),
        ("Travel Expenses", places.travel, "sample application"),
        ("Desk Reservation", places.desk, "another one"),
        ("Acme Group", f"{places.tenant('acme')}/sign-in", "routes by e-mail address to Microsoft Entra"),
        ("Lumen Studio", f"{places.tenant('lumen')}/sign-in", "e-mail, password, authenticator app"),
        ("Union Works", f"{places.tenant('union')}/sign-in", "Google, a company login (SAML) and passwords side by side"),
        ("Brightwater", f"{places.tenant('brightwater')}/sign-in", "Microsoft, once its directory has approved that"),
        ("Harbour Works", f"{places.tenant('harbour')}/console/", "its console: ivy@harbour.example sets it up"),
        ("Payroll", places.payroll, "an application that asks for a second factor"),
        ("Shift Planner", places.shifts, "an application that speaks SAML"),
        ("Kudos Wall", places.kudos, "an application of another company’s, which asks for consent"),
        ("Operator console", places.operator, f"as {OPERATOR.email}; password and code on the start page"),
        ("Mailbox", places.mailbox, "every mail that the broker sends"),
        ("Simulated Entra", places.entra, "Acme’s directory"),
        ("Simulated Google", places.google, "Workspaces and personal accounts"),
        ("Simulated SAML", places.works, "the company login of Union Works"),
    )
    width = max(len(address) for _, address, _ in rows)
    lines = [f"  {name:<17} {address:<{width}}  {what}" for name, address, what in rows]
    return "\n".join(
        ["", *lines, "", f"  Data and logs: {places.data} (make demo RESET=1 starts over)", "  Ctrl-C ends it.", ""]
    )
