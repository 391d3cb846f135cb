// Kinds of objects watched, over the whole fleet: a member never heard from still owes its signals.
import type { Cluster } from "../api/types";

export const isHeard = (cluster: Pick<Cluster, "state">): boolean =>
  cluster.state === "live" || cluster.state === "partial";

export function signalsOf(clusters: readonly Cluster[]): { inStep: number; expected: number } {
  const union = new Set(clusters.flatMap((cluster) => Object.keys(cluster.kinds))).size;
  let inStep = 0;
  let expected = 0;
  for (const cluster of clusters) {
    const kinds = Object.values(cluster.kinds);
    expected += kinds.length || union;
    if (isHeard(cluster)) inStep += kinds.filter((kind) => kind.synced && !kind.error).length;
  }
  return { inStep, expected };
}
