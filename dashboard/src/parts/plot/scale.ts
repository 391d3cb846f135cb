// Where things stand in a plot: round steps of time and of value, and buckets of equal length. Pure.
export type Span = { readonly from: number; readonly to: number };

const MINUTE = 60_000;
const STEPS_MS = [
  1_000,
  5_000,
  15_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
  180 * MINUTE,
  360 * MINUTE,
  720 * MINUTE,
  1440 * MINUTE,
];

/** Round moments within the span, at most `most` of them. */
export function timeTicks({ from, to }: Span, most = 6): number[] {
  const step = STEPS_MS.find((each) => (to - from) / each <= most) ?? 1440 * MINUTE;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Round values from 0 (or `low`) up to what holds `high`: 1, 2 or 5 times a power of ten apart. */
export function valueTicks(high: number, low = 0, most = 4): number[] {
  const reach = high - low;
  if (!(reach > 0)) return [low, low + 1];
  const rough = reach / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

export const place = (at: number, { from, to }: Span): number => (at - from) / (to - from);

/** The buckets have round borders, so that they do not flicker as time goes on. */
export function bucketed(span: Span, most: number): { from: number; step: number; count: number } {
  const rough = (span.to - span.from) / most;
  const step = [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE]
    .concat([15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 180 * MINUTE, 360 * MINUTE, 1440 * MINUTE])
    .find((each) => each >= rough);
  const length = step ?? 1440 * MINUTE;
  const from = Math.floor(span.from / length) * length;
  return { from, step: length, count: Math.ceil((span.to - from) / length) };
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** `1.2 k`, `0.04`: short enough for an axis. */
export function short(value: number): string {
  const [size, unit] = UNITS.find(([each]) => Math.abs(value) >= each) ?? [1, ""];
  const shown = Number((value / size).toPrecision(3));
  return unit ? `${shown} ${unit}` : String(shown);
}
