// Filters of the lists of one cluster: in the address, so that a link shows the same view. Pure.
export const VIEWS = ["standing", "workloads", "pods"] as const;
export type View = (typeof VIEWS)[number];

export type InventoryQuery = {
  view: View;
  q: string;
  namespace: string;
  node: string;
  owner: string;
  kind: string;
};

/** What narrows each list; a filter of the other list is left in the address and out of the question. */
export const NARROWING = {
  standing: [],
  workloads: ["q", "namespace", "kind"],
  pods: ["q", "namespace", "node", "owner"],
} as const satisfies Record<View, readonly (keyof InventoryQuery)[]>;

const KEYS = ["view", "q", "namespace", "node", "owner", "kind"] as const;

export function readQuery(search: URLSearchParams): { query: InventoryQuery; strange: string[] } {
  const strange = [...search.keys()].filter((key) => !(KEYS as readonly string[]).includes(key));
  const said = (key: (typeof KEYS)[number]) => search.get(key) ?? "";
  const view = said("view") || "standing";
  const isView = (VIEWS as readonly string[]).includes(view);
  if (!isView) strange.push(`view=${view}`);
  return {
    query: {
      view: isView ? (view as View) : "standing",
      q: said("q"),
      namespace: said("namespace"),
      node: said("node"),
      owner: said("owner"),
      kind: said("kind"),
    },
    strange,
  };
}

/** The filters in force, by name. */
export const filtersIn = (query: InventoryQuery): [keyof InventoryQuery, string][] =>
  NARROWING[query.view]
    .map((key) => [key, query[key]] as [keyof InventoryQuery, string])
    .filter(([, value]) => value);

export const serverQuery = (query: InventoryQuery): Record<string, string> =>
  Object.fromEntries(filtersIn(query));

/** `84 pods`, `≥ 200 pods`, `200 of 10,412 pods read`. */
export function countOf(noun: string, read: number, total: number | null, more: boolean): string {
  const words = (n: number) => n.toLocaleString("en-US");
  const of = (n: number) => `${noun}${n === 1 ? "" : "s"}`;
  if (total === null) return `≥ ${words(read)} ${of(read)}`;
  return more ? `${words(read)} of ${words(total)} ${of(total)} read` : `${words(total)} ${of(total)}`;
}
