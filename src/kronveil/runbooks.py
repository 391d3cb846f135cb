"""What a runbook in Python imports: ``from kronveil.runbooks import Runbook, Step, register``."""

from kronveil.sdk.runbooks import Input, Runbook, Step, register

__all__ = ["Input", "Runbook", "Step", "register"]
