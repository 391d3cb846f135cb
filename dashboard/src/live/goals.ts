// How old a signal of a cluster may be: the configuration's own `stale_after`, and nothing where it is not known.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchSettings } from "../api/client";
import type { Setting } from "../api/types";

const UNITS_S: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration as a configuration file writes it (`1m30s`); null when it is none. */
export function secondsOf(text: unknown): number | null {
  if (typeof text !== "string" || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    seconds += Number(amount) * (UNITS_S[unit ?? ""] ?? 0);
  }
  return seconds;
}

const PLACE = /^collectors\.kubernetes\.clusters\[(\d+)\]\.(name|stale_after)$/;

/** The goal of each cluster by its name; `""` is that of all others. */
export function goalsOf(settings: readonly Setting[]): ReadonlyMap<string, number> {
  const names = new Map<string, string>();
  const own = new Map<string, number>();
  const goals = new Map<string, number>();
  for (const { key, value } of settings) {
    const [, index = "", leaf] = PLACE.exec(key) ?? [];
    const seconds = secondsOf(value);
    if (key === "collectors.kubernetes.stale_after" && seconds !== null) goals.set("", seconds);
    else if (leaf === "name" && typeof value === "string") names.set(index, value);
    else if (leaf === "stale_after" && seconds !== null) own.set(index, seconds);
  }
  for (const [index, seconds] of own) {
    const name = names.get(index);
    if (name) goals.set(name, seconds);
  }
  return goals;
}

/** Null while the configuration is not known. */
export function useGoals(): (cluster: string) => number | null {
  const { data } = useQuery({ queryKey: ["config"], queryFn: fetchSettings, staleTime: 60_000 });
  return useMemo(() => {
    const goals = goalsOf(data ?? []);
    return (cluster: string) => goals.get(cluster) ?? goals.get("") ?? null;
  }, [data]);
}
