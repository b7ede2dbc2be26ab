"""What to copy to a product's side and what to bring back from there, as lines: for the command, and for pages."""

from collections.abc import Iterator

from broker.upstream.presets import PRESETS, Preset

_FROM_THERE = ('client_id = "…"', 'client_secret = { env = "…" }')


def overview() -> Iterator[str]:
    """A line for each preset: its name, the product, and what it needs in place of an issuer."""
    for name, preset in PRESETS.items():
        needs = f'kind = "{preset.kind}"' if preset.kind != "oidc" else " and ".join(preset.variables)
        yield f"{name:<13} {preset.label}: {needs}"


def guide(name: str, key: str, redirect_uri: str | None) -> Iterator[str]:
    """Both sides of one preset. `redirect_uri`: of the tenant's connection `key`; None: where it is to be looked up."""
    preset = PRESETS[name]
    yield f"{preset.label}, as the connection {key}"
    yield ""
    yield "At the product:"
    for step in preset.here:
        yield f"  - {step}"
    if preset.kind == "oidc":
        yield f"  Redirect URI: {redirect_uri or f'{{T}}/callback/{key}, with the address of the tenant for {{T}}'}"
        yield f"  Scopes: {' '.join(preset.options.get('scopes', ('openid', 'email', 'profile')))}"
        yield ""
        yield "In the tenants file:"
        yield from (f"  {line}" for line in _table(name, preset, key))
    if preset.notes:
        yield ""
        yield "Mind:"
        for note in preset.notes:
            yield f"  - {note}"


def _table(name: str, preset: Preset, key: str) -> Iterator[str]:
    yield f"[tenants.<slug>.connections.{key}]"
    yield 'kind = "oidc"'
    yield f'label = "{preset.label.partition(" (")[0]}"'
    yield f'preset = "{name}"'
    for variable in preset.variables:
        yield f'{variable} = "…"  # such as {getattr(preset, variable)}{_usual(preset, variable)}'
    yield from _FROM_THERE


def _usual(preset: Preset, variable: str) -> str:
    return f"; {preset.default_domain} if left out" if variable == "domain" and preset.default_domain else ""
