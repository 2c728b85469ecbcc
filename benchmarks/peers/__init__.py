"""Turnout as a client beside other routers, on the same work."""
