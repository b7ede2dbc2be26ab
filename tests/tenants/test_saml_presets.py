"""Presets of SAML applications: each is a table that a tenants file takes, and stands in the documentation as it is."""

from pathlib import Path

import pytest

from broker.saml_presets import PRESETS, page_of_presets
from tests.support.commands import run
from tests.support.manifests import SMALL, Desk

PAGE = Path(__file__).parents[2] / "docs" / "saml-applications.md"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.key)
def test_a_tenants_file_takes_it(desk: Desk, preset):
    assert f"create tenants.$t.saml_applications.{preset.key}" in desk.plan(SMALL + preset.table("$t"))


def test_the_page_shows_them_all():
    assert page_of_presets() in PAGE.read_text(encoding="utf-8")


def test_the_command_prints_one():
    assert "aws         AWS IAM Identity Center" in run("application", "saml-presets").output
    assert '[tenants.acme.saml_applications.aws]\nname = "AWS' in run("application", "saml-presets", "aws").output
    assert "There are: aws" in run("application", "saml-presets", "nothing").output
