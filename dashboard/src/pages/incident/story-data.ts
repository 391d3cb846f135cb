// What the drawing of an incident shows: a lane for each cluster with its evidence, its changes and its silence. Pure.
import type { Change, Cluster, Evidence, IncidentDetail } from "../../api/types";
import { isActive } from "../../live/hooks";
import { isHeard } from "../../live/signals";
import type { Span } from "../../parts/plot/scale";
import { place } from "../../parts/plot/scale";
import { loudest, receipts } from "./receipts";

export type Seen = { evidence: Evidence; left: number };
/** Receipts that stand at one place, by their numbers. */
export type Numbered = { numbers: readonly number[]; left: number };
export type Made = { change: Change; left: number; isSuspect: boolean };
export type StoryLane = {
  cluster: string;
  seen: readonly Seen[];
  numbers: readonly Numbered[];
  made: readonly Made[];
  /** From when on the cluster is not heard, as a share of the track; null while it is. */
  silentFrom: number | null;
};

const SHORTEST_MS = 60_000;
/** Air before the first and after the last thing, as a share of the whole. */
const AIR = 0.06;
/** Changes further before the start than this do not stretch the drawing. */
const REACH_MS = 20 * 60_000;
const NUMBERS = 5;
/** Two numbers closer than this share of a laptop's track would lie on each other. */
const APART = 0.05;

/** What the suspicions rest on: the reader must find each of it in the drawing. */
const citedIn = ({ suspects }: Pick<IncidentDetail, "suspects">): ReadonlySet<string> =>
  new Set(suspects.flatMap(({ evidence_for, evidence_against }) => [...evidence_for, ...evidence_against]));

export function spanOf(incident: IncidentDetail, now: number): Span {
  const start = Date.parse(incident.opened_at);
  const suspects = new Set(incident.suspects.map(({ change_id }) => change_id));
  const cited = citedIn(incident);
  const moments = [
    start,
    ...incident.evidence.map(({ at }) => Date.parse(at)),
    ...incident.changes.filter(({ id }) => suspects.has(id)).map(({ at }) => Date.parse(at)),
  ]
    .filter((at) => at > start - REACH_MS)
    .concat(incident.evidence.filter(({ id }) => cited.has(id)).map(({ at }) => Date.parse(at)));
  const end = isActive(incident) ? now : Date.parse(incident.resolved_at ?? incident.updated_at);
  const from = Math.min(...moments);
  const to = Math.max(end, ...moments, from + SHORTEST_MS);
  const air = (to - from) * AIR;
  return { from: from - air, to: isActive(incident) ? to : to + air };
}

export function lanesOf(
  incident: IncidentDetail,
  clusters: readonly Cluster[],
  span: Span,
  apart = APART,
): StoryLane[] {
  const names = new Set([
    ...incident.evidence.map(({ cluster_name }) => cluster_name),
    ...incident.clusters.map(({ name }) => name),
  ]);
  const suspects = new Set(incident.suspects.map(({ change_id }) => change_id));
  const within = (at: number) => at >= span.from && at <= span.to;
  return [...names].sort().map((name) => {
    const cluster = clusters.find((each) => each.name === name);
    const silent = cluster && !isHeard(cluster) ? cluster.last_seen : null;
    const never = cluster !== undefined && !isHeard(cluster) && cluster.last_seen === null;
    return {
      cluster: name,
      seen: incident.evidence
        .filter((evidence) => evidence.cluster_name === name && within(Date.parse(evidence.at)))
        .map((evidence) => ({ evidence, left: place(Date.parse(evidence.at), span) })),
      numbers: numbersIn(incident, name, span, apart),
      made: incident.changes
        .filter((change) => change.cluster_name === name && within(Date.parse(change.at)))
        .map((change) => ({
          change,
          left: place(Date.parse(change.at), span),
          isSuspect: suspects.has(change.id),
        })),
      silentFrom: never ? 0 : silent === null ? null : Math.max(0, place(Date.parse(silent), span)),
    };
  });
}

/** What is cited, then the loudest: each where it was first seen; what would lie on a cited one stands with it. */
function numbersIn(incident: IncidentDetail, cluster: string, span: Span, apart: number): Numbered[] {
  const cited = citedIn(incident);
  const here = receipts(incident.evidence)
    .map((receipt, index) => ({ receipt, number: index + 1 }))
    .filter(({ receipt }) => receipt.first.cluster_name === cluster);
  const isCited = ({ receipt }: (typeof here)[number]) => receipt.ids.some((id) => cited.has(id));
  const kept: { numbers: number[]; left: number }[] = [];
  for (const each of [...here.filter(isCited), ...loudest(here, NUMBERS).filter((one) => !isCited(one))]) {
    const left = place(Date.parse(each.receipt.first.at), span);
    if (!(left >= 0 && left <= 1)) continue;
    const near = kept.find((other) => Math.abs(other.left - left) < apart * other.numbers.length);
    if (!near) kept.push({ numbers: [each.number], left });
    else if (isCited(each)) near.numbers.push(each.number);
  }
  return kept;
}
