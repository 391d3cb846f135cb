// Series as lines: broken where nothing was measured, with values in words and round steps of their unit. Pure.
import type { Series } from "../../api/types";
import type { Unknown } from "./frame";
import { type Span, valueTicks } from "./scale";

type Point = Series["points"][number];
export type Placed = {
  readonly at: number;
  readonly value: number;
  readonly min: number;
  readonly max: number;
};

const placed = ({ at, value, min, max }: Point): Placed => ({ at: Date.parse(at), value, min, max });

/** Points further apart than so many steps were not measured one after the other. */
const MISSED = 2.5;

/** What may be joined by a line: neither a gap the agent names nor missing steps lie within. */
export function segments({
  points,
  gaps,
  resolution_s,
}: Pick<Series, "points" | "gaps" | "resolution_s">): Placed[][] {
  const holes = gaps.map(({ since, until }) => [Date.parse(since), Date.parse(until)] as const);
  const found: Placed[][] = [];
  let before: Placed | undefined;
  for (const point of points.map(placed)) {
    const last = before;
    const isJoined =
      last !== undefined &&
      point.at - last.at <= MISSED * resolution_s * 1000 &&
      !holes.some(([since, until]) => until > last.at && since < point.at);
    if (isJoined) found.at(-1)?.push(point);
    else found.push([point]);
    before = point;
  }
  return found;
}

/** Where no series has a value although time went by: hatched, never a line and never a zero. */
export function unmeasured(all: readonly Series[], span: Span): Unknown[] {
  const runs = all
    .flatMap((series) => {
      const slack = MISSED * series.resolution_s * 1000;
      return segments(series).map((run) => ({
        from: run[0]?.at ?? span.from,
        to: (run.at(-1)?.at ?? span.from) + slack,
      }));
    })
    .sort((a, b) => a.from - b.from);
  const found: Unknown[] = [];
  let known = span.from;
  for (const { from, to } of runs) {
    if (from > known) found.push({ from: known, to: from, why: NOTHING });
    known = Math.max(known, to);
  }
  if (known < span.to) found.push({ from: known, to: span.to, why: NOTHING });
  return found;
}

const NOTHING = "Nothing was measured here";

const BYTES: readonly (readonly [number, string])[] = [
  [2 ** 40, "Ti"],
  [2 ** 30, "Gi"],
  [2 ** 20, "Mi"],
  [2 ** 10, "Ki"],
];

/** `240 Mi`, `1.5 Gi`, `0.25 cores`: a value in its unit. */
export function inUnit(value: number, unit: string): string {
  if (unit !== "bytes") return `${Number(value.toPrecision(3))} ${unit}`;
  const [size, name] = BYTES.find(([each]) => Math.abs(value) >= each) ?? [1, "B"];
  return `${Number((value / size).toPrecision(3))} ${name}`;
}

/** Round steps from zero: of bytes in powers of two, as limits are set. */
export function ticksOf(highest: number, unit: string): number[] {
  if (unit !== "bytes") return valueTicks(highest);
  const size = BYTES.find(([each]) => highest >= each)?.[0] ?? 1;
  return valueTicks(highest / size).map((tick) => tick * size);
}

const greatest = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>(
    (most, value) => (value !== null && value > (most ?? -1) ? value : most),
    null,
  );

/** A limit so many times higher than all values would press them flat: it is told in words. */
const TOO_FAR = 8;

/** More bands of what is usual would lie on each other and say nothing. */
export const MOST_BANDS = 2;
/** A band so many times higher than all values is cut: the values are what the plot is for. */
const BAND_AT_MOST = 1.5;

/** The reference lines: what all agree on, or nothing; and the highest thing that the plot has to hold. */
export function scaleOf(all: readonly Series[]) {
  const measured = greatest(all.flatMap(({ points }) => points.map(({ max }) => max))) ?? 0;
  const limits = new Set(all.map(({ limit }) => limit));
  const limit = limits.size === 1 ? ([...limits][0] ?? null) : null;
  const requests = new Set(all.map(({ request }) => request));
  const request = requests.size === 1 ? ([...requests][0] ?? null) : null;
  const fits = (line: number | null) => line !== null && line <= Math.max(measured, 1e-9) * TOO_FAR;
  const usual = all.length > MOST_BANDS ? [] : all.flatMap(({ expected }) => expected ?? []);
  const band = Math.min(greatest(usual.map(({ high }) => high)) ?? 0, measured * BAND_AT_MOST);
  const highest = Math.max(measured, band, ...[limit, request].map((line) => (fits(line) ? (line ?? 0) : 0)));
  return {
    highest,
    limit: fits(limit) ? limit : null,
    request: fits(request) && request !== limit ? request : null,
    /** A limit that is there, but not in the drawing. */
    limitAbove: fits(limit) ? null : limit,
  };
}

/** The measured point nearest to a moment, not further than a few steps. */
export function nearest(series: Series, at: number): Placed | null {
  let best: Placed | null = null;
  for (const point of series.points.map(placed)) {
    if (best === null || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  }
  return best && Math.abs(best.at - at) <= MISSED * series.resolution_s * 1000 ? best : null;
}

/** `checkout-7d9f / app`, or what else is measured. */
export const nameOf = ({ resource, labels }: Pick<Series, "resource" | "labels">): string =>
  labels.container && labels.container !== resource.name
    ? `${resource.name} / ${labels.container}`
    : resource.name;
