"""Every move by the name stories give it."""

from typing import TypeAlias

from kronveil.lab import more_moves as more
from kronveil.lab import moves
from kronveil.lab import server_moves as server

AnyMove: TypeAlias = moves.Move | server.ServerMove
MOVES: dict[str, type[AnyMove]] = {
    "set_image": moves.SetImage,
    "set_memory": moves.SetMemory,
    "scale": moves.Scale,
    "restart": moves.Restart,
    "delete_pod": moves.DeletePod,
    "set_behaviour": moves.SetBehaviour,
    "withdraw_image": moves.WithdrawImage,
    "stop_node": moves.StopNode,
    "start_node": moves.StartNode,
    "set_config": more.SetConfig,
    "create_config": more.CreateConfig,
    "delete_config": more.DeleteConfig,
    "create_secret": more.CreateSecret,
    "delete_secret": more.DeleteSecret,
    "break_storage": more.BreakStorage,
    "mend_storage": more.MendStorage,
    "set_quota": more.SetQuota,
    "set_pressure": more.SetPressure,
    "clear_pressure": more.ClearPressure,
    "clean_up": more.CleanUp,
    "hold_pod": more.HoldPod,
    "release_pods": more.ReleasePods,
    "set_load": more.SetLoad,
    "lose_metrics": more.LoseMetrics,
    "restore_metrics": more.RestoreMetrics,
    "run_job": more.RunJob,
    "delete_job": more.DeleteJob,
    "suspend": more.Suspend,
    "stop_controller": more.StopController,
    "start_controller": more.StartController,
    "set_certificate": more.SetCertificate,
    "sync": more.Sync,
    "stop_server": server.StopServer,
    "start_server": server.StartServer,
    "hang": server.Hang,
    "unhang": server.Unhang,
    "drop_watches": server.DropWatches,
    "compact": server.Compact,
    "forbid": server.Forbid,
    "allow": server.Allow,
}
