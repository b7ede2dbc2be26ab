"""Connections in the console: the list, an assistant for each product, versions, tests, and what belongs to each."""
