// What changed? One ledger, newest first, that stays put under the reader's hand.

import { useMemo } from "react";
import { fetchChanges } from "../../api/client";
import type { Change, ChangePage } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { useLive } from "../../live/store";
import { newestMade } from "../../live/world";
import { Empty, watched } from "../../parts/empty";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { ListHead, Older, READING, StrangeWords } from "../../parts/list-head";
import { useAddress, usePages } from "../../parts/pages";
import { Loading } from "../../parts/panel";
import { Save } from "../../parts/save";
import { Shape } from "../../parts/shape";
import { TextFilter } from "../../parts/text-filter";
import { At } from "../../parts/times";
import { useTitle } from "../../shell/title";
import { plural } from "../../time/format";
import { ChangeTable } from "./change-table";
import { filtersIn, KINDS, type LedgerQuery, matches, readQuery, serverQuery } from "./query";

export function ChangesPage() {
  useTitle("Changes");
  const { search, change } = useAddress<LedgerQuery>("target");
  const { query, strange } = useMemo(() => readQuery(search), [search]);
  const ledger = useLedger(query);
  const { rows, waiting, letIn, grip } = useHeld(ledger.rows, (row) => row.id, search.toString());
  const clear = () => change({ kind: "", cluster: "", target: "", around: "" });
  return (
    <div className="page changes">
      <ListHead
        title="Changes"
        held={{ waiting, letIn }}
        count={
          ledger.known ? `${plural(rows.length, "change")}${ledger.more ? " and older ones" : ""}` : READING
        }
      >
        <Save name="changes" rows={rows} />
      </ListHead>
      <Filters query={query} change={change} />
      <StrangeWords words={strange} />
      <Unseen page={ledger.first} />
      {ledger.error !== null && <Failure error={ledger.error} retry={ledger.retry} />}
      {!ledger.known && !ledger.error && rows.length === 0 && <Loading what="changes" rows={8} />}
      {ledger.known && rows.length === 0 && <None filters={filtersIn(query)} clear={clear} />}
      {rows.length > 0 && (
        <div {...grip}>
          <ChangeTable rows={rows} last={ledger.fetchMore} />
        </div>
      )}
      <Older noun="changes" pages={ledger} />
    </div>
  );
}

function Filters(props: { query: LedgerQuery; change: (changes: Partial<LedgerQuery>) => void }) {
  const { query, change } = props;
  const names = useClusters().map(({ name }) => name);
  const clusters = [...new Set([...names, query.cluster])].filter(Boolean).sort();
  const kinds = query.kind === "" || KINDS.includes(query.kind) ? KINDS : [...KINDS, query.kind];
  return (
    <search className="filters">
      <select aria-label="Kind" value={query.kind} onChange={(event) => change({ kind: event.target.value })}>
        <option value="">Any kind</option>
        {kinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
      <select
        aria-label="Cluster"
        value={query.cluster}
        onChange={(event) => change({ cluster: event.target.value })}
      >
        <option value="">All clusters</option>
        {clusters.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <TextFilter
        label="Name, or namespace/name"
        value={query.target}
        change={(target) => change({ target })}
      />
      {query.around && (
        <button type="button" className="button around" onClick={() => change({ around: "" })}>
          an hour around <At at={query.around} /> <span aria-hidden="true">×</span>
          <span className="visually-hidden">clear</span>
        </button>
      )}
    </search>
  );
}

/** What is not in the list: sources that are not read, clusters that are not heard. */
function Unseen({ page }: { page: ChangePage | undefined }) {
  const sources = page?.sources_missing ?? [];
  const clusters = page?.missing ?? [];
  if (sources.length === 0 && clusters.length === 0) return null;
  return (
    <p className="sources-missing">
      <Shape tone="unknown" size={12} /> Not in this ledger:{" "}
      {[
        ...clusters.map(({ cluster, reason }) => `${cluster} (${reason})`),
        ...sources.map(({ source, reason }) => `${source} (${reason})`),
      ].join(", ")}
    </p>
  );
}

function None({ filters, clear }: { filters: number; clear: () => void }) {
  const uptime = useLive((view) => view.world.status?.uptime_s);
  return (
    <Empty what="changes" filters={filters} clear={clear}>
      {(clusters) => `${watched(clusters, uptime)}: nobody changed anything.`}
    </Empty>
  );
}

/** Pages of REST with the changes of the stream over them. */
function useLedger(query: LedgerQuery) {
  const fresh = useLive((view) => view.world.changes);
  const asked = serverQuery(query);
  const pages = usePages<Change, ChangePage>(["changes", "list", asked], (cursor) =>
    fetchChanges({ ...asked, ...cursor }),
  );
  const { listed, more, isReading } = pages;
  const rows = useMemo(() => {
    const oldest = more ? Date.parse(listed?.at(-1)?.at ?? "") : Number.NEGATIVE_INFINITY;
    const live = fresh.filter((change) => matches(change, query) && !(Date.parse(change.at) < oldest));
    // What REST said of a change knows the incidents that suspect it, so it wins.
    const answered = isReading ? listed?.filter((change) => matches(change, query)) : listed;
    return newestMade(live, answered ?? [], Number.POSITIVE_INFINITY);
  }, [listed, more, isReading, fresh, query]);
  return { ...pages, rows, known: listed !== undefined && !isReading };
}
