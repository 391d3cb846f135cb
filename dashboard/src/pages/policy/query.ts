// Which view of Policy & Audit, and which filters: in the address. Pure.
export const VIEWS = ["decisions", "audit", "rules"] as const;
export type View = (typeof VIEWS)[number];

export type Query = {
  view: string;
  result: string;
  point: string;
  actor: string;
  act: string;
  target: string;
  run: string;
};

const NAMES = ["view", "result", "point", "actor", "act", "target", "run"] as const;

export function readQuery(search: URLSearchParams): { query: Query & { view: View }; strange: string[] } {
  const strange = [...search.keys()].filter((key) => !(NAMES as readonly string[]).includes(key));
  const asked = search.get("view") ?? "decisions";
  const isView = (VIEWS as readonly string[]).includes(asked);
  if (!isView) strange.push(`view=${asked}`);
  const given = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? ""])) as Query;
  return { query: { ...given, view: isView ? (asked as View) : "decisions" }, strange };
}

/** Names with a value, as the agent takes them. */
export const narrowed = <Names extends string>(
  given: Record<Names, string>,
): Partial<Record<Names, string>> =>
  Object.fromEntries(Object.entries<string>(given).filter(([, value]) => value.trim() !== "")) as Partial<
    Record<Names, string>
  >;

/** JSON text with its lines and indents; as it came when it is none. */
export function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** The document in a field, or why it is none. */
export function documentOf(text: string): { input: Record<string, unknown> } | { problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { input: value as Record<string, unknown> };
    }
    return { problem: "It must be an object: { … }" };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
