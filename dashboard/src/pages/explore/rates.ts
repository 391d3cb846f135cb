// Events counted into equal buckets by severity, with what is not known left open. Pure.
import type { KronveilEvent } from "../../api/types";
import type { Unknown } from "../../parts/plot/frame";
import { bucketed, type Span } from "../../parts/plot/scale";
import { SEVERITIES } from "./query";

export type Bucket = {
  readonly at: number;
  readonly total: number;
  readonly by: Readonly<Record<string, number>>;
};

const MOST_BUCKETS = 90;

/** A bucket that began before `knownFrom` is not counted: half of it would look like a dip. */
export function countIn(events: Iterable<KronveilEvent>, span: Span, knownFrom: number) {
  const { from, step, count } = bucketed(span, MOST_BUCKETS);
  const sums = Array.from({ length: count }, () => ({}) as Record<string, number>);
  for (const event of events) {
    const sum = sums[Math.floor((Date.parse(event.received_at) - from) / step)];
    if (sum) sum[event.severity] = (sum[event.severity] ?? 0) + 1;
  }
  const buckets: Bucket[] = sums
    .map((by, index) => ({
      at: from + index * step,
      by,
      total: Object.values(by).reduce((all, n) => all + n, 0),
    }))
    .filter(({ at }) => at >= knownFrom);
  return { buckets, step, tallest: Math.max(0, ...buckets.map(({ total }) => total)) };
}

/** `3 events: 2 high, 1 low` */
export function inWords({ total, by }: Bucket): string {
  const parts = SEVERITIES.flatMap((severity) => (by[severity] ? [`${by[severity]} ${severity}`] : []));
  return `${total.toLocaleString("en-US")} ${total === 1 ? "event" : "events"}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

type Known = {
  /** From when on events were counted. */
  readonly from: number;
  /** From when on anybody watched. */
  readonly watchedFrom: number;
  /** Since when the cluster is not heard. */
  readonly silentFrom: number | null;
};

/** What the plot must not draw as quiet. */
export function unknownIn(span: Span, { from: knownFrom, watchedFrom, silentFrom }: Known): Unknown[] {
  const found: Unknown[] = [];
  const counted = Math.max(knownFrom, span.from);
  if (watchedFrom > counted) {
    found.push({ from: counted, to: Math.min(watchedFrom, span.to), why: "Before this start of the agent" });
  }
  if (knownFrom > span.from) {
    found.push({
      from: span.from,
      to: knownFrom,
      why: "More events than this plot reads; older ones are not counted",
    });
  }
  if (silentFrom !== null && silentFrom < span.to) {
    found.push({ from: Math.max(silentFrom, span.from), to: span.to, why: "The cluster is not heard" });
  }
  return found;
}
