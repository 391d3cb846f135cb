// Which measured values tell of an incident: of whose object, in which clusters, in which time. Pure.
import type { SeriesQuery } from "../../api/client";
import type { Incident, IncidentDetail, Series } from "../../api/types";
import { isActive } from "../../live/hooks";
import { arrowed } from "../../parts/change";
import type { Mark } from "../../parts/plot/marks";
import type { Span } from "../../parts/plot/scale";
import { toneOfSeverity } from "../../parts/shape";

export const QUANTITIES = ["memory", "cpu"] as const;
export type Quantity = (typeof QUANTITIES)[number];

const NAMES: Record<Quantity, string> = { memory: "memory.working_set", cpu: "cpu.usage" };
/** Kinds that stand at the top of a pod's owners. */
const WORKLOADS = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]);
const MINUTE = 60_000;
const BEFORE_MS = 20 * MINUTE;
const AFTER_MS = 10 * MINUTE;
/** More than this before now is not asked for: one incident may stay open for weeks. */
const LONGEST_MS = 24 * 60 * MINUTE;
const MOST_CLUSTERS = 3;
/** Before the first thing drawn, as a share of the whole. */
const AIR = 0.05;

/** Whose values: pods of a workload, one pod, or a node; null for what is not measured, as a service. */
export function subjectOf({ resource }: Pick<Incident, "resource">, quantity: Quantity): SeriesQuery | null {
  const { kind, name } = resource;
  if (kind === "Node") return { signal: `node.${NAMES[quantity]}`, name };
  const namespace = resource.namespace ? { namespace: resource.namespace } : {};
  const signal = `pod.${NAMES[quantity]}`;
  if (kind === "Pod") return { signal, name, ...namespace };
  return WORKLOADS.has(kind) ? { signal, owner: name, owner_kind: kind, ...namespace } : null;
}

/** A wider incident names its clusters in one; its evidence has each by itself. */
export function clustersOf(incident: IncidentDetail, known: readonly string[]): string[] {
  const named = incident.clusters.flatMap(({ name }) => (known.includes(name) ? [name] : name.split(", ")));
  const seen = incident.evidence.map(({ cluster_name }) => cluster_name);
  return [...new Set([...named, ...seen])].filter((name) => known.includes(name)).slice(0, MOST_CLUSTERS);
}

export function spanOf(incident: Incident | IncidentDetail, now: number) {
  const opened = Date.parse(incident.opened_at);
  const over = Date.parse(incident.resolved_at ?? incident.updated_at);
  const to = isActive(incident) ? now : Math.min(now, over + AFTER_MS);
  return { from: Math.max(opened - BEFORE_MS, to - LONGEST_MS), to };
}

/** An agent that has only just begun to measure does not draw its own past as the most of the plot. */
export function trimmed(span: Span, opened: number, all: readonly Pick<Series, "points">[]): Span {
  const first = Math.min(...all.map(({ points }) => Date.parse(points[0]?.at ?? "")).filter(Number.isFinite));
  if (!Number.isFinite(first)) return span;
  const start = Math.min(first, opened);
  const from = Math.max(span.from, start - (span.to - start) * AIR);
  return { ...span, from: Math.min(from, span.to - MINUTE) };
}

/** What stands beside the values, the weightiest first: its start, what is suspected, its end. */
export function marksOf(incident: IncidentDetail): Mark[] {
  const suspects = new Set(incident.suspects.map(({ change_id }) => change_id));
  const changes = incident.changes
    .filter(({ id }) => suspects.has(id))
    .map((change) => ({ at: Date.parse(change.at), label: arrowed(change.summary), tone: "tone-link" }));
  const marks: Mark[] = [
    ...changes.slice(0, 1),
    {
      at: Date.parse(incident.opened_at),
      label: "opened",
      tone: `tone-${toneOfSeverity(incident.severity)}`,
    },
    ...changes.slice(1),
  ];
  if (!isActive(incident) && incident.resolved_at) {
    marks.push({ at: Date.parse(incident.resolved_at), label: "over", tone: "tone-ok" });
  }
  return marks;
}
