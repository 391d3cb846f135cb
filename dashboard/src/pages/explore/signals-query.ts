// Which measured values are looked at: in the address, so that a link shows the same view. Pure.
import type { SeriesQuery } from "../../api/client";
import type { Series } from "../../api/types";

export type SignalsQuery = {
  signal: string;
  cluster: string;
  namespace: string;
  owner: string;
  name: string;
  range: string;
  /** Ids of the series that are drawn, joined by commas; empty: the first ones. */
  pick: string;
};

const KEYS = ["signal", "cluster", "namespace", "owner", "name", "range", "pick"] as const;
const NARROWING = ["cluster", "namespace", "owner", "name"] as const;
export const FIRST_SIGNAL = "pod.memory.working_set";
/** The agent keeps a day of values. */
export const RANGES: Record<string, readonly [string, number]> = {
  "15m": ["15 min", 15],
  "1h": ["1 h", 60],
  "3h": ["3 h", 180],
  "24h": ["24 h", 1440],
};

export function readQuery(search: URLSearchParams): { query: SignalsQuery; strange: string[] } {
  const strange = [...search.keys()].filter(
    (key) => key !== "view" && !(KEYS as readonly string[]).includes(key),
  );
  const said = (key: (typeof KEYS)[number]) => search.get(key) ?? "";
  const range = said("range") || "1h";
  if (!(range in RANGES)) strange.push(`range=${range}`);
  return {
    query: {
      signal: said("signal") || FIRST_SIGNAL,
      cluster: said("cluster"),
      namespace: said("namespace"),
      owner: said("owner"),
      name: said("name"),
      range: range in RANGES ? range : "1h",
      pick: said("pick"),
    },
    strange,
  };
}

/** The filters in force, by name. */
export const filtersIn = (query: SignalsQuery): (typeof NARROWING)[number][] =>
  NARROWING.filter((key) => query[key] !== "");

/** A name is found by its beginning. */
export function serverQuery(query: SignalsQuery): SeriesQuery {
  const { signal, name } = query;
  const found: SeriesQuery = { signal };
  for (const key of ["cluster", "namespace", "owner"] as const) if (query[key]) found[key] = query[key];
  if (name) found.name = name.endsWith("*") ? name : `${name}*`;
  return found;
}

/** Series that ended longer ago than this come after those that go on. */
const ENDED_MS = 5 * 60_000;

/** Those that go on, the nearest to their limit first; without a limit, the largest. */
export function worstFirst<Row extends Pick<Series, "id" | "last" | "limit">>(
  rows: readonly Row[],
  now: number,
): Row[] {
  const goesOn = ({ last }: Row) => last !== null && now - Date.parse(last.at) < ENDED_MS;
  const share = ({ last, limit }: Row) => (last && limit ? last.value / limit : -1);
  return [...rows].sort(
    (a, b) =>
      Number(goesOn(b)) - Number(goesOn(a)) ||
      share(b) - share(a) ||
      (b.last?.value ?? -1) - (a.last?.value ?? -1) ||
      a.id.localeCompare(b.id),
  );
}

const ids = (pick: string): string[] => pick.split(",").filter(Boolean);

/** The ids that are drawn; at most so many can be told apart. */
export function toggled(pick: string, id: string, drawn: readonly string[], most: number): string {
  const before = ids(pick).length > 0 ? ids(pick) : [...drawn];
  const after = before.includes(id) ? before.filter((each) => each !== id) : [...before, id].slice(-most);
  return after.join(",");
}

/** What is picked, or else the first ones. */
export function drawnOf<Row extends { id: string }>(rows: readonly Row[], pick: string, most: number): Row[] {
  const picked = ids(pick);
  const found = rows.filter(({ id }) => picked.includes(id));
  return (found.length > 0 ? found : rows).slice(0, most);
}
