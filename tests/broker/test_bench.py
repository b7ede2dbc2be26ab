"""What `make bench` says it measures, it does: each of its paths once in this process, every answer looked at."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import psutil
import pytest
from flask import Flask
from jwt import PyJWKSet

from bench import scenarios
from bench.hello import make_hello
from bench.inside import Ask, Exchange, Inside, asker, count_statements
from bench.load import Load
from bench.peer import NAME, make_peer
from bench.report import Run, table, write
from bench.rounds import Bench, Figure, Lane
from bench.scenarios import SCENARIOS, Scenario
from bench.servers import Server
from bench.site import Site, add_tenants, make_site, stock_up
from bench.wire import PEER, PRODUCT, BenchError, Reply, Request
from broker.wiring import Broker
from tenants.ids import new_id
from tests.support.clock import FakeClock
from tests.support.served import served
from tests.support.wiring import ORIGIN, PeerHttp

Outside = tuple[Site, Ask, Ask]


@pytest.fixture(scope="module")
def outside(app: Flask, broker: Broker, clock: FakeClock, peers: PeerHttp) -> Outside:
    """The sample tenant and three more, and who answers for the product and for the identity provider."""
    slug = f"bench{new_id('x')[2:10]}"
    origin = f"https://idp.{slug}.example"
    peer = make_peer(origin, clock, f"staff.{slug}.example")
    peers.open(origin, peer)
    site = make_site(broker, slug, f"{origin}/{NAME}")
    add_tenants(site, 3)
    return site, asker(app, ORIGIN), asker(peer, origin)


@pytest.fixture
def site(outside: Outside) -> Site:
    stock_up(outside[0], members=4, attempts=4)
    return outside[0]


def one_lap(outside: Outside, name: str) -> list[Exchange]:
    """The path of this name, prepared and gone once."""
    inside = Inside(named(name).walk(outside[0]), *outside[1:])
    inside.lap()
    return inside.lap()


def named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def asked(exchanges: list[Exchange]) -> list[str]:
    """Method and path of each step, without the tenant's."""
    paths = (urlsplit(exchange.request.path).path for exchange in exchanges)
    return [
        f"{one.request.method} {path.partition('/bench')[2].partition('/')[2] or path}"
        for one, path in zip(exchanges, paths, strict=True)
    ]


def statuses(exchanges: list[Exchange]) -> list[int]:
    return [exchange.reply.status for exchange in exchanges]


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_every_path_can_be_gone_round_again_and_again(outside: Outside, site: Site, name: str) -> None:
    inside = Inside(named(name).walk(site), *outside[1:])
    inside.lap()
    laps = [inside.lap() for _ in range(2)]
    assert laps[0]
    assert len({tuple(asked(lap)) for lap in laps}) == 1 or named(name).is_spread


def test_documents_are_the_tenants_own(outside: Outside, site: Site) -> None:
    (described,) = one_lap(outside, "provider metadata")
    assert described.reply.json()["issuer"] == f"{ORIGIN}{site.path}"
    (keys,) = one_lap(outside, "JWKS")
    assert {key["alg"] for key in keys.reply.json()["keys"]} == {"ES256", "RS256"}


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_code_flow_ends_in_an_id_token_signed_as_the_figure_says(outside: Outside, site: Site, algorithm: str) -> None:
    exchanges = one_lap(outside, f"authorize + token, {algorithm}")
    assert asked(exchanges) == ["GET oidc/authorize", "POST oidc/token"]
    assert statuses(exchanges) == [303, 200]
    query = parse_qs(urlsplit(exchanges[0].request.path).query)
    claims = read_token(outside, exchanges[1].reply.json()["id_token"], algorithm)
    assert claims["aud"] == algorithm.lower()
    assert claims["nonce"] == query["nonce"][0]
    assert claims["amr"] == ["pwd", "otp", "mfa"]


def read_token(outside: Outside, token: str, algorithm: str) -> dict[str, object]:
    """By another library than the product's; time stands still in tests, so it is not looked at."""
    keys = PyJWKSet.from_dict(outside[1](Request(f"{outside[0].path}/oidc/jwks")).json())
    header = jwt.get_unverified_header(token)
    assert header["alg"] == algorithm
    unlimited = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    return jwt.decode(token, keys[header["kid"]].key, algorithms=[algorithm], options=unlimited)


def test_refreshing_rotates_the_token(outside: Outside, site: Site) -> None:
    inside = Inside(scenarios.refresh(site), *outside[1:])
    laps = [inside.lap() for _ in range(3)]
    shown = [lap[-1].reply.json()["refresh_token"] for lap in laps]
    assert len(set(shown)) == 3
    assert [asked(lap) for lap in laps[1:]] == [["POST oidc/token"]] * 2


def test_userinfo_tells_of_the_person_who_is_signed_in(outside: Outside, site: Site) -> None:
    (told,) = one_lap(outside, "UserInfo with groups")
    assert told.reply.json()["groups"] == ["staff"]
    (told,) = one_lap(outside, "UserInfo")
    assert told.reply.json()["email"].endswith(f"@{site.tenant.slug}.example")
    assert "groups" not in told.reply.json()


def test_the_sign_in_page_asks_for_an_address(outside: Outside, site: Site) -> None:
    (page,) = one_lap(outside, "sign-in page")
    assert page.reply.status == 200
    assert b'name="email"' in page.reply.body


def test_password_and_code_open_a_session_for_one_person_after_the_other(outside: Outside, site: Site) -> None:
    emails = [member.email for member in site.members]
    inside = Inside(scenarios.password_and_totp(site), *outside[1:])
    inside.lap()
    for email in emails[:2]:
        exchanges = inside.lap()
        assert asked(exchanges) == ["POST sign-in/password", "POST sign-in/totp"]
        assert email in home_of(outside, exchanges[-1].reply)


def test_the_identity_providers_people_get_sessions(outside: Outside, site: Site) -> None:
    exchanges = one_lap(outside, "upstream OIDC, start + callback")
    assert [exchange.request.origin for exchange in exchanges] == [PRODUCT, PEER, PRODUCT]
    assert [exchange.reply.status for exchange in exchanges] == [303, 302, 303]
    assert f"@staff.{site.tenant.slug}.example" in home_of(outside, exchanges[-1].reply)


def home_of(outside: Outside, reply: Reply) -> str:
    """The page of whoever has got this session."""
    name = f"{outside[0].tenant.slug}-sid"
    page = outside[1](Request(f"{outside[0].path}/", (("Cookie", f"{name}={reply.cookie(name)}"),)))
    assert page.status == 200
    return page.body.decode()


def test_the_whole_local_sign_in_goes_from_the_application_back_to_it(outside: Outside, site: Site) -> None:
    exchanges = one_lap(outside, "local sign-in, all pages")
    assert asked(exchanges) == [
        "GET oidc/authorize",
        "GET sign-in",
        "POST sign-in",
        "GET sign-in/password",
        "POST sign-in/password",
        "GET sign-in/totp",
        "POST sign-in/totp",
        "GET oidc/authorize",
        "POST oidc/token",
    ]
    claims = read_token(outside, exchanges[-1].reply.json()["id_token"], "ES256")
    assert claims["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize("name", ["metadata, all tenants in turn", "authorize + token, all in turn"])
def test_all_tenants_have_their_turn(outside: Outside, site: Site, name: str) -> None:
    inside = Inside(named(name).walk(site), *outside[1:])
    inside.lap()
    tenants = [inside.lap()[0].request.path.split("/")[2] for _ in range(4)]
    assert len(set(tenants)) == 3
    assert tenants[0] == tenants[3]
    assert site.tenant.slug not in tenants


def test_statements_are_those_of_one_lap(app: Flask, outside: Outside, site: Site) -> None:
    count = count_statements(app, Inside(scenarios.userinfo(site), *outside[1:]))
    assert [statement.split()[0] for statement in count.statements] == ["SELECT"]
    assert count.commits == 0
    count = count_statements(app, Inside(scenarios.code_es256(site), *outside[1:]))
    assert 4 <= len(count) <= 6
    assert count.commits == 2


def test_a_path_that_goes_wrong_ends_the_bench(outside: Outside, site: Site) -> None:
    refused = partial(Reply, 503, b"HTTP/1.1 503 Busy", b"busy")
    inside = Inside(scenarios.code_es256(site), lambda _: refused(), outside[2])
    inside.lap()
    with pytest.raises(BenchError, match="503"):
        inside.lap()


@pytest.fixture
def hello_port() -> Iterator[int]:
    with served(make_hello()) as port:
        yield port


def test_the_load_generator_counts_what_came_back(hello_port: int, outside: Outside) -> None:
    replies = []

    def walk(site: Site) -> Iterator[object]:
        for step in (steps := scenarios.hello(site)):
            reply = yield step
            while reply is not None:
                replies.append(reply.body)
                reply = yield steps.send(reply)

    address = ("127.0.0.1", hello_port)
    with Load({PRODUCT: address, PEER: address}) as load:
        load.add("hello", partial(walk, outside[0]), 3)
        load.start()
        load.run(0.1)
    assert set(replies) == {b"hello"}
    assert 0 < len(load.laps["hello"]) <= len(replies)


def test_the_load_generator_does_not_count_refusals(hello_port: int, outside: Outside) -> None:
    address = ("127.0.0.1", hello_port)
    with Load({PRODUCT: address, PEER: address}) as load:
        load.add("metadata", partial(scenarios.metadata, outside[0]), 1)
        load.start()
        with pytest.raises(BenchError, match="404"):
            load.run(0.1)


def figure(name: str, rates: list[float], *, load_busy: float = 0.2, **values: Any) -> Figure:
    laps = [0.001 * number for number in range(1, 101)]
    return Figure(name, rates=rates, laps=laps, server_busy=[0.95], load_busy=[load_busy], **values)


def run_of(bench: Bench, folder: Path) -> tuple[list[str], dict[str, Any]]:
    """The table's lines and what was written."""
    run = Run("sqlite", 1001, 3, 3.0, "Server on core 1.", [1.5, 1.4], 120.0, 0.5, 2.5, "2026-03-02T09:00:00")
    return table(run, bench).splitlines(), json.loads(write(run, bench, folder).read_text(encoding="utf-8"))


def test_the_table_compares_medians_and_says_where_the_load_was_the_bottleneck(outside: Outside, tmp_path: Path) -> None:
    address = Server(psutil.Process(), ("127.0.0.1", 1))
    lane = Lane(address, address, 1.0)
    bench = Bench(
        outside[0], lane, lane, SCENARIOS, figure("Flask hello", [5000.0], load_busy=0.97), beside=figure("beside", [])
    )
    bench.hashes.rates = [50.0]
    refreshed = figure("refresh", [500.0, 900.0, 600.0], ratios=[0.1, 0.3, 0.125], target=0.12, statements=2, commits=1)
    proven = figure("password", [45.0], ratios=[0.9], target=0.85, is_hashed=True)
    bench.figures = {"refresh": refreshed, "password": proven}
    lines, kept = run_of(bench, tmp_path)
    assert "1,001 tenants" in lines[0]
    rows = {line.split()[0]: line.split()[1:] for line in lines[4:9]}
    assert rows["refresh"][:5] == ["600", "0.125", "0.12", "50.50", "99.01"]
    assert rows["refresh"][-4:] == ["2", "1", "95%", "20%"]
    assert rows["password"][:3] == ["45.0", "0.900*", "0.85"]
    assert rows["Flask"][-1] == "97%!"
    assert lines[-1].startswith("! The load generator was the bottleneck for: Flask hello.")
    assert kept["paths"][0]["rates"] == [500.0, 900.0, 600.0]
    assert kept["run"]["tenants"] == 1001
