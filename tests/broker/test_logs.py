"""Logs: which lines are written."""

import structlog

from broker.logs import configure_logs

log = structlog.get_logger()


def test_level_holds_for_loggers_that_were_used_before_it_was_set(capfd):
    configure_logs("error")
    log.info("left out")
    log.exception("kept")
    configure_logs("info")
    log.info("seen")
    log.debug("left out")
    shown = capfd.readouterr().err
    assert "left out" not in shown
    assert "kept" in shown
    assert "seen" in shown
