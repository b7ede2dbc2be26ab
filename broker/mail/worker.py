"""From the outbox to the mail server: leases what is due, sends it, and notes what became of it."""

from collections.abc import Callable, Mapping

import structlog
from flask_babel import force_locale

from broker.language import LOCALES
from broker.mail.finder import finder_content
from broker.mail.letter import Letter, letter_to
from broker.mail.letters import is_over, made
from broker.mail.messages import Content
from broker.ports import Mailer, MailFault, OutgoingMail
from broker.wiring import Broker
from tenants import outbox
from tenants.finder import FINDER
from tenants.languages import ALL, language_for
from tenants.outbox import Leased

log = structlog.get_logger()

PLATFORM_MESSAGES: Mapping[str, Callable[[Broker, Leased], Content]] = {FINDER: finder_content}
"""How the words of a platform's mail are made; those of a tenant's are in letters.py."""

_TOO_LATE = "its time was over before it could be sent"


def deliver(broker: Broker) -> bool:
    """Send what is due, some of it. Says whether more may wait. Needs an application context, for the words."""
    mailer = broker.ports.mailer
    if mailer is None:
        return False
    mails = outbox.lease(broker.db, broker.ports.clock.now())
    for mail in mails:
        # A slow server has used up the lease: by now another process may have the mail.
        if broker.ports.clock.now() < mail.until - outbox.LEASE / 2:
            _deliver_one(broker, mailer, mail)
    return bool(mails)


def _deliver_one(broker: Broker, mailer: Mailer, mail: Leased) -> None:
    now = broker.ports.clock.now()
    if mail.created_at + outbox.LIFE <= now:
        outbox.note_over(broker.db, mail, _TOO_LATE, now)
        return
    try:
        letter = _letter(broker, mail)
        if letter is not None and is_over(letter, now):
            outbox.note_over(broker.db, mail, _TOO_LATE, now)
            return
        content = _content(broker, mail, letter)
        if content is None:
            outbox.note_dropped(broker.db, mail, broker.ports.clock.now())
            return
        mailer.send(_outgoing(mail, content), now)
    except MailFault as fault:
        settle = outbox.note_failed if fault.is_final else outbox.put_off
        settle(broker.db, mail, str(fault), broker.ports.clock.now())
        log.warning("mail_not_sent", mail=mail.id, message=mail.message, is_final=fault.is_final, tries=mail.tries)
    except Exception as error:
        # One mail that can't be made must not hold up the others.
        log.error("mail_broken", mail=mail.id, message=mail.message, exc_info=error)
        outbox.put_off(broker.db, mail, type(error).__name__, broker.ports.clock.now())
    else:
        outbox.note_sent(broker.db, mail, broker.ports.clock.now())
        log.info("mail_sent", mail=mail.id, message=mail.message, tries=mail.tries)


def _letter(broker: Broker, mail: Leased) -> Letter | None:
    """None: it is the platform's, or its tenant is gone."""
    tenant = broker.snapshots.find_by_id(mail.tenant_id) if mail.tenant_id else None
    if tenant is None:
        return None
    facts = outbox.facts_of(mail, broker.vault)
    return letter_to(broker, tenant, mail.to_address, mail.message, facts, mail.created_at)


def _content(broker: Broker, mail: Leased, letter: Letter | None) -> Content | None:
    if mail.tenant_id is None:
        with force_locale(LOCALES[language_for(ALL, kept=mail.language or "")]):
            return PLATFORM_MESSAGES[mail.message](broker, mail)
    return made(letter) if letter else None


def _outgoing(mail: Leased, content: Content) -> OutgoingMail:
    return OutgoingMail(mail.id, mail.to_address, content.subject, content.text, content.html, content.pictures)
