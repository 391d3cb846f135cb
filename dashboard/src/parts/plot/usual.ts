// What is usual for a series, to draw behind its line, and where it left that. Pure.
import type { Series } from "../../api/types";
import { inUnit } from "./line-data";

type Band = { readonly at: number; readonly low: number; readonly high: number };
export type Strange = {
  readonly id: string;
  readonly since: string;
  readonly until: string | null;
  readonly words: string;
};

const MISSED = 2.5;

/** Stretches of the band: broken where too little was known. */
export function bandRuns(series: Pick<Series, "expected" | "resolution_s">): Band[][] {
  const found: Band[][] = [];
  let before: Band | undefined;
  for (const { at, low, high } of series.expected ?? []) {
    const point = { at: Date.parse(at), low, high };
    const isJoined = before !== undefined && point.at - before.at <= MISSED * series.resolution_s * 1000;
    if (isJoined) found.at(-1)?.push(point);
    else found.push([point]);
    before = point;
  }
  return found.filter((run) => run.length > 1);
}

/** Whether a moment lies in a time that the agent calls unusual. */
export const isStrange = ({ anomalies }: Pick<Series, "anomalies">, at: number): boolean =>
  anomalies.some(({ since, until }) => Date.parse(since) <= at && (until === null || at < Date.parse(until)));

/** `up to 310 Mi where 90 Mi to 120 Mi is usual`, newest first. */
export function strangeTimes(series: Pick<Series, "id" | "unit" | "anomalies">): Strange[] {
  return series.anomalies
    .map(({ since, until, observed, low, high }) => ({
      id: `${series.id} ${since}`,
      since,
      until,
      words: `${observed > high ? "up to" : "down to"} ${inUnit(observed, series.unit)} where ${inUnit(low, series.unit)} to ${inUnit(high, series.unit)} is usual`,
    }))
    .reverse();
}
