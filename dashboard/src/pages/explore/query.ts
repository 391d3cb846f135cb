// Filters of the events: in the address, so that a link shows the same view. Pure.
import type { EventQuery } from "../../api/client";
import type { KronveilEvent } from "../../api/types";

export const RANGES: Record<string, readonly [string, number]> = {
  "15m": ["15 min", 15],
  "1h": ["1 h", 60],
  "3h": ["3 h", 180],
  "24h": ["24 h", 1440],
  "7d": ["7 d", 10_080],
};
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;

/** `repeats` is `without` when events that only repeat an earlier one are left out; `ev` is the one looked at. */
export type ExploreQuery = {
  cluster: string;
  kind: string;
  severity: string;
  q: string;
  repeats: string;
  range: string;
  ev: string;
};

const KEYS = ["cluster", "kind", "severity", "q", "repeats", "range", "ev"] as const;
const NARROWING = ["cluster", "kind", "severity", "q", "repeats"] as const;

export function readQuery(search: URLSearchParams): { query: ExploreQuery; strange: string[] } {
  const strange = [...search.keys()].filter(
    (key) => key !== "view" && !(KEYS as readonly string[]).includes(key),
  );
  const view = search.get("view") ?? "events";
  if (view !== "events") strange.push(`view=${view}`);
  const said = (key: (typeof KEYS)[number], allowed?: readonly string[]) => {
    const value = search.get(key) ?? "";
    if (value === "" || !allowed || allowed.includes(value)) return value;
    strange.push(`${key}=${value}`);
    return "";
  };
  return {
    query: {
      cluster: said("cluster"),
      kind: said("kind"),
      severity: said("severity", SEVERITIES),
      q: said("q"),
      repeats: said("repeats", ["without"]),
      range: said("range", Object.keys(RANGES)) || "1h",
      ev: said("ev"),
    },
    strange,
  };
}

export const filtersIn = (query: ExploreQuery): number => NARROWING.filter((key) => query[key] !== "").length;

/** What of the query the agent narrows by itself. */
export const serverQuery = ({ cluster, kind, severity }: ExploreQuery): EventQuery => ({
  ...(cluster ? { cluster } : {}),
  ...(kind ? { kind } : {}),
  ...(severity ? { severity } : {}),
});

/** What the agent narrows, for events of the stream too, and what only this page does: words and repeats. */
export function matches(event: KronveilEvent, query: ExploreQuery): boolean {
  const { cluster, kind, severity, q, repeats } = query;
  if (cluster !== "" && event.cluster_name !== cluster) return false;
  if (kind !== "" && event.kind !== kind) return false;
  if (severity !== "" && event.severity !== severity) return false;
  if (repeats === "without" && event.merged_into !== null) return false;
  if (q === "") return true;
  const { resource } = event;
  const text =
    `${event.kind} ${event.message} ${event.id} ${resource.namespace ?? ""} ${resource.name} ${event.cluster_name}`.toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const arrived = (event: KronveilEvent): number => Date.parse(event.received_at);

/** Newest arrival first, each once. */
export function merged(lists: readonly (readonly KronveilEvent[])[]): KronveilEvent[] {
  const byId = new Map<string, KronveilEvent>();
  for (const list of lists) for (const event of list) if (!byId.has(event.id)) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => arrived(b) - arrived(a) || b.id.localeCompare(a.id));
}
