// The page's time and trust, worked out once a second and once a paint for everybody who shows an age or an "as of".
import { useSyncExternalStore } from "react";
import { type Indicator, indicator } from "./indicator";
import { live } from "./store";

export type Trust = {
  /** The page's data has stopped: drain it and say as of when. */
  readonly disconnected: boolean;
  /** Server time of the newest thing shown, while it stands still; null otherwise, or when nothing ever came. */
  readonly asOf: number | null;
  /** Why writing is off; null when it is on. */
  readonly writesOff: string | null;
};

type Pulse = {
  readonly indicator: Indicator;
  readonly trust: Trust;
  /** What ages count to: the server's time, standing still when the data does. */
  readonly now: number;
  /** The server's running clock. */
  readonly clock: number;
  readonly tick: number;
};

const WRITES_OFF = "Writes are off until the agent answers";
/** Between ticks the time moves only when it was wrong, as before the first word of the agent. */
const WRONG_BY_MS = 1_500;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The next pulse; what did not change keeps its identity, so that nobody draws again for it. */
function beat(before: Pulse | null, ticked: boolean): Pulse {
  const { link, paused, world } = live.view();
  const state = indicator(link, live.monotonicNow(), paused, world.replayed);
  const disconnected = state.word === "Disconnected";
  const trust: Trust = {
    disconnected,
    asOf: disconnected ? link.asOf : null,
    writesOff: disconnected || state.word === "Connecting" ? WRITES_OFF : null,
  };
  const clock = live.serverNow() ?? Date.now();
  const now = trust.asOf ?? (paused ? (live.pausedAsOf() ?? clock) : clock);
  const keeps = (held: number, fresh: number) => !ticked && Math.abs(held - fresh) < WRONG_BY_MS;
  if (!before) return { indicator: state, trust, now, clock, tick: 0 };
  return {
    indicator: same(before.indicator, state) ? before.indicator : state,
    trust: same(before.trust, trust) ? before.trust : trust,
    now: keeps(before.now, now) ? before.now : now,
    clock: keeps(before.clock, clock) ? before.clock : clock,
    tick: before.tick + (ticked ? 1 : 0),
  };
}

let pulse: Pulse | null = null;
const listeners = new Set<() => void>();
let stop: (() => void) | null = null;

function renew(ticked: boolean): void {
  pulse = beat(pulse, ticked);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!stop) {
    const timer = setInterval(() => renew(true), 1000);
    const leave = live.subscribe(() => renew(false));
    stop = () => {
      clearInterval(timer);
      leave();
    };
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    stop?.();
    stop = null;
  };
}

function current(): Pulse {
  pulse ??= beat(null, true);
  return pulse;
}

/** The link's state in one word. */
export const useIndicator = (): Indicator => useSyncExternalStore(subscribe, () => current().indicator);
export const useTrust = (): Trust => useSyncExternalStore(subscribe, () => current().trust);
/** The server's time that ages count to. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => current().now);
/** The running clock, also when the data stands still. */
export const useWallClock = (): number => useSyncExternalStore(subscribe, () => current().clock);
/** Draws again every second. */
export const useTick = (): number => useSyncExternalStore(subscribe, () => current().tick);
