"""The built-in actions. Each is one part: what it may do at most, its parameters, and how it is made."""

from kronveil.actions.kubectl_scale import component as kubectl_scale
from kronveil.actions.notify_oncall import component as notify_oncall
from kronveil.actions.rollout_undo import component as rollout_undo
from kronveil.actions.set_resources import component as set_resources
from kronveil.sdk.actions import ActionComponent

BUILT_IN: tuple[ActionComponent, ...] = (set_resources, kubectl_scale, rollout_undo, notify_oncall)
