"""A path walked inside this process: what each step asked and got, and what it cost at the database."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import Client

from bench.load import Walk
from bench.wire import PEER, Reply, Request, reply_of
from tests.support.counting import Count, counted

Ask = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True)
class Exchange:
    request: Request
    reply: Reply


def asker(app: object, origin: str) -> Ask:
    """Questions to a WSGI app."""
    client = Client(app, use_cookies=False)

    def ask(request: Request) -> Reply:
        answer = client.open(
            request.path,
            base_url=origin,
            method=request.method,
            headers=list(request.all_headers),
            data=request.body.encode(),
        )
        return reply_of(answer.status_code, list(answer.headers.items()), answer.get_data())

    return ask


class Inside:
    """A walk under way. `product` and `peer` answer its requests."""

    def __init__(self, walk: Walk, product: Ask, peer: Ask) -> None:
        self._walk = walk
        self._product = product
        self._peer = peer
        self._step = next(walk)

    def lap(self) -> list[Exchange]:
        """Go on until the walk has come round; the first time this is the preparation."""
        done = []
        while isinstance(self._step, Request):
            ask = self._peer if self._step.origin == PEER else self._product
            exchange = Exchange(self._step, ask(self._step))
            done.append(exchange)
            self._step = self._walk.send(exchange.reply)
        self._step = next(self._walk)
        return done


def count_statements(app: Flask, inside: Inside) -> Count:
    """What one lap asks of the database once everything that is kept is there."""
    inside.lap()
    inside.lap()
    with counted(app.extensions["broker"].db.engine) as count:
        inside.lap()
    return count
