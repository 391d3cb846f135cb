// Filters of the ledger: in the address, so that a link shows the same view. Pure.
import type { ChangeQuery } from "../../api/client";
import type { Change } from "../../api/types";

export type LedgerQuery = { kind: string; cluster: string; target: string; around: string };

const KEYS = ["kind", "cluster", "target", "around"] as const;
/** The agent's own reach to both sides of `around`. */
export const WINDOW_S = 3600;
/** The agent's kinds of changes, the weightiest first. */
export const KINDS = [
  "image",
  "command",
  "env",
  "config",
  "secret",
  "resources",
  "schedule",
  "revision",
  "replicas",
  "node",
  "other",
];

export function readQuery(search: URLSearchParams): { query: LedgerQuery; strange: string[] } {
  const strange = [...search.keys()].filter((key) => !(KEYS as readonly string[]).includes(key));
  const said = (key: (typeof KEYS)[number]) => search.get(key) ?? "";
  const around = said("around");
  const isTime = around === "" || !Number.isNaN(Date.parse(around));
  if (!isTime) strange.push(`around=${around}`);
  return {
    query: {
      kind: said("kind"),
      cluster: said("cluster"),
      target: said("target"),
      around: isTime ? around : "",
    },
    strange,
  };
}

export const filtersIn = (query: LedgerQuery): number => KEYS.filter((key) => query[key] !== "").length;

export const serverQuery = (query: LedgerQuery): ChangeQuery =>
  Object.fromEntries(KEYS.filter((key) => query[key] !== "").map((key) => [key, query[key]]));

/** What the agent would list too, for the changes that come by the stream. */
export function matches(change: Change, query: LedgerQuery): boolean {
  const slash = query.target.lastIndexOf("/");
  const namespace = query.target.slice(0, Math.max(0, slash));
  const name = query.target.slice(slash + 1);
  const seconds = Math.abs(Date.parse(change.at) - Date.parse(query.around)) / 1000;
  return (
    (query.kind === "" || change.kind === query.kind) &&
    (query.cluster === "" || change.cluster_name === query.cluster) &&
    (name === "" || change.target.name === name) &&
    (namespace === "" || change.target.namespace === namespace) &&
    (query.around === "" || seconds <= WINDOW_S)
  );
}
