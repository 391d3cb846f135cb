// Filters and order of the incident list: in the address, so that a link shows the same view.
import type { IncidentQuery } from "../../api/client";
import type { Facets, Incident, IncidentStatus } from "../../api/types";
import { isActive, severityRank } from "../../live/hooks";

export const STATUSES = ["active", "open", "acknowledged", "resolved", "all"] as const;
export type StatusFilter = (typeof STATUSES)[number];
export const SORTS = ["newest", "oldest", "severity", "events"] as const;
export type Sort = (typeof SORTS)[number];

export type ListQuery = { status: StatusFilter; severity: string; cluster: string; q: string; sort: Sort };

const KNOWN = new Set(["status", "severity", "cluster", "q", "sort"]);

export function readQuery(search: URLSearchParams): { query: ListQuery; strange: string[] } {
  const strange = [...search.keys()].filter((key) => !KNOWN.has(key));
  const status = search.get("status") ?? "active";
  const sort = search.get("sort") ?? "severity";
  const isStatus = (STATUSES as readonly string[]).includes(status);
  const isSort = (SORTS as readonly string[]).includes(sort);
  if (!isStatus) strange.push(`status=${status}`);
  if (!isSort) strange.push(`sort=${sort}`);
  return {
    query: {
      status: isStatus ? (status as StatusFilter) : "active",
      severity: search.get("severity") ?? "",
      cluster: search.get("cluster") ?? "",
      q: search.get("q") ?? "",
      sort: isSort ? (sort as Sort) : "severity",
    },
    strange,
  };
}

const ofStatus = (incident: Incident, status: StatusFilter): boolean => {
  if (status === "all") return true;
  if (status === "active") return isActive(incident);
  if (status === "resolved") return !isActive(incident);
  return incident.status === status;
};

export function matches(incident: Incident, query: ListQuery): boolean {
  const text =
    `${incident.title} ${incident.kind} ${incident.id} ${incident.resource.namespace ?? ""} ${incident.resource.name}`.toLowerCase();
  return (
    ofStatus(incident, query.status) &&
    (query.severity === "" || incident.severity === query.severity) &&
    (query.cluster === "" || incident.clusters.some(({ name }) => name === query.cluster)) &&
    query.q
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
}

const opened = (incident: Incident): number => Date.parse(incident.opened_at);

const ORDERS: Record<Sort, (a: Incident, b: Incident) => number> = {
  newest: (a, b) => opened(b) - opened(a),
  oldest: (a, b) => opened(a) - opened(b),
  // What is still going on stands above what is over, whatever its severity was.
  severity: (a, b) =>
    Number(isActive(b)) - Number(isActive(a)) ||
    severityRank(a.severity) - severityRank(b.severity) ||
    opened(b) - opened(a),
  events: (a, b) => b.event_count - a.event_count,
};

export const ordered = (incidents: Iterable<Incident>, sort: Sort): Incident[] =>
  [...incidents].sort((a, b) => ORDERS[sort](a, b) || a.id.localeCompare(b.id));

const STATUS_WORDS: Partial<Record<StatusFilter, string>> = {
  active: "open,acknowledged,mitigated",
  open: "open",
  acknowledged: "acknowledged",
  resolved: "resolved,closed",
};

/** What of the query the agent can narrow by itself. */
export const serverQuery = (query: ListQuery): IncidentQuery => ({
  ...(STATUS_WORDS[query.status] ? { status: STATUS_WORDS[query.status] } : {}),
  ...(query.severity ? { severity: query.severity } : {}),
  ...(query.cluster ? { cluster: query.cluster } : {}),
  ...(query.q.trim() ? { q: longestWord(query.q) } : {}),
});

const LONGEST_ASKED = 200;

/** The agent finds one run of letters; the page itself looks for the other words. */
const longestWord = (text: string): string =>
  (
    text
      .trim()
      .split(/\s+/)
      .sort((a, b) => b.length - a.length)[0] ?? ""
  ).slice(0, LONGEST_ASKED);

/** The agent's counts tell what choosing a filter shows, unless only this page knows all words. */
export const isCounted = (query: ListQuery): boolean => !/\S\s+\S/.test(query.q);

const COUNTED: Record<StatusFilter, readonly IncidentStatus[] | null> = {
  active: ["open", "acknowledged", "mitigated"],
  open: ["open"],
  acknowledged: ["acknowledged"],
  resolved: ["resolved", "closed"],
  all: null,
};

/** How many incidents a status would show; the agent leaves out what counts none. */
export function countOf(status: StatusFilter, counts: Facets["status"]): number {
  const counted = COUNTED[status];
  return Object.entries(counts)
    .filter(([word]) => counted === null || (counted as readonly string[]).includes(word))
    .reduce((sum, [, n]) => sum + n, 0);
}
