// What the runbook list counts and how it is narrowed. Pure.
import type { Execution, Runbook } from "../../api/types";

const DAY_MS = 86_400_000;

export type DayCount = { acted: number; effective: number; other: number; rehearsed: number; exact: boolean };

/** Runs of the last 24 hours; rehearsals are counted apart. Not exact when the list ends within them. */
export function lastDay(runs: readonly Execution[], now: number, more: boolean): DayCount {
  const recent = runs.filter(({ requested_at }) => Date.parse(requested_at) > now - DAY_MS);
  const acted = recent.filter(({ mode, started_at }) => mode === "live" && started_at !== null);
  const effective = acted.filter(({ verdict }) => verdict === "effective").length;
  return {
    acted: acted.length,
    effective,
    other: acted.filter(({ verdict }) => verdict !== null && verdict !== "effective").length,
    rehearsed: recent.filter(({ mode }) => mode === "rehearse").length,
    exact: !(more && recent.length === runs.length),
  };
}

/** The mean over the runbooks that have a rate, and how many those are; null before the first run. */
export function averageSuccess(runbooks: readonly Runbook[]): { rate: number; of: number } | null {
  const rates = runbooks.flatMap(({ success_rate }) => (success_rate === null ? [] : [success_rate]));
  if (rates.length === 0) return null;
  return { rate: rates.reduce((sum, rate) => sum + rate, 0) / rates.length, of: rates.length };
}

/** `91 %`; a rate is never rounded up to all or down to none. */
export function percent(rate: number): string {
  const whole = Math.round(rate * 100);
  if (whole === 100 && rate < 1) return "> 99 %";
  if (whole === 0 && rate > 0) return "< 1 %";
  return `${whole} %`;
}

export type Filter = { q: string; auto: string; type: string };

export const readFilter = (search: URLSearchParams): Filter => ({
  q: search.get("q") ?? "",
  auto: search.get("auto") ?? "",
  type: search.get("type") ?? "",
});

export function matching(runbooks: readonly Runbook[], { q, auto, type }: Filter): Runbook[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return runbooks.filter((runbook) => {
    const text = `${runbook.name} ${runbook.id} ${runbook.description}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (auto === "" || (runbook.level === "automatic") === (auto === "auto")) &&
      (type === "" || runbook.incident_types.includes(type))
    );
  });
}

export const typesOf = (runbooks: readonly Runbook[]): string[] =>
  [...new Set(runbooks.flatMap(({ incident_types }) => incident_types))].sort();
