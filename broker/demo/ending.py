"""How a child of the demo learns that it is over: a signal, or the end of its parent."""

import os
import signal
import sys
import time
from threading import Thread
from types import FrameType

GRACE_SECONDS = 10.0
WATCH_SECONDS = 1.0


class StopSwitch:
    """Set by Ctrl-C, SIGTERM or a closed terminal, from the moment that it is made."""

    def __init__(self) -> None:
        self.is_on = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._flip)

    def _flip(self, _number: int, _frame: FrameType | None) -> None:
        self.is_on = True


def end_with_parent() -> None:
    """Our standard input is a pipe that only the parent can write to; it closes with the parent, however that ends."""
    Thread(target=_end_when_input_ends, daemon=True).start()
    os.register_at_fork(after_in_child=_prepare_worker)


def _end_when_input_ends() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def _prepare_worker() -> None:
    """The server forks workers. Ctrl-C goes to all of us, and then the server tells its workers to end as well: two
    signals at once can leave a worker waiting for ever, so the first is kept from it. One that is orphaned all the same
    must not keep the port.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    Thread(target=_end_when_orphaned, args=(os.getppid(),), daemon=True).start()


def _end_when_orphaned(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
