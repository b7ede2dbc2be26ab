"""The part of the plan that does not take back what a move has done (docs/moving.md)."""

from tenants.manifest.plan import Comparison


def keep_moves(comparison: Comparison) -> None:
    """Refuse to switch a connection on, or to send domains to it, that people have left on the date of their move."""
    keys = {row.id: key for key, row in comparison.state.connections.items()}
    for from_id, to_id in comparison.state.cut_moves.items():
        left, taken = keys[from_id], keys[to_id]
        connection = comparison.manifest.connections.get(left)
        if connection is not None and connection.spec.enabled:
            sentence = f"people have moved from it to {taken}: set enabled = false, or take that back with `broker move undo`."
            comparison.refuse(("connections", left, "enabled"), sentence)
        for name, domain in comparison.manifest.spec.domains.items():
            if domain.connection == left:
                comparison.refuse(("domains", name, "connection"), f"people have moved from {left} to {taken}: name that one.")
