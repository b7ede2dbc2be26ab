"""A server that says exactly the bytes that a test gives it, where a web server would be too polite."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

TLS_HANDSHAKE = b"\x16"
Say = Callable[[socket.socket, Event], None]


@dataclass
class RawServer:
    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def raw_server(say: Say) -> Iterator[RawServer]:
    """Reads the head of each request (or the first words of TLS), then calls `say`.

    `say` gets the socket, and an event that is set when the test ends.
    """
    over = Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    threads = [Thread(target=_accept, args=(listener, server, say, over), daemon=True)]
    threads[0].start()
    try:
        yield server
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads[0].join()


def reply(head: str, body: bytes = b"") -> Say:
    """Say one answer and close. `head` is the status and the header lines."""

    def say(sock: socket.socket, over: Event) -> None:
        sock.sendall(f"HTTP/1.1 {head}\r\n\r\n".replace("\n", "\r\n").replace("\r\r", "\r").encode() + body)

    return say


def drip(start: bytes, *, pieces: int = 200, pause: float = 0.02) -> Say:
    """Say `start` and then one byte at a time, for far longer than the tests' deadlines."""

    def say(sock: socket.socket, over: Event) -> None:
        sock.sendall(start)
        for _ in range(pieces):
            if over.wait(pause):
                return
            sock.sendall(b"x")

    return say


def hesitate(*pieces: bytes, pause: float) -> Say:
    """Say the pieces with a pause after each: every pause alone within the deadline, all together beyond it."""

    def say(sock: socket.socket, over: Event) -> None:
        for piece in pieces:
            sock.sendall(piece)
            over.wait(pause)

    return say


def _accept(listener: socket.socket, server: RawServer, say: Say, over: Event) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        with sock, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and not head.startswith(TLS_HANDSHAKE):
                piece = sock.recv(65536)
                if not piece:
                    break
                head += piece
            server.requests.append(head)
            say(sock, over)
