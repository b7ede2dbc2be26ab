"""Branding, words of mails, contacts; emergency access."""

from broker.console import branding, contacts, door, own_words
from broker.console.route import Route

BRANDING_ROUTES = (
    Route("GET", "/branding", "branding", branding.branding_page),
    Route("POST", "/branding", "save_branding", branding.save_branding),
    Route("GET", "/branding/mails", "mail_words", own_words.words_page),
    Route("POST", "/branding/mails", "save_mail_words", own_words.save_words),
    Route("GET", "/branding/contacts", "contacts", contacts.contacts_page),
    Route("GET", "/branding/contacts/new", "new_contact", contacts.new_page),
    Route("POST", "/branding/contacts/new", "add_contact", contacts.add),
    Route("GET", "/branding/contacts/<contact>", "contact", contacts.contact_page),
    Route("POST", "/branding/contacts/<contact>", "change_contact", contacts.change),
    Route("GET", "/door", "door", door.door_page),
    Route("POST", "/door", "change_door", door.change_door),
)
