// Memory and processor of the affected object beside what happened to it: measured values only, or why there are none.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { fetchSeries, type SeriesQuery } from "../../api/client";
import type { IncidentDetail, Series } from "../../api/types";
import { isActive, useClusters } from "../../live/hooks";
import { useNow, useTrust } from "../../live/pulse";
import { Aged } from "../../parts/aged";
import { Failure } from "../../parts/failure";
import { Empty, Loading, Panel } from "../../parts/panel";
import { nameOf } from "../../parts/plot/line-data";
import { LinePlot, MOST_LINES } from "../../parts/plot/lines";
import { SourceWords } from "../../parts/plot/source-words";
import { clustersOf, marksOf, QUANTITIES, type Quantity, spanOf, subjectOf, trimmed } from "./measured-data";

const TITLES: Record<Quantity, string> = { memory: "Memory", cpu: "CPU" };
/** The source itself is read no more often than this. */
const RENEW_MS = 15_000;

export function Measured({ incident }: { incident: IncidentDetail }) {
  const [search, setSearch] = useSearchParams();
  const quantity = QUANTITIES.find((each) => each === search.get("signal")) ?? "memory";
  const names = useClusters().map(({ name }) => name);
  const clusters = clustersOf(incident, names);
  const subject = subjectOf(incident, quantity);
  const choose = (signal: Quantity) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        next.set("signal", signal);
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  if (subject === null || clusters.length === 0) return null;
  return (
    <Panel
      title="Measured"
      className="measured"
      aside={
        <>
          <Link to={exploreOf(subject, clusters)}>open in Explore</Link>
          <fieldset className="tabs" aria-label="Signal">
            {QUANTITIES.map((each) => (
              <button key={each} type="button" aria-pressed={each === quantity} onClick={() => choose(each)}>
                {TITLES[each]}
              </button>
            ))}
          </fieldset>
        </>
      }
    >
      <Values incident={incident} subject={subject} clusters={clusters} title={TITLES[quantity]} />
    </Panel>
  );
}

const exploreOf = (subject: SeriesQuery, clusters: readonly string[]): string => {
  const { signal = "", namespace = "", owner = "", name = "" } = subject;
  const search = new URLSearchParams({ view: "signals", signal });
  const cluster = clusters.length === 1 ? (clusters[0] ?? "") : "";
  for (const [key, value] of Object.entries({ cluster, namespace, owner, name }))
    if (value) search.set(key, value);
  return `/explore?${search}`;
};

function Values(props: {
  incident: IncidentDetail;
  subject: SeriesQuery;
  clusters: readonly string[];
  title: string;
}) {
  const { incident, subject, clusters, title } = props;
  const span = spanOf(incident, useNow());
  const { disconnected } = useTrust();
  const goesOn = isActive(incident);
  const asked = {
    ...subject,
    since: new Date(spanOf(incident, Date.parse(incident.opened_at)).from).toISOString(),
    ...(goesOn ? {} : { until: new Date(span.to).toISOString() }),
  };
  const answers = useQueries({
    queries: clusters.map((cluster) => ({
      queryKey: ["series", "incident", cluster, asked.signal, asked.since, asked.until ?? "", incident.id],
      queryFn: () => fetchSeries({ ...asked, cluster }),
      refetchInterval: goesOn && !disconnected ? RENEW_MS : (false as const),
    })),
  });
  const found = answers.flatMap(({ data }) => data?.items ?? []);
  const affected = useMemo(
    () => new Set(incident.evidence.map(({ resource }) => resource?.name)),
    [incident],
  );
  const inOrder = ordered(found, affected).filter(({ points }) => points.length > 0);
  const failed = answers.find(({ error, data }) => error && !data);
  const sources = answers.flatMap(({ data }) => data?.sources ?? []);
  const isKnown = answers.every(({ data, error }) => data || error);
  return (
    <div className="measured-body">
      {failed && <Failure error={failed.error} retry={() => void failed.refetch()} />}
      {answers.map(({ error, dataUpdatedAt }, index) => (
        <Aged key={clusters[index]} error={error} answeredAt={dataUpdatedAt} />
      ))}
      {!isKnown && inOrder.length === 0 && <Loading what="measured values" />}
      {inOrder.length > 0 && (
        <LinePlot
          label={`${title} of ${incident.resource.name}`}
          all={inOrder}
          span={trimmed(span, Date.parse(incident.opened_at), inOrder)}
          marks={marksOf(incident)}
        />
      )}
      {isKnown && !failed && inOrder.length === 0 && <None sources={sources.length} incident={incident} />}
      <SourceWords sources={sources} />
      <Left shown={inOrder} more={answers.some(({ data }) => data?.next_cursor)} />
    </div>
  );
}

/** Those that the evidence names first, then by name. */
const ordered = (found: readonly Series[], affected: ReadonlySet<string | undefined>): Series[] =>
  [...found].sort(
    (a, b) =>
      Number(affected.has(b.resource.name)) - Number(affected.has(a.resource.name)) ||
      Date.parse(b.last?.at ?? "1970") - Date.parse(a.last?.at ?? "1970") ||
      nameOf(a).localeCompare(nameOf(b)),
  );

const None = ({ sources, incident }: { sources: number; incident: IncidentDetail }) => (
  <Empty>
    {sources === 0
      ? "No source of measured values is known here."
      : `No value of ${incident.resource.name} was measured in this time.`}
  </Empty>
);

function Left({ shown, more }: { shown: readonly Series[]; more: boolean }) {
  const left = shown.length - MOST_LINES;
  if (left <= 0 && !more) return null;
  const words = left > 0 ? `${left.toLocaleString("en-US")} more${more ? ", and others," : ""}` : "Others";
  return <p className="meta plot-note">{words} are measured and not drawn; Explore has them.</p>;
}
