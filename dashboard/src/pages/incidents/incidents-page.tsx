// Find and order the work: a dense list that stays put under the reader's hand.

import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { fetchIncidents } from "../../api/client";
import type { Incident } from "../../api/types";
import { rootsOf, useClusters } from "../../live/hooks";
import { useLive } from "../../live/store";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { AsOf, Loading } from "../../parts/panel";
import { useTitle } from "../../shell/title";
import { duration, plural } from "../../time/format";
import { Filters } from "./filters";
import { IncidentTable } from "./incident-table";
import { type ListQuery, matches, ordered, readQuery, serverQuery } from "./query";

export function IncidentsPage() {
  useTitle("Incidents");
  const [search, setSearch] = useSearchParams();
  const { query, strange } = readQuery(search);
  const list = useList(query);
  const { rows, waiting, letIn, grip } = useHeld(list.rows, (incident) => incident.id, search.toString());
  const change = (changes: Partial<ListQuery>) => {
    const next = new URLSearchParams(search);
    for (const [key, value] of Object.entries(changes)) {
      if (value) next.set(key, value);
      else next.delete(key);
    }
    setSearch(next, { replace: "q" in changes });
  };
  const filters = [query.severity, query.cluster, query.q].filter(Boolean).length;
  return (
    <div className="page incidents">
      <header className="page-head">
        <h1>Incidents</h1>
        <AsOf />
        <div className="aside" aria-live="polite">
          {waiting > 0 && (
            <button type="button" className="new-rows" onClick={letIn}>
              {waiting} new
            </button>
          )}
          <span className="quiet">{list.known ? plural(rootsOf(rows).length, "incident") : ""}</span>
        </div>
      </header>
      <Filters query={query} change={change} />
      {strange.length > 0 && (
        <p className="second">
          This version does not know {strange.join(", ")} in the address; the list ignores it.
        </p>
      )}
      {list.error && <Failure error={list.error} retry={list.retry} />}
      {!list.known && !list.error && <Loading what="incidents" rows={6} />}
      {list.known && rows.length === 0 && (
        <None query={query} filters={filters} clear={() => change({ severity: "", cluster: "", q: "" })} />
      )}
      {rows.length > 0 && (
        <div {...grip}>
          <IncidentTable rows={rows} order={{ sort: query.sort, resort: (sort) => change({ sort }) }} />
        </div>
      )}
      {list.more && (
        <button type="button" className="button" onClick={list.fetchMore} disabled={list.fetchingMore}>
          {list.fetchingMore ? "Loading older incidents" : "Older incidents"}
        </button>
      )}
    </div>
  );
}

function None({ query, filters, clear }: { query: ListQuery; filters: number; clear: () => void }) {
  const clusters = useClusters();
  const uptime = useLive((view) => view.world.status?.uptime_s);
  const word = query.status === "all" ? "" : query.status === "active" ? "unfinished " : `${query.status} `;
  if (filters > 0) {
    return (
      <p className="empty">
        No {word}incidents match {plural(filters, "filter")}.{" "}
        <button type="button" className="button" onClick={clear}>
          Clear filters
        </button>
      </p>
    );
  }
  return (
    <p className="empty">
      {clusters.length === 0
        ? "No cluster is configured yet, so nothing could be seen."
        : `Watched ${plural(clusters.length, "cluster")}${uptime === undefined ? "" : ` for ${duration(uptime)}`}: 0 ${word}incidents.`}
    </p>
  );
}

/** Pages of REST with the stream's newer word over them, filtered and in order. */
function useList(query: ListQuery) {
  const incidents = useLive((view) => view.world.incidents);
  const known = useLive((view) => view.world.known);
  const asked = serverQuery(query);
  const pages = useInfiniteQuery({
    queryKey: ["incidents", "list", asked],
    queryFn: ({ pageParam }) => fetchIncidents({ ...asked, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = useMemo(() => {
    const all = new Map<string, Incident>();
    for (const page of pages.data?.pages ?? [])
      for (const incident of page.items) all.set(incident.id, incident);
    for (const incident of incidents.values()) all.set(incident.id, incident);
    return ordered(
      [...all.values()].filter((incident) => matches(incident, query)),
      query.sort,
    );
  }, [pages.data, incidents, query]);
  // Every unfinished incident is in the snapshot, so only what is over needs pages.
  const whole = query.status === "active" || query.status === "open" || query.status === "acknowledged";
  return {
    rows,
    known: whole ? known || pages.data !== undefined : pages.data !== undefined,
    error: rows.length > 0 || (whole && known) ? null : pages.error,
    retry: () => void pages.refetch(),
    more: pages.hasNextPage && !whole,
    fetchMore: () => void pages.fetchNextPage(),
    fetchingMore: pages.isFetchingNextPage,
  };
}
