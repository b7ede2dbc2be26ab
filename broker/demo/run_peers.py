"""The process of all peers."""

import logging
import os
import time

from broker.demo.ending import StopSwitch, end_with_parent
from broker.demo.kept import load_or_make
from broker.demo.mailbox import Mailbox, taking_mail
from broker.demo.peers import make_peers, serving
from broker.demo.places import Places, places_from
from broker.system import SystemClock


def run_peers(places: Places) -> None:
    """Serve until somebody ends it."""
    stop = StopSwitch()
    end_with_parent()
    logging.basicConfig(level=logging.WARNING)
    clock = SystemClock()
    mailbox = Mailbox(clock)
    sites = make_peers(places, load_or_make(places.data), clock, mailbox)
    with taking_mail(mailbox, places.mail_port), serving(sites):
        while not stop.is_on:
            time.sleep(0.1)


if __name__ == "__main__":
    run_peers(places_from(os.environ))
