"""The web hook against the real Temporal server."""
