// The word and shape that say how far this page can be trusted. Pure: facts of the link in, one state out.

export type Link = {
  /** `connecting` before the first answer of this try, `waiting` between tries, `refused` when told to stay away. */
  readonly phase: "connecting" | "open" | "waiting" | "refused";
  /** Monotonic milliseconds of the last message; null before the first one. */
  readonly lastMessage: number | null;
  /** The agent's own time at the last message: what everything on the page is "as of". */
  readonly asOf: number | null;
  /** Monotonic milliseconds of the next try. */
  readonly retryAt: number | null;
  readonly why: string | null;
  /** The agent asks who is there. */
  readonly signIn: boolean;
};

export type Indicator =
  | { word: "Connecting" | "Live" | "Paused" }
  | { word: "Delayed"; silent_s: number }
  | { word: "Catching up"; replayed: number }
  | { word: "Disconnected"; since: number | null; retry_s: number | null; why: string | null };

export const DELAYED_AFTER_MS = 5_000;
export const LOST_AFTER_MS = 15_000;

export function indicator(link: Link, now: number, paused: boolean, replayed: number | null): Indicator {
  const silent = link.lastMessage === null ? null : now - link.lastMessage;
  const never = link.lastMessage === null;
  if (link.phase === "connecting" && never && link.why === null) return { word: "Connecting" };
  if (link.phase !== "open" || (silent !== null && silent > LOST_AFTER_MS)) {
    const retry = link.retryAt === null ? null : Math.max(0, Math.ceil((link.retryAt - now) / 1000));
    return { word: "Disconnected", since: link.asOf, retry_s: retry, why: link.why };
  }
  if (silent === null) return { word: "Connecting" };
  if (silent > DELAYED_AFTER_MS) return { word: "Delayed", silent_s: Math.floor(silent / 1000) };
  if (paused) return { word: "Paused" };
  return replayed === null ? { word: "Live" } : { word: "Catching up", replayed };
}
