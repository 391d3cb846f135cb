// What the page knows, and how each frame changes it. Pure: the same frames always give the same world.
import type {
  Books,
  Change,
  Cluster,
  Execution,
  Fleet,
  Health,
  Incident,
  KronveilEvent,
  Snapshot,
  Status,
} from "../api/types";
import type { Delta, Frame } from "./frames";

/** The feed holds this many; what goes by is counted, and the agent still has it. */
export const FEED_LENGTH = 100;
/** Changes kept from the stream, newest first by when they were made; the ledger itself is the agent's. */
export const CHANGES_KEPT = 500;
/** Runs kept from the stream, those that moved last; older ones are asked for. */
export const RUNS_KEPT = 200;

export type Gap = { from: number; to: number };

export type World = {
  readonly epoch: string | null;
  readonly seq: number | null;
  /** A number was skipped without a `gap` frame: this page must ask for a new snapshot. */
  readonly hole: boolean;
  /** The last past the agent could not replay, until the reader puts the notice away. */
  readonly gap: Gap | null;
  /** Frames replayed since the last resume; null when the page has caught up. */
  readonly replayed: number | null;
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Cluster frames applied so far: a REST list asked for before the newest one is out of date. */
  readonly clusterNews: number;
  readonly changes: readonly Change[];
  /** Runs that moved since this page listens; a list of REST knows the others. */
  readonly runs: ReadonlyMap<string, Execution>;
  /** Snapshots taken so far: what is not in one must be asked for again. */
  readonly snapshots: number;
  readonly events: readonly KronveilEvent[];
  /** Events that reached this page, to say how many went by in a pause. */
  readonly eventsSeen: number;
  readonly fleet: Fleet | null;
  readonly health: Health | null;
  readonly status: Status | null;
  readonly known: boolean;
};

export const NOTHING: World = {
  epoch: null,
  seq: null,
  hole: false,
  gap: null,
  replayed: null,
  incidents: new Map(),
  clusters: new Map(),
  clusterNews: 0,
  changes: [],
  runs: new Map(),
  snapshots: 0,
  events: [],
  eventsSeen: 0,
  fleet: null,
  health: null,
  status: null,
  known: false,
};

type Draft = { -readonly [Key in keyof World]: World[Key] };

/** Applies a whole batch with one copy of each collection. */
export function applyAll(world: World, frames: readonly Frame[]): World {
  const draft: Draft = { ...world };
  const touched: Touched = { incidents: null, clusters: null, runs: null, changes: [], events: [] };
  for (const frame of frames) {
    apply(draft, touched, frame);
  }
  settle(draft, touched);
  return draft;
}

type Touched = {
  incidents: Map<string, Incident> | null;
  clusters: Map<string, Cluster> | null;
  runs: Map<string, Execution> | null;
  changes: Change[];
  events: KronveilEvent[];
};

function apply(draft: Draft, touched: Touched, frame: Frame): void {
  switch (frame.type) {
    case "hello":
      settle(draft, touched);
      greet(draft, frame);
      return;
    case "status":
      draft.status = frame.data;
      draft.fleet = frame.data.fleet;
      // Heartbeats carry the head of the stream: once it is not ahead of us, nothing is left to replay.
      if (draft.replayed !== null && frame.seq <= (draft.seq ?? 0)) draft.replayed = null;
      return;
    case "gap":
      draft.gap = { from: frame.from, to: frame.to };
      return;
    case "ping":
    case "error":
      return;
    default:
      if ("prev" in frame) advance(draft, touched, frame);
  }
}

function greet(draft: Draft, hello: Extract<Frame, { type: "hello" }>): void {
  if (!hello.snapshot) {
    // A resume: everything after `seq` follows, so nothing we hold is thrown away.
    draft.replayed = 0;
    return;
  }
  Object.assign(draft, seeded(draft, hello.snapshot), {
    epoch: hello.epoch,
    seq: hello.seq,
    hole: false,
    replayed: null,
    gap: draft.epoch === hello.epoch ? draft.gap : null,
  });
}

/** A snapshot; what came by REST has no health with it. */
export type Seed = Omit<Snapshot, "health"> & { health: Health | null };

/** The world of one snapshot; REST lists take the same way in when only the socket is blocked. */
export function seeded(world: World, snapshot: Seed): World {
  return {
    ...world,
    incidents: new Map(snapshot.incidents.map((incident) => [incident.id, incident])),
    clusters: new Map(snapshot.clusters.map((cluster) => [cluster.name, cluster])),
    clusterNews: world.clusterNews + 1,
    snapshots: world.snapshots + 1,
    changes: newestMade([], snapshot.changes),
    events: snapshot.events.slice(0, FEED_LENGTH),
    fleet: snapshot.fleet,
    health: snapshot.health ?? world.health,
    known: true,
  };
}

function advance(draft: Draft, touched: Touched, frame: Delta): void {
  const seq = draft.seq ?? 0;
  if (draft.hole || frame.seq <= seq) return;
  if (frame.prev !== seq) {
    draft.hole = true;
    return;
  }
  draft.seq = frame.seq;
  if (draft.replayed !== null) draft.replayed += 1;
  if (frame.type === "event") {
    touched.events.push(frame.data);
  } else if (frame.type === "change") {
    touched.changes.push(frame.data);
  } else if (frame.type === "incident") {
    touched.incidents ??= new Map(draft.incidents);
    const held = touched.incidents.get(frame.data.id);
    if (!held || held.version <= frame.data.version) touched.incidents.set(frame.data.id, frame.data);
  } else if (frame.type === "execution") {
    touched.runs ??= new Map(draft.runs);
    const held = touched.runs.get(frame.data.id);
    if (!held || held.version <= frame.data.version) {
      touched.runs.delete(frame.data.id);
      touched.runs.set(frame.data.id, frame.data);
    }
  } else if (frame.type === "cluster") {
    touched.clusters ??= new Map(draft.clusters);
    touched.clusters.set(frame.data.name, frame.data);
    draft.clusterNews += 1;
  }
}

function settle(draft: Draft, touched: Touched): void {
  if (touched.incidents) draft.incidents = touched.incidents;
  if (touched.clusters) draft.clusters = touched.clusters;
  if (touched.runs) draft.runs = movedLast(touched.runs);
  if (touched.changes.length > 0) draft.changes = newestMade(draft.changes, touched.changes);
  if (touched.events.length > 0) {
    draft.events = newestFirst(draft.events, touched.events);
    draft.eventsSeen += touched.events.length;
  }
  touched.incidents = null;
  touched.clusters = null;
  touched.runs = null;
  touched.changes = [];
  touched.events = [];
}

/** A run that moves goes to the end, so the first ones are those that rest. */
const movedLast = (runs: Map<string, Execution>): Map<string, Execution> =>
  runs.size <= RUNS_KEPT ? runs : new Map([...runs].slice(-RUNS_KEPT));

function newestFirst(held: readonly KronveilEvent[], arrived: readonly KronveilEvent[]): KronveilEvent[] {
  const byId = new Map<string, KronveilEvent>();
  for (const event of [...arrived].reverse()) {
    if (!byId.has(event.id)) byId.set(event.id, event);
  }
  for (const event of held) {
    if (!byId.has(event.id)) byId.set(event.id, event);
  }
  return [...byId.values()].slice(0, FEED_LENGTH);
}

/** By when they were made, each once; the later word about a change wins. */
export function newestMade(
  held: readonly Change[],
  arrived: readonly Change[],
  most = CHANGES_KEPT,
): Change[] {
  const byId = new Map(held.map((change) => [change.id, change]));
  for (const change of arrived) byId.set(change.id, change);
  return [...byId.values()]
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.id.localeCompare(a.id))
    .slice(0, most);
}

/** What was dropped, over all reasons. */
export const dropped = (books: Books): number => Object.values(books.dropped).reduce((sum, n) => sum + n, 0);

/** received − (delivered + merged + dropped + in flight): anything but 0 is an error of the agent. */
export const imbalance = (books: Books): number =>
  books.received - books.delivered - books.merged - dropped(books) - books.in_flight;
