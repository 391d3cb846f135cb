"""The lab: a deterministic simulated world that serves the real Kubernetes REST API on loopback.

    async with open_lab(story, seed=1, speed=1.0, tls=False, clock=wall_clock) as lab:
        lab.write_kubeconfig(path)            # one context for each cluster, named like it
        lab.write_kubeconfig(path, credentials="token-file")    # or "certificate", with tls=True
        lab.finished                          # anyio.Event: the timeline has ended
        lab.skipped                           # moves that could not be made, in words
        await lab.advance(30)                 # only with clock=VirtualClock()

        cluster = lab.clusters["us-east-prod"]
        cluster.url, cluster.token, cluster.region, cluster.world, cluster.simulation
        cluster.world.add_kind(Kind("Backup", "backups", "velero.io"))      # a custom resource, as by its definition
        cluster.set_streaming_lists(offered=False)              # an old server: sendInitialEvents is 422

        await cluster.stop_server()           # connection refused
        await cluster.start_server()          # the same port again
        cluster.hang(); cluster.unhang()      # accepts, and answers nothing
        cluster.silence_watches(); cluster.unsilence_watches()  # half-open: watches stay open and say nothing
        cluster.close_watches_at_once(3)      # the next watches end at once, in good order
        cluster.drop_watches()                # TCP reset of those that are open
        cluster.cut_next_watch_frame()        # half a frame, then a reset
        cluster.garble_next_watch_frame()     # no JSON, once
        cluster.repeat_watch_frames(5); cluster.swap_watch_frames(5)        # duplicated; in the wrong order
        cluster.enlarge_next_watch_frame(100_000_000)           # one object of 100 MB
        cluster.trickle(bytes_per_s=200); cluster.trickle(None)
        cluster.throttle(3, retry_after_s=2)  # 429 to the next requests
        cluster.fail(3, code=503)             # 5xx to the next requests
        cluster.forbid("events"); cluster.allow("events")       # 403 on one kind
        cluster.expire_token("new-token")     # 401 to the one so far
        cluster.compact()                     # old versions get 410
        cluster.take_backup(); cluster.restore_backup()         # etcd restored: same uid, older objects and versions
        cluster.skew_clock(-90)               # timestamps and the Date header are off
        lab.write_kubeconfig(path, contexts={"us-east-prod": "production"}) # a renamed context

    load_story("bad-image") or load_story(Path("my.yaml")) -> Story; list_stories() -> list[Story]; story.expected
    score(story, [Finding(kind, cluster, owner, opened_after_s, resolved_after_s)], speed=1.0) -> Scorecard

Timestamps are those of the clock at any speed; ``speed`` shortens waits. Causes are physical: patching an image, a
limit or a replica count through the API has the same effect as the same move of a story. What a story can put into
its clusters is in ``story.ClusterPlan``, ``objects.App`` and ``extras``; what can happen there in ``every_move.MOVES``.
"""

from kronveil.lab.images import Behaviour
from kronveil.lab.kinds import Kind
from kronveil.lab.lab import Lab, LabCluster, open_lab
from kronveil.lab.objects import App, NodeSize
from kronveil.lab.scorecard import UNSCALED_S, Finding, Mark, Scorecard, score
from kronveil.lab.story import ClusterPlan, Expected, Story, StoryError, TimedMove, list_stories, load_story
from kronveil.lab.times import VirtualClock, wall_clock

__all__ = [
    "UNSCALED_S",
    "App",
    "Behaviour",
    "ClusterPlan",
    "Expected",
    "Finding",
    "Kind",
    "Lab",
    "LabCluster",
    "Mark",
    "NodeSize",
    "Scorecard",
    "Story",
    "StoryError",
    "TimedMove",
    "VirtualClock",
    "list_stories",
    "load_story",
    "open_lab",
    "score",
    "wall_clock",
]
