// What pages ask of the live store: the lists in their order.
import { useEffect, useMemo, useState } from "react";
import type { Cluster, Incident } from "../api/types";
import { useLive } from "./store";

const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;
export const severityRank = (severity: string): number => {
  const rank = SEVERITIES.indexOf(severity as (typeof SEVERITIES)[number]);
  return rank < 0 ? SEVERITIES.length : rank;
};

export const isActive = (incident: Pick<Incident, "status">): boolean =>
  incident.status !== "resolved" && incident.status !== "closed";

const worstFirst = (a: Incident, b: Incident): number =>
  severityRank(a.severity) - severityRank(b.severity) ||
  Date.parse(a.opened_at) - Date.parse(b.opened_at) ||
  a.id.localeCompare(b.id);

/** Open, acknowledged and mitigated incidents, worst and then oldest first. */
export function useActiveIncidents(): readonly Incident[] {
  const incidents = useLive((view) => view.world.incidents);
  return useMemo(() => [...incidents.values()].filter(isActive).sort(worstFirst), [incidents]);
}

const STATES: readonly string[] = ["unreachable", "unknown", "stale", "partial", "live"];

/** The same without the parts of a wider incident: its parent already speaks for them. */
export function useActiveRoots(): readonly Incident[] {
  const active = useActiveIncidents();
  return useMemo(() => rootsOf(active), [active]);
}

/** Those whose parent is not among them. */
export function rootsOf(incidents: readonly Incident[]): Incident[] {
  const ids = new Set(incidents.map(({ id }) => id));
  return incidents.filter(({ parent_id }) => parent_id === null || !ids.has(parent_id));
}

/** For each change, the incidents that suspect it, over or not: those that are not over first, then the worst. */
export function suspectedBy(incidents: readonly Incident[]): ReadonlyMap<string, readonly Incident[]> {
  const found = new Map<string, Incident[]>();
  const ordered = [...incidents].sort(
    (a, b) => Number(isActive(b)) - Number(isActive(a)) || worstFirst(a, b),
  );
  for (const incident of ordered) {
    for (const { change_id } of incident.suspects) {
      found.set(change_id, [...(found.get(change_id) ?? []), incident]);
    }
  }
  return found;
}

/** Every expected cluster, the ones in trouble first, then by name. */
export function useClusters(): readonly Cluster[] {
  const clusters = useLive((view) => view.world.clusters);
  return useMemo(
    () =>
      [...clusters.values()].sort(
        (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.name.localeCompare(b.name),
      ),
    [clusters],
  );
}

/** True after `ms`: skeletons wait, so that a quick answer does not flash one. */
export function useLater(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timeout = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timeout);
  }, [ms]);
  return late;
}

/** When the agent started, to the second; null before its first heartbeat. */
export function useStart(): number | null {
  const status = useLive((view) => view.world.status);
  return status && Math.round((Date.parse(status.server_time) - status.uptime_s * 1000) / 1000) * 1000;
}
