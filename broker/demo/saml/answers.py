"""What the simulated company login answers: as a switch says, and with what it answered before."""

from dataclasses import dataclass, field, replace
from threading import Lock

from lxml import etree

from broker.demo.people import StaffPerson
from broker.demo.saml.messages import Said, new_id, response
from broker.demo.saml.requests import AuthnRequest
from broker.demo.saml.rolling import Rolling
from broker.demo.saml.signer import signed
from broker.demo.saml.switches import SamlSwitch
from broker.ports import Clock


@dataclass(slots=True)
class Answers:
    """Remembers the last answer that was in order, for the switches that use something twice."""

    entity_id: str
    rolling: Rolling
    """Its keys by the words of `SamlSwitch.signs_with`, of which `today` is whichever signs now."""
    clock: Clock
    _last: bytes = b""
    _last_id: str = ""
    _lock: Lock = field(default_factory=Lock)

    def answer(self, asked: AuthnRequest, person: StaffPerson, switch: SamlSwitch) -> bytes:
        with self._lock:
            if switch.is_replay:
                return self._last or self._made(replace(asked, id=new_id()), person, switch)
            made = self._made(asked, person, switch)
            if switch.key == "normal":
                self._last = made
            return made

    def _made(self, asked: AuthnRequest, person: StaffPerson, switch: SamlSwitch) -> bytes:
        said = Said(
            issuer=self.entity_id,
            audience=switch.audience or asked.issuer,
            recipient=asked.acs_url,
            request_id=asked.id,
            at=self.clock.now() + switch.clock_off,
            person=person,
            status=switch.status,
            has_attributes=switch.has_attributes,
            is_transient=switch.is_transient,
        )
        if switch.has_old_id and self._last_id:
            said = replace(said, assertion_id=self._last_id)
        if switch.key == "normal":
            self._last_id = said.assertion_id
        document = response(said)
        if switch.signs_with != "nothing":
            name = self.rolling.signing if switch.signs_with == "today" else switch.signs_with
            document = signed(document, self.rolling.keys[name])
        data: bytes = etree.tostring(document)
        return data.replace(person.email.encode(), b"boss@works.example") if switch.is_changed else data
