// What Explore looks at: events as they come, or measured values.
import { Link } from "react-router";

export const VIEWS = ["events", "signals"] as const;
export type View = (typeof VIEWS)[number];
const NAMES: Record<View, string> = { events: "Events", signals: "Signals" };

/** Null for a view that this version does not know. */
export function viewIn(search: URLSearchParams): View | null {
  const said = search.get("view") ?? "events";
  return VIEWS.find((view) => view === said) ?? null;
}

export function ExploreViews({ now }: { now: View }) {
  return (
    <nav className="tabs views" aria-label="Views of Explore">
      {VIEWS.map((view) => (
        <Link
          key={view}
          to={view === "events" ? "/explore" : `/explore?view=${view}`}
          aria-current={view === now ? "page" : undefined}
        >
          {NAMES[view]}
        </Link>
      ))}
    </nav>
  );
}
