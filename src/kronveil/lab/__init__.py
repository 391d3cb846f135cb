"""The lab: a deterministic simulated world that serves the real Kubernetes REST API on loopback.

    async with open_lab(story, seed=1, speed=1.0, tls=False, clock=wall_clock) as lab:
        lab.write_kubeconfig(path)            # one context for each cluster, named like it
        lab.write_kubeconfig(path, credentials="token-file")    # or "certificate", with tls=True
        lab.finished                          # anyio.Event: the timeline has ended
        lab.skipped                           # moves that could not be made, in words
        await lab.advance(30)                 # only with clock=VirtualClock()

        cluster = lab.clusters["us-east-prod"]
        cluster.url, cluster.token, cluster.region, cluster.world, cluster.simulation
        await cluster.stop_server()           # connection refused
        await cluster.start_server()          # the same port again
        cluster.forbid("events"); cluster.allow("events")       # 403 on one kind
        cluster.expire_token("new-token")     # 401 to the one so far
        cluster.garble_next_watch_frame()     # no JSON, once
        cluster.drop_watches()                # TCP reset
        cluster.compact()                     # old versions get 410
        cluster.hang(); cluster.unhang()      # accepts, and answers nothing

    load_story("bad-image") or load_story(Path("my.yaml")) -> Story; list_stories() -> list[Story]; story.expected
    score(story, [Finding(kind, cluster, owner, opened_after_s, resolved_after_s)], speed=1.0) -> Scorecard

Timestamps are those of the clock at any speed; ``speed`` shortens waits. Causes are physical: patching an image, a
limit or a replica count through the API has the same effect as the same move of a story.
"""

from kronveil.lab.images import Behaviour
from kronveil.lab.lab import Lab, LabCluster, open_lab
from kronveil.lab.objects import App, NodeSize
from kronveil.lab.scorecard import Finding, Mark, Scorecard, score
from kronveil.lab.story import ClusterPlan, Expected, Story, StoryError, TimedMove, list_stories, load_story
from kronveil.lab.times import VirtualClock, wall_clock

__all__ = [
    "App",
    "Behaviour",
    "ClusterPlan",
    "Expected",
    "Finding",
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
