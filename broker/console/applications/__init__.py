"""Applications: what they are told, who may open them, and the values that their side needs."""
