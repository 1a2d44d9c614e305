"""The doors against the real Temporal server."""
