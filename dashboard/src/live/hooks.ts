// What pages ask of the live store: the time, the trust, and the lists in their order.
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Cluster, Incident } from "../api/types";
import { type Indicator, indicator } from "./indicator";
import { live, useLive } from "./store";

const tickers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let tick = 0;

function onTick(listener: () => void): () => void {
  tickers.add(listener);
  timer ??= setInterval(() => {
    tick += 1;
    for (const each of tickers) each();
  }, 1000);
  return () => {
    tickers.delete(listener);
    if (tickers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Draws again every second. */
export const useTick = (): number => useSyncExternalStore(onTick, () => tick);

/** The link's state in one word, renewed each second. */
export function useIndicator(): Indicator {
  useTick();
  const link = useLive((view) => view.link);
  const paused = useLive((view) => view.paused);
  const replayed = useLive((view) => view.world.replayed);
  return indicator(link, live.monotonicNow(), paused, replayed);
}

export type Trust = {
  /** The page's data has stopped: drain it and say as of when. */
  readonly disconnected: boolean;
  /** Server time of the newest thing shown; null before anything was. */
  readonly asOf: number | null;
  /** Why writing is off; null when it is on. */
  readonly writesOff: string | null;
};

export function useTrust(): Trust {
  const state = useIndicator();
  const asOf = useLive((view) => view.link.asOf);
  if (state.word === "Disconnected") {
    return { disconnected: true, asOf, writesOff: "Writes are off until the agent answers" };
  }
  const writesOff = state.word === "Connecting" ? "Writes are off until the agent answers" : null;
  return { disconnected: false, asOf, writesOff };
}

/** The server's time that ages count to: it stands still when the data does. */
export function useNow(): number {
  useTick();
  const { disconnected, asOf } = useTrust();
  const paused = useLive((view) => view.paused);
  if (disconnected && asOf !== null) return asOf;
  if (paused) return live.pausedAsOf() ?? Date.now();
  return live.serverNow() ?? Date.now();
}

/** The running clock, also when the data stands still. */
export function useWallClock(): number {
  useTick();
  return live.serverNow() ?? Date.now();
}

const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;
export const severityRank = (severity: string): number => {
  const rank = SEVERITIES.indexOf(severity as (typeof SEVERITIES)[number]);
  return rank < 0 ? SEVERITIES.length : rank;
};

export const isActive = (incident: Pick<Incident, "status">): boolean =>
  incident.status !== "resolved" && incident.status !== "closed";

const worstFirst = (a: Incident, b: Incident): number =>
  severityRank(a.severity) - severityRank(b.severity) ||
  Date.parse(a.opened_at) - Date.parse(b.opened_at) ||
  a.id.localeCompare(b.id);

/** Open, acknowledged and mitigated incidents, worst and then oldest first. */
export function useActiveIncidents(): readonly Incident[] {
  const incidents = useLive((view) => view.world.incidents);
  return useMemo(() => [...incidents.values()].filter(isActive).sort(worstFirst), [incidents]);
}

const STATES: readonly string[] = ["unreachable", "unknown", "stale", "partial", "live"];

/** Every expected cluster, the ones in trouble first, then by name. */
export function useClusters(): readonly Cluster[] {
  const clusters = useLive((view) => view.world.clusters);
  return useMemo(
    () =>
      [...clusters.values()].sort(
        (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.name.localeCompare(b.name),
      ),
    [clusters],
  );
}

/** True after `ms`: skeletons wait, so that a quick answer does not flash one. */
export function useLater(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timeout = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timeout);
  }, [ms]);
  return late;
}
