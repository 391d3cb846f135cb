// Find and order the work: a dense list that stays put under the reader's hand.

import { useMemo } from "react";
import { fetchIncidents } from "../../api/client";
import type { Incident, IncidentPage } from "../../api/types";
import { rootsOf } from "../../live/hooks";
import { useLive } from "../../live/store";
import { Empty, watched } from "../../parts/empty";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { ListHead, Older, READING, StrangeWords } from "../../parts/list-head";
import { useAddress, usePages } from "../../parts/pages";
import { Loading } from "../../parts/panel";
import { Save } from "../../parts/save";
import { Silences } from "../../parts/silence";
import { useTitle } from "../../shell/title";
import { plural } from "../../time/format";
import { Filters } from "./filters";
import { IncidentTable } from "./incident-table";
import { type ListQuery, matches, ordered, readQuery, serverQuery } from "./query";

const PAGE = 500;

export function IncidentsPage() {
  useTitle("Incidents");
  const { search, change } = useAddress<ListQuery>("q");
  const { query, strange } = useMemo(() => readQuery(search), [search]);
  const list = useList(query);
  const { rows, waiting, letIn, grip } = useHeld(list.rows, (incident) => incident.id, search.toString());
  const filters = [query.severity, query.cluster, query.q].filter(Boolean).length;
  return (
    <div className="page incidents">
      <ListHead title="Incidents" held={{ waiting, letIn }} count={list.known ? countOfRows(rows) : READING}>
        <Save name="incidents" rows={rows} />
      </ListHead>
      <Filters query={query} change={change} />
      <Silences />
      <StrangeWords words={strange} />
      {list.error !== null && <Failure error={list.error} retry={list.retry} />}
      {!list.known && !list.error && rows.length === 0 && <Loading what="incidents" rows={6} />}
      {list.known && rows.length === 0 && (
        <None query={query} filters={filters} clear={() => change({ severity: "", cluster: "", q: "" })} />
      )}
      {rows.length > 0 && (
        <div {...grip}>
          <IncidentTable
            rows={rows}
            order={{ sort: query.sort, resort: (sort) => change({ sort }) }}
            last={list.fetchMore}
          />
        </div>
      )}
      <Older noun="incidents" pages={list} />
    </div>
  );
}

/** The list folds the parts of a wider incident; the counts at the filters have each part by itself. */
function countOfRows(rows: readonly Incident[]): string {
  const roots = rootsOf(rows).length;
  return `${plural(roots, "incident")}${rows.length > roots ? `, ${rows.length} with their parts` : ""}`;
}

function None({ query, filters, clear }: { query: ListQuery; filters: number; clear: () => void }) {
  const uptime = useLive((view) => view.world.status?.uptime_s);
  const word = query.status === "all" ? "" : query.status === "active" ? "unfinished " : `${query.status} `;
  return (
    <Empty what={`${word}incidents`} filters={filters} clear={clear}>
      {(clusters) => `${watched(clusters, uptime)}: 0 ${word}incidents.`}
    </Empty>
  );
}

/** Pages of REST with the stream's newer word over them, filtered and in order. */
function useList(query: ListQuery) {
  const incidents = useLive((view) => view.world.incidents);
  const known = useLive((view) => view.world.known);
  const asked = serverQuery(query);
  const pages = usePages<Incident, IncidentPage>(["incidents", "list", asked], (cursor) =>
    fetchIncidents({ ...asked, ...cursor }, PAGE),
  );
  const { listed } = pages;
  const rows = useMemo(() => {
    const all = new Map((listed ?? []).map((incident) => [incident.id, incident]));
    for (const incident of incidents.values()) all.set(incident.id, incident);
    return ordered(
      [...all.values()].filter((incident) => matches(incident, query)),
      query.sort,
    );
  }, [listed, incidents, query]);
  // Every unfinished incident is in the snapshot, so only what is over needs pages.
  const whole = query.status === "active" || query.status === "open" || query.status === "acknowledged";
  return {
    ...pages,
    rows,
    known: (whole && known) || (listed !== undefined && !pages.isReading),
    error: whole && known ? null : pages.error,
    more: pages.more && !whole,
  };
}
