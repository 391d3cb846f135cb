"""Writing: create, replace, patch, scale, evict and delete, each of which may be rehearsed by ``dryRun=All``."""

from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from starlette.datastructures import QueryParams
from starlette.responses import Response

from kronveil.lab.controllers.budgets import budget_against
from kronveil.lab.controllers.quotas import quota_refusal
from kronveil.lab.deletion import delete, remove_if_released
from kronveil.lab.kinds import EVENT, JOB, LEASE, NAMESPACE, POD, REPLICASET, JsonObject, is_object
from kronveil.lab.managed import note_writer
from kronveil.lab.objects import letters
from kronveil.lab.patching import PatchError, json_patch, merge, strategic_merge
from kronveil.lab.server.admission import admit_changed, admit_new
from kronveil.lab.server.answers import (
    ApiError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    json_answer,
    no_such_path,
    not_found,
    success,
    unsupported_media_type,
)
from kronveil.lab.server.events import as_core_event, as_new_event
from kronveil.lab.server.reading import tests_of
from kronveil.lab.server.targets import Target
from kronveil.lab.times import stamp
from kronveil.lab.world import Record, World, copy_json

_UNMANAGED = (EVENT, LEASE)
"""Kinds whose writers nobody asks for."""
_SERVER_SIDE_APPLY = "application/apply-patch+yaml"
_PATCH_TYPES = (
    "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
    + _SERVER_SIDE_APPLY
)


def parse_body(body: bytes, content_type: str) -> Any:
    """A request's body, JSON or YAML. Raises ApiError: 415 for protobuf, which the lab does not speak, else 400."""
    if "protobuf" in content_type:
        raise unsupported_media_type("application/json, application/yaml")
    try:
        if "yaml" in content_type:
            return YAML(typ="safe", pure=True).load(body.decode())
        return msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.MsgspecError, YAMLError, UnicodeDecodeError) as error:
        raise bad_request(f"the body cannot be read: {error}") from error


class Writer:
    """The writing half of one cluster's API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.manager = "unknown"
        """Who is writing now, for managed fields: the request's fieldManager, or the name of its client."""

    def post(self, target: Target, body: Any, query: QueryParams) -> Response:
        """Create an object, or evict a pod."""
        if target.subresource == "eviction" and target.kind is POD:
            record = self._existing(target)
            asked: JsonObject = (body.get("deleteOptions") or {}) if is_object(body) else {}
            wanted: JsonObject = asked.get("preconditions") or {}
            if wanted.get("uid", record.uid) != record.uid:
                raise conflict(target.kind, target.name)
            if budget_against(self._world, record) is not None:
                why = "Cannot evict pod as it would violate the pod's disruption budget."
                raise ApiError(429, "TooManyRequests", why, causes=[{"reason": "DisruptionBudget", "message": why}])
            if not _is_rehearsal(query):
                delete(self._world, record, grace_s=asked.get("gracePeriodSeconds"))
            return json_answer(success(target.kind, target.name, record.uid), 201)
        if target.name or target.subresource:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return self._shown(target, self._create(target, _object(body), rehearse=_is_rehearsal(query)), 201)

    def put(self, target: Target, body: Any, query: QueryParams) -> Response:
        """Replace an object, its status, or its scale."""
        record = self._existing(target)
        if target.subresource == "scale":
            return self._scale(target, record, body, query)
        return self._shown(target, self._change(target, record, _object(body), rehearse=_is_rehearsal(query)))

    def patch(self, target: Target, body: Any, query: QueryParams, content_type: str) -> Response:
        """Patch an object, its status, or its scale; server-side apply creates what is not there."""
        found = self._world.find(target.kind, (target.namespace, target.name))
        if found is None and content_type == _SERVER_SIDE_APPLY:
            created = self._create(target, _object(body), rehearse=_is_rehearsal(query), operation="Apply")
            return self._shown(target, created, 201)
        record = self._existing(target)
        if target.subresource == "scale":
            return self._scale(target, record, _patched(scale_of(record), body, content_type), query)
        shown = as_new_event(record.obj) if target.is_new_event else record.obj
        new = _patched(shown, body, content_type)
        operation = "Apply" if content_type == _SERVER_SIDE_APPLY else "Update"
        return self._shown(
            target, self._change(target, record, new, rehearse=_is_rehearsal(query), operation=operation)
        )

    def delete(self, target: Target, body: Any, query: QueryParams) -> Response:
        """Delete an object, or every object that matches."""
        options = body if is_object(body) else {}
        rehearse = _is_rehearsal(query) or options.get("dryRun") == ["All"]
        if not target.name:
            return self._delete_all(target, query, rehearse=rehearse)
        record = self._existing(target)
        wanted: JsonObject = options.get("preconditions") or {}
        if wanted.get("uid", record.uid) != record.uid:
            raise conflict(target.kind, target.name)
        if wanted.get("resourceVersion", str(record.version)) != str(record.version):
            raise conflict(target.kind, target.name)
        grace = options.get("gracePeriodSeconds")
        if grace is None and query.get("gracePeriodSeconds", "").isdigit():
            grace = int(query["gracePeriodSeconds"])
        if not rehearse:
            if options.get("propagationPolicy") == "Orphan":
                self._let_go(record)
            record = delete(self._world, record, grace_s=grace)
        if self._world.find(target.kind, record.key) is None:
            return json_answer(success(target.kind, target.name, record.uid))
        return self._shown(target, record.obj)

    @staticmethod
    def _shown(target: Target, obj: JsonObject, code: int = 200) -> Response:
        return json_answer(as_new_event(obj) if target.is_new_event else obj, code)

    def _existing(self, target: Target) -> Record:
        record = self._world.find(target.kind, (target.namespace, target.name))
        if record is None:
            raise not_found(target.kind, target.name)
        if target.subresource not in ("", *target.kind.subresources):
            raise no_such_path()
        return record

    def _create(self, target: Target, body: JsonObject, *, rehearse: bool, operation: str = "Update") -> JsonObject:
        obj = copy_json(as_core_event(body) if target.is_new_event else body)
        metadata = obj.setdefault("metadata", {})
        word = letters(self._world.number("word", self._world.version), 5)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + word
        if not metadata.get("name"):
            raise invalid(target.kind, "", "metadata.name: Required value: name or generateName is required")
        if target.kind.namespaced:
            self._check_namespace(target, metadata)
        for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            metadata.pop(field, None)
        if self._world.find(target.kind, (target.namespace, metadata["name"])) is not None:
            raise already_exists(target.kind, metadata["name"])
        admit_new(target.kind, obj, word=word)
        if target.kind is POD and (why := quota_refusal(self._world, obj)) is not None:
            raise ApiError(403, "Forbidden", f'pods "{metadata["name"]}" is forbidden: {why}')
        if target.kind not in _UNMANAGED:
            obj |= {"kind": target.kind.name, "apiVersion": target.kind.api_version}
            note_writer(obj, None, manager=self.manager, now=self._world.now, operation=operation)
        if rehearse:
            metadata.update(uid=f"00000000-0000-4000-8000-{self._world.version:012d}")
            metadata.update(creationTimestamp=stamp(self._world.now))
            return {"kind": target.kind.name, "apiVersion": target.kind.api_version, **obj}
        return self._world.create(target.kind, obj).obj

    def _check_namespace(self, target: Target, metadata: JsonObject) -> None:
        if metadata.setdefault("namespace", target.namespace) != target.namespace:
            raise bad_request("the namespace of the object does not match the namespace of the request")
        if self._world.find(NAMESPACE, ("", target.namespace)) is None:
            raise not_found(NAMESPACE, target.namespace)

    def _change(
        self, target: Target, record: Record, body: JsonObject, *, rehearse: bool, operation: str = "Update"
    ) -> JsonObject:
        if target.is_new_event:
            body = as_core_event(body)
        metadata: JsonObject = body.get("metadata") or {}
        if metadata.get("resourceVersion") not in (None, "", str(record.version)):
            raise conflict(target.kind, target.name)
        if target.subresource == "status":
            new = copy_json(record.obj)
            new["status"] = body.get("status", {})
        else:
            new = {**copy_json(body), "kind": target.kind.name, "apiVersion": target.kind.api_version}
            kept = {name: record.obj["metadata"][name] for name in ("creationTimestamp", "resourceVersion")}
            new["metadata"] = {"uid": record.uid, **metadata, **kept}
            if target.kind.namespaced:
                new["metadata"].setdefault("namespace", target.namespace)
            new["metadata"].pop("managedFields", None)
            if managed := record.obj["metadata"].get("managedFields"):
                new["metadata"]["managedFields"] = managed
            if "status" in record.obj and "status" in target.kind.subresources:
                new["status"] = record.obj["status"]
            admit_changed(target.kind, record.obj, new)
        if target.kind not in _UNMANAGED:
            note_writer(
                new,
                record.obj,
                manager=self.manager,
                now=self._world.now,
                operation=operation,
                subresource=target.subresource,
            )
        if rehearse:
            return new
        stored = self._world.replace(target.kind, record.key, new)
        remove_if_released(self._world, stored)
        return stored.obj

    def _scale(self, target: Target, record: Record, body: Any, query: QueryParams) -> Response:
        if "scale" not in target.kind.subresources:
            raise no_such_path()
        new = copy_json(record.obj)
        scale = _object(body)
        spec: JsonObject = scale.get("spec") or {}
        metadata: JsonObject = scale.get("metadata") or {}
        new["spec"]["replicas"] = spec.get("replicas", 0)
        asked = metadata.get("resourceVersion")
        if asked not in (None, "", str(record.version)):
            raise conflict(target.kind, target.name)
        whole = Target(target.kind, target.namespace, target.name)
        stored = self._change(whole, record, new, rehearse=_is_rehearsal(query))
        return json_answer(scale_of(Record(target.kind, record.key, stored, self._world.version)))

    def _delete_all(self, target: Target, query: QueryParams, *, rehearse: bool) -> Response:
        if target.kind.namespaced and not target.namespace:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        tests = tests_of(target, query)
        for record in list(self._world.list(target.kind, target.namespace)):
            if not rehearse and all(test(record.obj) for test in tests):
                delete(self._world, record)
        return json_answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})

    def _let_go(self, owner: Record) -> None:
        """Keep what the owner owns: drop the references to it before it goes."""
        for kind in (POD, REPLICASET, JOB):
            for record in list(self._world.list(kind, owner.key[0])):
                references: list[JsonObject] = record.obj["metadata"].get("ownerReferences") or []
                if any(reference["uid"] == owner.uid for reference in references):
                    new = copy_json(record.obj)
                    del new["metadata"]["ownerReferences"]
                    self._world.replace(kind, record.key, new)


def scale_of(record: Record) -> JsonObject:
    """The ``scale`` subresource of an object."""
    metadata = record.obj["metadata"]
    labels = record.obj["spec"]["selector"].get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        },
        "spec": {"replicas": record.obj["spec"]["replicas"]},
        "status": {
            "replicas": record.obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{name}={value}" for name, value in labels.items()),
        },
    }


def _patched(obj: JsonObject, patch: Any, content_type: str) -> JsonObject:
    try:
        if content_type == "application/json-patch+json":
            return json_patch(obj, patch)
        if content_type == "application/merge-patch+json":
            return _object(merge(copy_json(obj), patch))
        if content_type in ("application/strategic-merge-patch+json", _SERVER_SIDE_APPLY):
            return _object(strategic_merge(copy_json(obj), patch))
    except (PatchError, AttributeError, TypeError) as error:
        raise ApiError(422, "Invalid", f"the patch does not fit the object: {error}") from error
    raise unsupported_media_type(_PATCH_TYPES)


def _object(body: Any) -> JsonObject:
    if not is_object(body):
        raise bad_request("the body is not an object")
    return body


def _is_rehearsal(query: QueryParams) -> bool:
    asked = query.getlist("dryRun")
    if asked and asked != ["All"]:
        raise bad_request(f"dryRun: Unsupported value: {asked[0]!r}: supported values: 'All'")
    return bool(asked)
