"""The built-in actions. Each is one part: what it may do at most, its parameters, and how it is made."""

from kronveil.actions.cordon import cordon, uncordon
from kronveil.actions.custom_script import component as custom_script
from kronveil.actions.delete_job import component as delete_job
from kronveil.actions.drain import component as drain
from kronveil.actions.http_request import component as http_request
from kronveil.actions.kubectl_scale import component as kubectl_scale
from kronveil.actions.notify_oncall import component as notify_oncall
from kronveil.actions.open_pull_request import component as open_pull_request
from kronveil.actions.patch import component as patch
from kronveil.actions.restart_pod import component as restart_pod
from kronveil.actions.rollout_restart import component as rollout_restart
from kronveil.actions.rollout_undo import component as rollout_undo
from kronveil.actions.run_diagnostic import component as run_diagnostic
from kronveil.actions.set_resources import component as set_resources
from kronveil.actions.wait import component as wait
from kronveil.sdk.actions import ActionComponent

BUILT_IN: tuple[ActionComponent, ...] = (
    set_resources,
    kubectl_scale,
    rollout_undo,
    rollout_restart,
    restart_pod,
    cordon,
    uncordon,
    drain,
    patch,
    delete_job,
    run_diagnostic,
    wait,
    http_request,
    custom_script,
    open_pull_request,
    notify_oncall,
)
