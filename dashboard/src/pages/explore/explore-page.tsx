// See the raw truth: events as they come, through the past, and how many there were.

import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { fetchExplanation } from "../../api/client";
import type { KronveilEvent } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { FEED_LENGTH } from "../../live/world";
import { Empty } from "../../parts/empty";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { ListHead, Older, StrangeWords } from "../../parts/list-head";
import { useAddress } from "../../parts/pages";
import { Loading } from "../../parts/panel";
import { Save } from "../../parts/save";
import { Shape } from "../../parts/shape";
import { TextFilter } from "../../parts/text-filter";
import { Unseen } from "../../parts/unseen";
import { useTitle } from "../../shell/title";
import { plural } from "../../time/format";
import { EventDetail } from "./event-detail";
import { EventList } from "./event-list";
import { useEvents } from "./history";
import { type ExploreQuery, filtersIn, readQuery, SEVERITIES } from "./query";
import { RatePlot } from "./rate-plot";
import { SignalsView } from "./signals-view";
import { ExploreViews, viewIn } from "./views";
import "../../styles/plot.css";
import "../../styles/explore.css";

const NO_FILTERS = { cluster: "", kind: "", severity: "", q: "", repeats: "" };

export function ExplorePage() {
  useTitle("Explore");
  const [search] = useSearchParams();
  return viewIn(search) === "signals" ? <SignalsView /> : <EventsView />;
}

function EventsView() {
  const { search, change } = useAddress<ExploreQuery>("q");
  const { query, strange } = useMemo(() => readQuery(search), [search]);
  const events = useEvents(query);
  const view = `${query.cluster} ${query.kind} ${query.severity} ${query.q} ${query.repeats} ${events.listed}`;
  const { rows, waiting, letIn, grip } = useHeld(events.rows, (event) => event.id, view);
  const look = useCallback((ev: string) => change({ ev }), [change]);
  return (
    <div className="page explore">
      <ListHead
        title="Explore"
        held={{ waiting, letIn }}
        count={
          !events.known
            ? ""
            : events.isPast
              ? `${plural(rows.length, "event")} read`
              : `${FEED_LENGTH} newest`
        }
      >
        <Save name="events" rows={rows} />
      </ListHead>
      <ExploreViews now="events" />
      <Filters query={query} change={change} kinds={kindsIn(events.gathered, rows)} />
      <StrangeWords words={strange} />
      <Unseen missing={events.first?.missing ?? []} words="Not in this list" />
      <WentBy count={events.missed} read={events.readMissed} />
      <RatePlot
        query={query}
        gathered={events.gathered}
        missed={events.missed}
        choose={(range) => change({ range })}
      />
      {query.ev !== "" && !rows.some(({ id }) => id === query.ev) && <LookedFor id={query.ev} look={look} />}
      {events.error !== null && <Failure error={events.error} retry={events.retry} />}
      {!events.known && !events.error && <Loading what="events" rows={8} />}
      {events.known && rows.length === 0 && (
        <None filters={filtersIn(query)} clear={() => change(NO_FILTERS)} />
      )}
      {rows.length > 0 && (
        <div {...grip}>
          <EventList rows={rows} looked={query.ev} look={look} last={events.fetchMore} />
        </div>
      )}
      <Older noun="events" pages={events} />
    </div>
  );
}

/** Kinds for the filter to offer: those this page has seen. */
const kindsIn = (...lists: readonly (readonly KronveilEvent[])[]): string[] =>
  [...new Set(lists.flatMap((list) => list.map(({ kind }) => kind)))].sort();

function Filters(props: {
  query: ExploreQuery;
  change: (changes: Partial<ExploreQuery>) => void;
  kinds: readonly string[];
}) {
  const { query, change } = props;
  const names = useClusters().map(({ name }) => name);
  const clusters = [...new Set([...names, query.cluster])].filter(Boolean).sort();
  const kinds = [...new Set([...props.kinds, query.kind])].filter(Boolean);
  return (
    <search className="filters">
      <fieldset className="tabs" aria-label="Severity">
        <button type="button" aria-pressed={query.severity === ""} onClick={() => change({ severity: "" })}>
          All
        </button>
        {SEVERITIES.map((severity) => (
          <button
            key={severity}
            type="button"
            aria-pressed={query.severity === severity}
            onClick={() => change({ severity })}
          >
            <Shape tone={severity} size={11} /> {severity}
          </button>
        ))}
      </fieldset>
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
      <select aria-label="Kind" value={query.kind} onChange={(event) => change({ kind: event.target.value })}>
        <option value="">Any kind</option>
        {kinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
      <TextFilter label="Words in what is loaded" value={query.q} change={(q) => change({ q })} />
      <label className="check">
        <input
          type="checkbox"
          checked={query.repeats === "without"}
          onChange={(event) => change({ repeats: event.target.checked ? "without" : "" })}
        />
        without repeats
      </label>
    </search>
  );
}

/** More events in one paint than the buffer holds: they are counted, and the agent still has them. */
function WentBy({ count, read }: { count: number; read: () => void }) {
  if (count === 0) return null;
  return (
    <p className="sources-missing" role="status">
      <Shape tone="partial" size={12} /> {plural(count, "event")} came faster than this page draws and{" "}
      {count === 1 ? "is" : "are"} not shown.{" "}
      <button type="button" className="text-button" onClick={read}>
        Read {count === 1 ? "it" : "them"} from the agent
      </button>
    </p>
  );
}

/** A link to one event that is not among the rows: the store is asked for it. */
function LookedFor({ id, look }: { id: string; look: (id: string) => void }) {
  const { data, error } = useQuery({ queryKey: ["explanation", id], queryFn: () => fetchExplanation(id) });
  if (error) return <Failure error={error} />;
  if (!data) return <Loading what="the event" />;
  return (
    <div className="table-frame looked-for drains">
      <header>
        <strong>{data.event?.kind ?? "An event that is no longer stored"}</strong>
        <span className="quiet">not among the rows below</span>
        <button type="button" className="button plain" onClick={() => look("")}>
          Close
        </button>
      </header>
      {data.event && <EventDetail event={data.event} />}
    </div>
  );
}

function None({ filters, clear }: { filters: number; clear: () => void }) {
  return (
    <Empty what="events" filters={filters} clear={clear}>
      {(clusters) => `${plural(clusters, "cluster")} watched: no event has come yet.`}
    </Empty>
  );
}
