"""Group rules as a tenants file has them."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenants.group_rules import ANY
from tenants.manifest.values import Line, Spec


class GroupRuleSpec(Spec):
    """What becomes of a group that an identity provider sends. A group that no rule names comes to nothing."""

    received: Line = Field(alias="from", description="The group as it is sent, to the letter, or `*` for any.")
    group: Line | None = Field(
        default=None, description="The group here. Without `group` and `role` it keeps the name that it came with."
    )
    role: Literal["admin", "helpdesk", "auditor"] | None = Field(
        default=None, description="What its people may do in the console. Needs a group by name; an `owner` is named below."
    )

    @model_validator(mode="after")
    def _nobody_gets_a_role_by_the_way(self) -> Self:
        if self.role and self.received == ANY:
            raise ValueError('has a role for everybody: name the group that gets it in "from".')
        return self


GroupRules = Annotated[tuple[GroupRuleSpec, ...], Field(max_length=500)]


class GroupRulesSpec(Spec):
    """The rules of one connection by themselves."""

    groups: GroupRules = ()


def stored(rules: Iterable[GroupRuleSpec]) -> list[dict[str, str]]:
    """As the connection keeps them."""
    return [rule.model_dump(by_alias=True, exclude_none=True) for rule in rules]
