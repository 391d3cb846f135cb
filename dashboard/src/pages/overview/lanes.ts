// What the fleet timeline draws, computed from incidents, clusters and events alone. Pure.
import type { Change, Cluster, Incident, KronveilEvent, Overview } from "../../api/types";
import { isActive, severityRank } from "../../live/hooks";
import { isHeard } from "../../live/signals";

export type Span = { from: number; to: number };
/** Where a bar's words stand, and the share of the track they may take; null when there is no room for them. */
export type Words = { side: "inside" | "left" | "right"; room: number } | null;
export type Bar = Span & { incident: Incident; row: number; words: Words };
export type Lane = {
  cluster: Cluster;
  /** The worst severity open here, or null. */
  worst: string | null;
  bars: readonly Bar[];
  rows: number;
  hidden: number;
  /** From when nothing has been observed; null while the cluster is heard. */
  silentFrom: number | null;
};

const MOST_ROWS = 3;
/** A bar needs this share of the track to be seen and to keep its neighbour off. */
const NARROWEST = 0.02;

export function laneOf(cluster: Cluster, incidents: readonly Incident[], range: Span): Lane {
  const here = incidents
    .filter((incident) => incident.clusters.some(({ name }) => name === cluster.name))
    .map((incident) => ({ incident, ...spanOf(incident, range.to) }))
    .filter((bar) => bar.to >= range.from && bar.from <= range.to)
    .sort((a, b) => a.from - b.from || severityRank(a.incident.severity) - severityRank(b.incident.severity));
  const { bars, hidden } = stack(here, range);
  const open = here.filter(({ incident }) => isActive(incident)).map(({ incident }) => incident.severity);
  return {
    cluster,
    worst: open.sort((a, b) => severityRank(a) - severityRank(b))[0] ?? null,
    bars,
    rows: Math.max(1, ...bars.map((bar) => bar.row + 1)),
    hidden,
    silentFrom: silentFrom(cluster, range),
  };
}

const spanOf = (incident: Incident, now: number): Span => ({
  from: Date.parse(incident.opened_at),
  to: incident.resolved_at && !isActive(incident) ? Date.parse(incident.resolved_at) : now,
});

function stack(
  spans: readonly (Span & { incident: Incident })[],
  range: Span,
): { bars: Bar[]; hidden: number } {
  const least = (range.to - range.from) * NARROWEST;
  const ends: number[] = [];
  const bars: Bar[] = [];
  let hidden = 0;
  for (const span of spans) {
    const free = ends.findIndex((end) => end <= span.from);
    const row = free >= 0 ? free : ends.length;
    if (row >= MOST_ROWS) {
      hidden += 1;
      continue;
    }
    ends[row] = Math.max(span.to, span.from + least);
    bars.push({ ...span, row, words: null });
  }
  return { bars: lettered(bars, range), hidden };
}

const WIDE_ENOUGH = 0.14;
const LEAST_ROOM = 0.09;
const MOST_ROOM = 0.3;

/** Gives each bar's words their place: in a wide bar, else beside it where neither bar nor words stand yet. */
function lettered(bars: readonly Bar[], range: Span): Bar[] {
  const taken: number[] = [];
  return bars.map((bar, index) => {
    const left = place(bar.from, range);
    const right = Math.max(place(bar.to, range), left + NARROWEST / 2);
    const before = taken[bar.row] ?? 0;
    const next = bars.slice(index + 1).find((other) => other.row === bar.row);
    const words = wordsFor({ left, right, before, after: next ? place(next.from, range) : 1 });
    taken[bar.row] = words?.side === "right" ? right + words.room : right;
    return { ...bar, words };
  });
}

function wordsFor(at: { left: number; right: number; before: number; after: number }): Words {
  if (at.right - at.left >= WIDE_ENOUGH) return { side: "inside", room: at.right - at.left };
  const side = at.left > 0.5 ? "left" : "right";
  const room = Math.min(MOST_ROOM, side === "left" ? at.left - at.before : at.after - at.right);
  return room >= LEAST_ROOM ? { side, room } : null;
}

function silentFrom(cluster: Cluster, range: Span): number | null {
  if (isHeard(cluster)) return null;
  return cluster.last_seen ? Math.max(range.from, Date.parse(cluster.last_seen)) : range.from;
}

/** 0 to 1 along the track; everything outside is clipped to its end. */
export const place = (at: number, range: Span): number =>
  Math.min(1, Math.max(0, (at - range.from) / (range.to - range.from)));

/** How many events of each cluster fall into each of `columns` equal parts of the range. */
export function density(
  events: Iterable<KronveilEvent>,
  range: Span,
  columns: number,
): ReadonlyMap<string, readonly number[]> {
  const counts = new Map<string, number[]>();
  for (const event of events) {
    const at = Date.parse(event.at);
    if (!(at >= range.from && at < range.to)) continue;
    let lane = counts.get(event.cluster_name);
    if (!lane) {
      lane = new Array<number>(columns).fill(0);
      counts.set(event.cluster_name, lane);
    }
    const column = Math.floor(place(at, range) * columns);
    lane[column] = (lane[column] ?? 0) + 1;
  }
  return counts;
}

/** Changes that would stand on each other are one tick. */
export type Tick = { at: number; left: number; changes: readonly Change[] };
const NEIGHBOURS = 0.006;

/** The ticks of one cluster, oldest first. */
export function changeTicks(changes: readonly Change[], cluster: string, range: Span): Tick[] {
  const made: { at: number; left: number; changes: Change[] }[] = [];
  const here = changes
    .filter((change) => change.cluster_name === cluster)
    .map((change) => ({ change, at: Date.parse(change.at) }))
    .filter(({ at }) => at >= range.from && at <= range.to)
    .sort((a, b) => a.at - b.at);
  for (const { change, at } of here) {
    const left = place(at, range);
    const last = made.at(-1);
    if (last && left - last.left < NEIGHBOURS) last.changes.push(change);
    else made.push({ at, left, changes: [change] });
  }
  return made;
}

export type Unheard = Span & { why: string };

/** Times in which a cluster was not heard and is again: only the agent remembers them. */
export function gapsOf(overview: Pick<Overview, "lanes"> | undefined, cluster: string): Unheard[] {
  const lane = overview?.lanes.find((each) => each.cluster === cluster);
  return (lane?.gaps ?? []).flatMap(({ since, until, reason }) =>
    until === null
      ? []
      : [
          {
            from: since === null ? 0 : Date.parse(since),
            to: Date.parse(until),
            why: `Not heard: ${reason}`,
          },
        ],
  );
}

const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360];

/** Whole minutes to write under the track, at most `most` of them. */
export function ticks(range: Span, most = 7): number[] {
  const minutes = (range.to - range.from) / 60_000;
  const step = (STEPS_MIN.find((each) => minutes / each <= most) ?? 720) * 60_000;
  const found: number[] = [];
  for (let at = Math.ceil(range.from / step) * step; at < range.to; at += step) found.push(at);
  return found;
}
