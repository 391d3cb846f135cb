// Made-up but complete answers of the agent, for tests only; nothing the console ships imports this.
import type { Change, Cluster, Fleet, Incident, IncidentDetail, KronveilEvent, Status } from "../api/types";
import type { Delta, Frame } from "../live/frames";

export const T0 = Date.parse("2026-11-25T02:00:00.000Z");
export const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();

const BOOKS = { received: 10, delivered: 6, merged: 3, dropped: { queue_full: 1 }, in_flight: 0 };

export const incident = (id: string, changes: Partial<Incident> = {}): Incident => ({
  id,
  kind: "pod.image_pull_failed",
  family: "image",
  title: `Image of ${id} cannot be pulled`,
  severity: "high",
  status: "open",
  loop_stage: "detected",
  clusters: [{ name: "alpha", uid: "uid-alpha", region: "north" }],
  resource: { kind: "Deployment", namespace: "shop", name: id, uid: `uid-${id}` },
  opened_at: at(0),
  updated_at: at(0),
  resolved_at: null,
  acknowledged_by: null,
  owner: null,
  silenced: false,
  event_count: 1,
  version: 1,
  parent_id: null,
  children: [],
  suspects: [],
  changes: [],
  evidence: [],
  timeline: [],
  executions: [],
  ...changes,
});

export const detail = (id: string, changes: Partial<IncidentDetail> = {}): IncidentDetail => ({
  ...incident(id),
  evidence: [],
  changes: [],
  ...changes,
});

export const event = (id: string, changes: Partial<KronveilEvent> = {}): KronveilEvent => ({
  id,
  kind: "pod.image_pull_failed",
  severity: "high",
  at: at(0),
  received_at: at(0),
  cluster_name: "alpha",
  cluster_region: "north",
  resource: { kind: "Pod", namespace: "shop", name: `pod-${id}`, uid: `uid-${id}` },
  message: `message of ${id}`,
  attributes: {},
  merged_into: null,
  ...changes,
});

type Kind = Cluster["kinds"][string];

export const kind = (changes: Partial<Kind> = {}): Kind => ({
  synced: true,
  count: 3,
  age_s: 2,
  goal_s: 60,
  state: "heard",
  error: null,
  ...changes,
});

export const cluster = (name: string, changes: Partial<Cluster> = {}): Cluster => ({
  name,
  uid: `uid-${name}`,
  region: "north",
  state: "live",
  why: null,
  reason: null,
  paused: null,
  same_as: null,
  last_seen: at(0),
  age_s: 0,
  version: "v1.34.0",
  pods: 12,
  nodes: 3,
  kinds: { pods: { synced: true, count: 12, age_s: 2, error: null, goal_s: 300, state: "heard" } },
  books: BOOKS,
  tries: 0,
  next_try_s: null,
  skew_ms: null,
  ...changes,
});

export const fleet = (changes: Partial<Fleet> = {}): Fleet => ({
  clusters: { total: 1, live: 1, partial: 0, stale: 0, unreachable: 0, unknown: 0 },
  pods: 12,
  nodes: 3,
  events: 10,
  complete: true,
  missing: [],
  ...changes,
});

export const status = (seconds = 0, changes: Partial<Status> = {}): Status => ({
  server_time: at(seconds),
  version: "0.1.0",
  uptime_s: 60,
  simulated: false,
  health: "healthy",
  fleet: fleet(),
  incidents_open: { critical: 0, high: 1, medium: 0, low: 0, info: 0 },
  books: BOOKS,
  ...changes,
});

export const change = (id: string, changes: Partial<Change> = {}): Change => ({
  id,
  kind: "image",
  at: at(0),
  received_at: at(0),
  actor: "deployer",
  target: { kind: "Deployment", namespace: "shop", name: "cart", uid: "uid-cart" },
  owner: null,
  cluster_name: "alpha",
  cluster_region: "north",
  summary: "image 1.0.0 -> 9.9.9",
  diff: [{ kind: "image", path: "containers[cart].image", before: "cart:1.0.0", after: "cart:9.9.9" }],
  source: "spec",
  incidents: [],
  suspicion: null,
  reasons: [],
  ...changes,
});

type Contents = { incidents?: Incident[]; clusters?: Cluster[]; events?: KronveilEvent[] };

export const hello = (seq: number, epoch: string, contents: Contents = {}): Frame => ({
  type: "hello",
  seq,
  epoch,
  at: at(0),
  snapshot: {
    incidents: contents.incidents ?? [],
    clusters: contents.clusters ?? [cluster("alpha")],
    events: contents.events ?? [],
    changes: [],
    fleet: fleet(),
    health: { status: "healthy", components: [], uptime: "1m0s" },
  },
});

export const resumed = (seq: number, epoch: string): Frame => ({
  type: "hello",
  seq,
  epoch,
  at: at(0),
  snapshot: null,
});

export const heartbeat = (seq: number, changes: Partial<Status> = {}): Frame => ({
  type: "status",
  seq,
  at: at(0),
  data: status(0, changes),
});

export const sent = <Type extends "event" | "incident" | "cluster" | "change">(
  type: Type,
  seq: number,
  data: Extract<Delta, { type: Type }>["data"],
): Delta => ({ type, seq, prev: seq - 1, at: at(0), data }) as Delta;
