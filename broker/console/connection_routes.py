"""Connections. What is only posted has a page at its address all the same: a sign-in in between leads back there."""

from broker.console.connections import add, approval, edit, groups, hand_over, listing, metadata, one, removal, trying, versions
from broker.console.route import Route

_ONE = "/connections/<connection>"

CONNECTION_ROUTES = (
    Route("GET", "/connections", "connections", listing.list_page),
    Route("POST", "/connections", "move_connection", listing.move),
    Route("GET", "/add-connection", "add", add.chooser),
    Route("GET", "/add-connection/<assistant>", "add_connection", add.add_page),
    Route("POST", "/add-connection/<assistant>", "save_connection", add.add),
    Route("GET", "/saml-keys", "saml_keys", metadata.keys_page),
    Route("POST", "/saml-keys", "change_saml_keys", metadata.change_keys),
    Route("GET", _ONE, "connection", one.page),
    Route("GET", f"{_ONE}/edit", "edit_connection", edit.edit_page),
    Route("POST", f"{_ONE}/edit", "save_edited_connection", edit.save),
    Route("GET", f"{_ONE}/test", "back_from_test", versions.back),
    Route("POST", f"{_ONE}/test", "test_connection", trying.test),
    Route("GET", f"{_ONE}/tests/<test>", "connection_result", trying.result_page),
    Route("GET", f"{_ONE}/versions/<number>", "connection_version", versions.version_page),
    Route("GET", f"{_ONE}/activate", "back_from_activate", versions.back),
    Route("POST", f"{_ONE}/activate", "activate_version", versions.activate),
    Route("GET", f"{_ONE}/roll-back", "back_from_roll_back", versions.back),
    Route("POST", f"{_ONE}/roll-back", "roll_back_version", versions.roll_back),
    Route("GET", f"{_ONE}/on", "back_from_on", versions.back),
    Route("POST", f"{_ONE}/on", "switch_connection_on", versions.switch_on),
    Route("GET", f"{_ONE}/off", "connection_off", versions.off_page),
    Route("POST", f"{_ONE}/off", "switch_connection_off", versions.switch_off),
    Route("GET", f"{_ONE}/delete", "delete_connection", removal.page),
    Route("POST", f"{_ONE}/delete", "connection_deleted", removal.delete),
    Route("GET", f"{_ONE}/groups", "connection_groups", groups.page),
    Route("POST", f"{_ONE}/groups", "save_connection_groups", groups.save),
    Route("GET", f"{_ONE}/metadata", "connection_metadata", metadata.page),
    Route("POST", f"{_ONE}/metadata", "decide_metadata", metadata.decide),
    Route("GET", f"{_ONE}/links", "connection_links", hand_over.page),
    Route("POST", f"{_ONE}/links", "change_connection_links", hand_over.change),
    Route("GET", f"{_ONE}/approval", "connection_approval", approval.page),
    Route("POST", f"{_ONE}/approval", "change_approval", approval.change),
)
