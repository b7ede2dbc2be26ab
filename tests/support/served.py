"""WSGI apps on a socket of their own, with connections that stay open as those of a real server do."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from werkzeug.test import Client


@contextmanager
def served(app: Any, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Let `app` answer on loopback; gives the port."""
    server = _Server(("127.0.0.1", 0), _handler_of(app))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of connections that a client keeps open are not waited for.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests are about."""


def _handler_of(app: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body go out together: sent apart, they wait for each other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = Client(app, use_cookies=False).open(
                path,
                method=self.command,
                query_string=query,
                headers=list(self.headers.items()),
                data=body,
                environ_overrides={"REMOTE_PORT": self.client_address[1]},
            )
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers and answer.data:
                # What is made piece by piece has no length of its own, and the connection stays open.
                self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        do_POST = do_GET  # noqa: N815 - the standard library's name

    return Handler
