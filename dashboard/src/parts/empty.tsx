// What a list says that has no rows: which filters hide them, or that nothing could be seen.
import type { ReactNode } from "react";
import { useLive } from "../live/store";
import { duration, plural } from "../time/format";

type Props = {
  /** In the plural: "changes", "open incidents". */
  what: string;
  filters: number;
  clear: () => void;
  /** What is said when no filter hides anything; it is given how many clusters are watched. */
  children: (clusters: number) => ReactNode;
};

export function Empty({ what, filters, clear, children }: Props) {
  const clusters = useLive((view) => view.world.clusters.size);
  if (filters > 0) {
    return (
      <p className="empty">
        No {what} match {plural(filters, "filter")}.{" "}
        <button type="button" className="button" onClick={clear}>
          Clear filters
        </button>
      </p>
    );
  }
  return (
    <p className="empty">
      {clusters === 0 ? "No cluster is configured yet, so nothing could be seen." : children(clusters)}
    </p>
  );
}

/** For how long how many clusters were looked at: what nothing found is worth. */
export const watched = (clusters: number, uptime: number | undefined): string =>
  `Watched ${plural(clusters, "cluster")}${uptime === undefined ? "" : ` for ${duration(uptime)}`}`;
