// When this reader looked last, kept in this browser only: what happened since is told on the overview.
import { live } from "./store";

const KEY = "kronveil.visits";
/** Shorter absences are the same visit. */
const APART_MS = 10 * 60_000;
const EVERY_MS = 60_000;

type Visits = { readonly before: string | null; readonly newest: string | null };

/** Pure: the visits after the reader is seen at `now`. */
export function seenAt({ before, newest }: Visits, now: number): Visits {
  const isNew = newest !== null && now - Date.parse(newest) > APART_MS;
  return { before: isNew ? newest : before, newest: new Date(now).toISOString() };
}

function read(): Visits {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const moment = (value: unknown) =>
      typeof value === "string" && !Number.isNaN(Date.parse(value)) ? value : null;
    return { before: moment(kept.before), newest: moment(kept.newest) };
  } catch {
    return { before: null, newest: null };
  }
}

let visits: Visits | null = null;

/** When the visit before this one ended; null for a first visit. */
export function lastVisit(): string | null {
  visits ??= read();
  const now = live.serverNow() ?? Date.now();
  return seenAt(visits, now).before;
}

/** Notes every minute that the page is looked at; returns what stops it. */
export function keepVisits(): () => void {
  const note = () => {
    if (document.visibilityState === "hidden") return;
    visits = seenAt(visits ?? read(), live.serverNow() ?? Date.now());
    try {
      localStorage.setItem(KEY, JSON.stringify(visits));
    } catch {
      // Without storage each visit is the first.
    }
  };
  note();
  const timer = setInterval(note, EVERY_MS);
  return () => clearInterval(timer);
}
