"""Kronveil: what broke, what changed and why, across many Kubernetes clusters."""

__version__ = "0.4.0.dev0"
