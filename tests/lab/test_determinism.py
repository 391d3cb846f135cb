"""The same seed and the same calls give the same world, to the byte."""

import hashlib

from kronveil.lab.kinds import NAMESPACE
from kronveil.lab.moves import Scale, SetImage, StopNode
from tests.lab.living import BAD, GOOD, LEAKY, living, pass_time


def history(seed):
    cluster = living(seed=seed)
    for move in (SetImage("shop/api", BAD), SetImage("shop/api", LEAKY), StopNode(1), Scale("shop/api", 6)):
        move.make(cluster)
        pass_time(cluster, 77)
    SetImage("shop/api", GOOD).make(cluster)
    pass_time(cluster, 77)
    lines = [change.type.encode() + change.record.encoded() for change in cluster.world.changes()]
    assert len(lines) > 200
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def test_the_same_seed_gives_the_same_change_log():
    assert history(7) == history(7)


def test_another_seed_gives_another_world():
    assert history(7) != history(8)


def test_a_clusters_identity_depends_on_seed_and_name_alone():
    def uid(seed):
        return living(seed=seed).world.get(NAMESPACE, ("", "kube-system")).uid

    assert uid(1) == uid(1)
    assert uid(1) != uid(2)


def test_small_steps_and_one_large_step_lead_to_the_same_log():
    def log(steps):
        cluster = living()
        SetImage("shop/api", LEAKY).make(cluster)
        for _ in range(steps):
            pass_time(cluster, 120 / steps)
        return [(change.type, change.record.encoded()) for change in cluster.world.changes()]

    assert log(1) == log(48)
