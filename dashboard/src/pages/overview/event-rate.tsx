// Events a second as the agent's own total grew, heartbeat by heartbeat, since this page was opened.
import { useEffect, useState } from "react";
import { useLive } from "../../live/store";

type Sample = { at: number; total: number };
const KEPT = 46;

/** Events a second between neighbouring heartbeats; a total that fell (a new agent) counts as no sample. */
export function rates(samples: readonly Sample[]): number[] {
  return samples.slice(1).flatMap((sample, index) => {
    const before = samples[index];
    if (!before || sample.total < before.total || sample.at <= before.at) return [];
    return [((sample.total - before.total) * 1000) / (sample.at - before.at)];
  });
}

/** Heartbeats that come close together, as after a resume, would make a rate of almost nothing. */
const tooSoon = (last: Sample | undefined, next: Sample): boolean =>
  last !== undefined && next.at > last.at && next.at - last.at < 1000;

export function EventRate() {
  const status = useLive((view) => view.world.status);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (!status) return;
    const sample = { at: Date.parse(status.server_time), total: status.fleet.events };
    setSamples((before) => (tooSoon(before.at(-1), sample) ? before : [...before, sample].slice(-KEPT)));
  }, [status]);
  const seen = rates(samples);
  const newest = seen.at(-1);
  if (newest === undefined) return <>since the first start</>;
  const tallest = Math.max(...seen, 1);
  return (
    <>
      <span>{newest < 10 ? newest.toFixed(1) : Math.round(newest).toLocaleString("en-US")} /s now</span>
      <span>since the first start</span>
      <svg
        className="spark"
        viewBox={`0 0 ${KEPT * 2} 20`}
        role="img"
        aria-label={`Events a second since this page was opened, at most ${tallest.toFixed(1)}`}
      >
        {seen.map((rate, index) => {
          const height = Math.max(1, (rate / tallest) * 19);
          const x = (KEPT - seen.length + index) * 2;
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
          return <rect key={index} x={x} y={20 - height} width="1.4" height={height} />;
        })}
      </svg>
    </>
  );
}
