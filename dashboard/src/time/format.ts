// How times, durations and counts are written. Pure: the caller brings the clock and the zone.

/** `43 s`, `4 min 12 s`, `2 h 05 min`, `3 d 4 h`; negative spans count as none. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** The coarse form for narrow cells: `43 s`, `4 min`, `2 h`, `3 d`. */
export function shortDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

/** Seconds from `at` until `now` (epoch milliseconds); null when `at` is missing or not a time. */
export function secondsSince(at: string | null | undefined, now: number): number | null {
  const then = at ? Date.parse(at) : Number.NaN;
  return Number.isNaN(then) ? null : Math.max(0, (now - then) / 1000);
}

/** `+14:29`, `+1:02:03`, `−0:12`: where a moment lies from the start. */
export function offset(at: string, origin: string): string {
  const whole = Math.round((Date.parse(at) - Date.parse(origin)) / 1000);
  if (Number.isNaN(whole)) return "";
  const s = Math.abs(whole);
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  const clock = hours > 0 ? `${hours}:${pad(minutes)}` : `${minutes}`;
  return `${whole < 0 ? "−" : "+"}${clock}:${pad(s % 60)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
    formats.set(key, found);
  }
  return found;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

/** `02:03:41` in the zone. */
export const clock = (ms: number, zone: string): string => format(zone, CLOCK).format(ms);

/** `02:03` in the zone. */
export const hourMinute = (ms: number, zone: string): string =>
  format(zone, { hour: "2-digit", minute: "2-digit" }).format(ms);

const day = (ms: number, zone: string): string =>
  format(zone, { day: "numeric", month: "short", year: "numeric" }).format(ms);

/** `UTC`, `CET`, `GMT+5:30`. */
export function zoneName(ms: number, zone: string): string {
  const part = format(zone, { timeZoneName: "short" })
    .formatToParts(ms)
    .find((p) => p.type === "timeZoneName");
  return part?.value ?? zone;
}

/** `02:03:41 UTC`, with the date in front when it is not the reader's today. */
export function absolute(ms: number, zone: string, now: number): string {
  const today = day(ms, zone) === day(now, zone);
  return `${today ? "" : `${day(ms, zone)} `}${clock(ms, zone)} ${zoneName(ms, zone)}`;
}

/** `12,481`; `≥ 12,481` when some members are not in it; `?` when nobody knows. */
export function count(value: number | null | undefined, complete = true): string {
  if (value === null || value === undefined) return "?";
  return `${complete ? "" : "≥ "}${value.toLocaleString("en-US")}`;
}

/** `1 cluster`, `2 clusters`. */
export const plural = (n: number, noun: string): string =>
  `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;

const pad = (n: number): string => String(n).padStart(2, "0");
