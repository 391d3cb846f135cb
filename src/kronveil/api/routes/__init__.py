"""The paths under /api/v1: parse, call the desk, answer."""
