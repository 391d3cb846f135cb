// Measured values: which there are, a picker, and the picked ones over time; where there are none, why.
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { fetchSeries, fetchSignals } from "../../api/client";
import type { Series, SeriesPage, Signal } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { useNow, useTrust } from "../../live/pulse";
import { live, useLive } from "../../live/store";
import { Aged } from "../../parts/aged";
import { Empty as EmptyList } from "../../parts/empty";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { ListHead, Older, READING, StrangeWords } from "../../parts/list-head";
import { useAddress, usePages } from "../../parts/pages";
import { Loading, Panel } from "../../parts/panel";
import { LinePlot, MOST_LINES } from "../../parts/plot/lines";
import { SourceWords } from "../../parts/plot/source-words";
import { Save } from "../../parts/save";
import { TextFilter } from "../../parts/text-filter";
import { Unseen } from "../../parts/unseen";
import { marksBeside } from "./beside";
import { SeriesPicker } from "./series-picker";
import {
  drawnOf,
  filtersIn,
  RANGES,
  readQuery,
  type SignalsQuery,
  serverQuery,
  toggled,
  worstFirst,
} from "./signals-query";
import { ExploreViews } from "./views";

const RENEW_MS = 15_000;
const LISTED = 100;
const NO_FILTERS = { cluster: "", namespace: "", owner: "", name: "", pick: "" };

export function SignalsView() {
  const { search, change } = useAddress<SignalsQuery>("name");
  const { query, strange } = useMemo(() => readQuery(search), [search]);
  const { pages, span } = useSeries(query);
  const signals = useQuery({
    queryKey: ["signals", query.cluster],
    queryFn: () => fetchSignals(query.cluster),
  });
  const listed = pages.listed;
  const at = pages.answeredAt;
  // Rows keep their places until the agent has answered again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock alone changes no order
  const sorted = useMemo(
    () => worstFirst(listed ?? [], live.serverNow() ?? Date.now()),
    [at, listed?.length],
  );
  const view = JSON.stringify(serverQuery(query));
  const { rows, waiting, letIn, grip } = useHeld(sorted, ({ id }) => id, view);
  // Rows of the filter before are neither drawn nor chosen from.
  const answered = pages.isReading ? NONE : rows;
  const begun = useFirstChoice(answered, view);
  const chosen = drawnOf(answered, query.pick || begun, MOST_LINES);
  const { drawn, isKnown, failed, truncated } = usePoints(chosen, query);
  const incidents = useLive((view) => view.world.incidents);
  const signal = signals.data?.items.find(({ name }) => name === query.signal);
  const sources = pages.first?.sources ?? signals.data?.sources ?? [];
  const pick = (id: string) =>
    change({
      pick: toggled(
        query.pick,
        id,
        chosen.map((each) => each.id),
        MOST_LINES,
      ),
    });
  return (
    <div className="page explore">
      <ListHead
        title="Explore"
        held={{ waiting, letIn }}
        count={
          pages.isReading
            ? READING
            : pages.listed
              ? `${rows.length.toLocaleString("en-US")}${pages.more ? " or more" : ""} series`
              : ""
        }
      >
        <Save name="series" rows={drawn} />
      </ListHead>
      <ExploreViews now="signals" />
      <Filters query={query} change={change} signals={signals.data?.items ?? []} />
      <StrangeWords words={strange} />
      <Unseen missing={pages.first?.missing ?? []} words="Not heard, so its values end" />
      {rows.length > 0 && <Aged error={pages.error} answeredAt={pages.answeredAt} />}
      {pages.error !== null && rows.length === 0 && <Failure error={pages.error} retry={pages.retry} />}
      <Panel
        title={query.signal}
        className="signal-plot"
        {...(signal ? { count: signal.meaning } : {})}
        aside={<Range query={query} change={change} />}
      >
        {(pages.isReading || !isKnown) && pages.error === null && <Loading what="measured values" rows={6} />}
        {failed !== null && <Failure error={failed} />}
        {drawn.length > 0 && (
          <LinePlot
            label={`${query.signal} over the last ${RANGES[query.range]?.[0]}`}
            all={drawn}
            span={span}
            marks={marksBeside(drawn, incidents.values())}
            height={230}
          />
        )}
        {pages.listed && !pages.isReading && isKnown && failed === null && drawn.length === 0 && (
          <None
            query={query}
            served={sources.some(({ state }) => state === "served")}
            clear={() => change(NO_FILTERS)}
          />
        )}
        <SourceWords sources={sources} />
        {truncated && (
          <p className="meta plot-note">
            Older values of this range are left out: more were kept than are read at once.
          </p>
        )}
      </Panel>
      {rows.length > 0 && (
        <div {...grip} aria-busy={pages.isReading}>
          <SeriesPicker
            rows={rows}
            drawn={chosen}
            pick={pick}
            ofOwner={(owner) => change({ owner, pick: "" })}
          />
        </div>
      )}
      <Older noun="series" word="More" pages={pages} />
    </div>
  );
}

const NONE: readonly never[] = [];

/** What a view began with stays drawn, whatever comes nearer to its limit meanwhile. */
function useFirstChoice(rows: readonly Series[], view: string): string {
  const first = useRef({ view: "", ids: "" });
  if (rows.length > 0 && first.current.view !== view) {
    const ids = drawnOf(rows, "", MOST_LINES).map(({ id }) => id);
    first.current = { view, ids: ids.join(",") };
  }
  return first.current.view === view ? first.current.ids : "";
}

const sinceOf = (minutes: number): string =>
  new Date((live.serverNow() ?? Date.now()) - minutes * 60_000).toISOString();

/** The values of the series that are drawn, each by itself: a list of hundreds has none. */
function usePoints(chosen: readonly Series[], query: SignalsQuery) {
  const { disconnected } = useTrust();
  const minutes = RANGES[query.range]?.[1] ?? 60;
  const answers = useQueries({
    queries: chosen.map(({ id, signal, cluster_name: cluster, resource, labels }) => ({
      queryKey: ["series", "points", id, cluster, minutes],
      queryFn: () =>
        fetchSeries({
          signal,
          cluster,
          name: resource.name,
          since: sinceOf(minutes),
          ...(resource.namespace ? { namespace: resource.namespace } : {}),
          ...(labels.container ? { container: labels.container } : {}),
        }),
      refetchInterval: disconnected ? (false as const) : RENEW_MS,
    })),
  });
  const found = answers.flatMap(({ data }) => data?.items ?? []);
  return {
    drawn: chosen.flatMap(
      ({ id }) => found.find((series) => series.id === id && series.points.length > 0) ?? [],
    ),
    isKnown: answers.every(({ data, error }) => data || error),
    failed: answers.find(({ data, error }) => error && !data)?.error ?? null,
    truncated: answers.some(({ data }) => data?.truncated),
  };
}

/** Pages of series, asked for again at the pace of their sources while the first page is all there is. */
function useSeries(query: SignalsQuery) {
  const now = useNow();
  const { disconnected } = useTrust();
  const minutes = RANGES[query.range]?.[1] ?? 60;
  const asked = serverQuery(query);
  const pages = usePages<Series, SeriesPage>(
    ["series", query.signal, query.cluster, asked, minutes],
    (cursor) => fetchSeries({ ...asked, ...cursor, since: sinceOf(minutes), points: false }, LISTED),
    disconnected ? undefined : RENEW_MS,
  );
  return { pages, span: { from: now - minutes * 60_000, to: now } };
}

type Change = (changes: Partial<SignalsQuery>) => void;

function Filters(props: { query: SignalsQuery; change: Change; signals: readonly Signal[] }) {
  const { query, change, signals } = props;
  const names = useClusters().map(({ name }) => name);
  const clusters = [...new Set([...names, query.cluster])].filter(Boolean).sort();
  const isListed = signals.some(({ name }) => name === query.signal);
  return (
    <search className="filters">
      <select
        aria-label="Signal"
        value={query.signal}
        onChange={(event) => change({ signal: event.target.value, pick: "" })}
      >
        {!isListed && <option value={query.signal}>{query.signal}</option>}
        {signals.map(({ name, series }) => (
          <option key={name} value={name}>
            {name} ({series.toLocaleString("en-US")})
          </option>
        ))}
      </select>
      <select
        aria-label="Cluster"
        value={query.cluster}
        onChange={(event) => change({ cluster: event.target.value, pick: "" })}
      >
        <option value="">All clusters</option>
        {clusters.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <TextFilter label="Begins with" value={query.name} change={(name) => change({ name, pick: "" })} />
      {(["namespace", "owner"] as const).map(
        (key) =>
          query[key] && (
            <button
              key={key}
              type="button"
              className="button around"
              onClick={() => change({ [key]: "", pick: "" })}
            >
              {key} <bdi className="clip">{query[key]}</bdi> <span aria-hidden="true">×</span>
              <span className="visually-hidden">clear</span>
            </button>
          ),
      )}
    </search>
  );
}

const Range = ({ query, change }: { query: SignalsQuery; change: Change }) => (
  <select aria-label="Range" value={query.range} onChange={(event) => change({ range: event.target.value })}>
    {Object.entries(RANGES).map(([key, [label]]) => (
      <option key={key} value={key}>
        Last {label}
      </option>
    ))}
  </select>
);

function None(props: { query: SignalsQuery; served: boolean; clear: () => void }) {
  return (
    <EmptyList what="series" filters={filtersIn(props.query).length} clear={props.clear}>
      {() =>
        props.served
          ? `No value was measured in the last ${RANGES[props.query.range]?.[0]}.`
          : "Nothing is measured: no cluster serves values to this agent."
      }
    </EmptyList>
  );
}
