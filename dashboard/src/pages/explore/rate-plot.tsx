// How many events came, bucket by bucket, by severity; what was not counted is hatched, never a zero.
import { useMemo } from "react";
import type { KronveilEvent } from "../../api/types";
import { useClusters, useStart } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { Failure } from "../../parts/failure";
import { Loading, Panel } from "../../parts/panel";
import { PlotFrame } from "../../parts/plot/frame";
import { valueTicks } from "../../parts/plot/scale";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { duration, plural } from "../../time/format";
import { useRange } from "./history";
import { type ExploreQuery, matches, merged, RANGES, SEVERITIES } from "./query";
import { type Bucket, countIn, inWords, unknownIn } from "./rates";

export function RatePlot(props: {
  query: ExploreQuery;
  gathered: readonly KronveilEvent[];
  /** Events that went by uncounted. */
  missed: number;
  choose: (range: string) => void;
}) {
  const { query, gathered, missed, choose } = props;
  const { data, error, refetch, minutes } = useRange(query);
  const now = useNow();
  const silentFrom = useSilence(query.cluster);
  const started = useStart();
  const found = useMemo(
    () => merged([gathered, data?.events ?? []]).filter((event) => matches(event, query)),
    [gathered, data, query],
  );
  const span = { from: now - minutes * 60_000, to: now };
  const knownFrom = Math.max(data?.from ?? now, span.from);
  // What an earlier run stored shows that it watched, and from when on.
  const watchedFrom = Math.min(started ?? span.from, Date.parse(found.at(-1)?.received_at ?? "") || now);
  const { buckets, step, tallest } = countIn(found, span, knownFrom);
  const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0);
  const isCut = data !== undefined && data.from > span.from + 1000;
  return (
    <Panel
      title="Event rate"
      className="rate"
      {...(data
        ? {
            count: `${isCut || missed > 0 ? "≥ " : ""}${plural(total, "event")} in the last ${RANGES[query.range]?.[0]}`,
          }
        : {})}
      aside={
        <>
          <SeverityLegend />
          <select aria-label="Range" value={query.range} onChange={(change) => choose(change.target.value)}>
            {Object.entries(RANGES).map(([key, [label]]) => (
              <option key={key} value={key}>
                Last {label}
              </option>
            ))}
          </select>
        </>
      }
    >
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading what="the event rate" />}
      {data && (
        <PlotFrame
          label={`Events per ${duration(step / 1000)} over the last ${RANGES[query.range]?.[0]}`}
          span={span}
          values={valueTicks(tallest, 0, 3)}
          height={150}
          unknown={unknownIn(span, { from: knownFrom, watchedFrom, silentFrom })}
          draw={({ x, y }) =>
            buckets.map((bucket) => (
              <Stack
                key={bucket.at}
                bucket={bucket}
                left={x(Math.max(bucket.at, span.from))}
                right={x(Math.min(bucket.at + step, span.to))}
                y={y}
              />
            ))
          }
          readout={(at) => {
            const bucket = buckets.find((each) => at >= each.at && at < each.at + step);
            const isKnown = bucket && (bucket.total > 0 || at >= watchedFrom);
            return isKnown ? { at: bucket.at, words: inWords(bucket) } : null;
          }}
          table={<RateTable buckets={buckets} step={step} />}
        />
      )}
      {isCut && data && (
        <p className="meta plot-note">
          Only the newest {data.events.length.toLocaleString("en-US")} are counted, from{" "}
          <At at={new Date(data.from).toISOString()} /> on.
        </p>
      )}
    </Panel>
  );
}

/** From when on the cluster that is looked at has not been heard. */
function useSilence(name: string): number | null {
  const cluster = useClusters().find((each) => each.name === name);
  if (!cluster || isHeard(cluster)) return null;
  return cluster.last_seen === null ? 0 : Date.parse(cluster.last_seen);
}

function Stack(props: { bucket: Bucket; left: number; right: number; y: (value: number) => number }) {
  const { bucket, left, right, y } = props;
  let below = 0;
  return SEVERITIES.map((severity) => {
    const n = bucket.by[severity] ?? 0;
    if (n === 0) return null;
    const top = y(below + n);
    const height = y(below) - top;
    below += n;
    return (
      <rect
        key={severity}
        className={`plot-bar tone-${toneOfSeverity(severity)}`}
        x={left + 0.5}
        y={top}
        width={Math.max(1, right - left - 1)}
        height={Math.max(1, height)}
      />
    );
  });
}

const SeverityLegend = () => (
  <span className="legend second wide-only">
    {SEVERITIES.map((severity) => (
      <span key={severity}>
        <Shape tone={toneOfSeverity(severity)} size={10} /> {severity}
      </span>
    ))}
  </span>
);

function RateTable({ buckets, step }: { buckets: readonly Bucket[]; step: number }) {
  const full = buckets.filter(({ total }) => total > 0).reverse();
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">From, for {duration(step / 1000)}</th>
          <th scope="col" className="number">
            Events
          </th>
          {SEVERITIES.map((severity) => (
            <th key={severity} scope="col" className="number">
              {severity}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {full.length === 0 && (
          <tr>
            <td colSpan={2 + SEVERITIES.length}>No event came in this time.</td>
          </tr>
        )}
        {full.map((bucket) => (
          <tr key={bucket.at}>
            <td data-label="From">
              <At at={new Date(bucket.at).toISOString()} />
            </td>
            <td className="number" data-label="Events">
              {bucket.total}
            </td>
            {SEVERITIES.map((severity) => (
              <td key={severity} className="number" data-label={severity}>
                {bucket.by[severity] ?? 0}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
