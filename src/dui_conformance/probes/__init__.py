"""Clients that exercise the endpoints that a DUI serves, as `dui.toml` declares them, and record each exchange."""
