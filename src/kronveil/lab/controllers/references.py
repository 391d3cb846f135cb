"""What a pod's containers and volumes refer to, and whether it is there."""

from collections.abc import Iterator

from kronveil.lab.controllers.claims import claims_of
from kronveil.lab.kinds import CLAIM, CONFIGMAP, SECRET, JsonObject, Kind
from kronveil.lab.machinery import Machinery
from kronveil.lab.world import Record, World


def config_problem(world: World, pod: Record, container: str) -> str | None:
    """Which config map, secret or key a container's variables miss, in a kubelet's words; None when all are there."""
    spec = next(item for item in pod.obj["spec"]["containers"] if item["name"] == container)
    for kind, reference in _sources(spec):
        if reference.get("optional"):
            continue
        found = world.find(kind, (pod.key[0], reference["name"]))
        if found is None:
            return f'{kind.name.lower()} "{reference["name"]}" not found'
        key = reference.get("key")
        if key is not None and key not in (found.obj.get("data") or {}):
            return f"couldn't find key {key} in {kind.name} {pod.key[0]}/{reference['name']}"
    return None


def _sources(container: JsonObject) -> Iterator[tuple[Kind, JsonObject]]:
    for item in container.get("envFrom") or ():
        for field, kind in (("configMapRef", CONFIGMAP), ("secretRef", SECRET)):
            if field in item:
                yield kind, item[field]
    for item in container.get("env") or ():
        for field, kind in (("configMapKeyRef", CONFIGMAP), ("secretKeyRef", SECRET)):
            if field in item.get("valueFrom", {}):
                yield kind, item["valueFrom"][field]


def mount_problem(machinery: Machinery, pod: Record) -> str | None:
    """Which volume of a pod cannot be mounted, in a kubelet's words; None when all can."""
    world = machinery.world
    for volume in pod.obj["spec"].get("volumes") or ():
        for field, kind, name_of in (("configMap", CONFIGMAP, "name"), ("secret", SECRET, "secretName")):
            source = volume.get(field)
            if source and not source.get("optional") and world.find(kind, (pod.key[0], source[name_of])) is None:
                missing = f'{kind.name.lower()} "{source[name_of]}" not found'
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {missing}'
    for name in claims_of(pod.obj) if machinery.mounts_out else ():
        claim = world.find(CLAIM, (pod.key[0], name))
        if claim is not None and claim.obj["spec"].get("storageClassName") in machinery.mounts_out:
            return (
                f'MountVolume.MountDevice failed for volume "{claim.obj["spec"].get("volumeName", name)}" : '
                "rpc error: code = Internal desc = could not format and mount the device: no such file or directory"
            )
    return None
