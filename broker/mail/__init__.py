"""Mail: what it says (messages), how it is sent (smtp), and the worker between the outbox and the server."""
