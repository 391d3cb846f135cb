// Runs as far as this page knows them: lists of REST, and over them what the stream said since.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { fetchExecution, fetchExecutions, fetchRunbooks, type RunQuery } from "../api/runs";
import type { Execution } from "../api/types";
import { useRenewed } from "../parts/renewed";
import { useLive } from "./store";

const ENDED: readonly Execution["status"][] = ["done", "rejected", "expired", "cancelled", "failed"];

export const isEnded = ({ status }: Pick<Execution, "status">): boolean => ENDED.includes(status);

const newestRequested = (a: Execution, b: Execution): number =>
  Date.parse(b.requested_at) - Date.parse(a.requested_at) || b.id.localeCompare(a.id);

/** Pure: what was listed and what was heard, each run once and as it is last; newest first. */
export function together(
  listed: readonly Execution[],
  heard: Iterable<Execution>,
  { incident_id, runbook_id }: RunQuery = {},
): Execution[] {
  const all = new Map(listed.map((run) => [run.id, run]));
  for (const run of heard) {
    if (incident_id && run.incident_id !== incident_id) continue;
    if (runbook_id && run.runbook_id !== runbook_id) continue;
    const held = all.get(run.id);
    if (!held || held.version <= run.version) all.set(run.id, run);
  }
  return [...all.values()].sort(newestRequested);
}

/** The newest runs of all, of an incident or of a runbook; `known` once a list has come. */
export function useRuns(query: RunQuery = {}) {
  const heard = useLive((view) => view.world.runs);
  const snapshots = useLive((view) => view.world.snapshots);
  const { incident_id = "", runbook_id = "" } = query;
  const { data, error, refetch } = useQuery({
    // A snapshot brings no runs: after one they are asked for again.
    queryKey: ["executions", incident_id, runbook_id, snapshots],
    queryFn: () => fetchExecutions(query),
    // The same list before the newest snapshot stays meanwhile; another list is no stand-in.
    placeholderData: (before, asking) =>
      asking?.queryKey[1] === incident_id && asking.queryKey[2] === runbook_id ? before : undefined,
  });
  const runs = useMemo(
    () =>
      together(data?.items ?? [], heard.values(), {
        ...(incident_id ? { incident_id } : {}),
        ...(runbook_id ? { runbook_id } : {}),
      }),
    [data, heard, incident_id, runbook_id],
  );
  return {
    runs,
    known: data !== undefined,
    more: data?.next_cursor != null,
    error: data === undefined ? error : null,
    retry: () => void refetch(),
  };
}

/** Plans that wait for a signature, the one that expires first in front. */
export const waitingFirst = (runs: readonly Execution[]): Execution[] =>
  runs
    .filter(({ status, plan }) => status === "awaiting_approval" && plan !== null)
    .sort((a, b) => Date.parse(a.plan?.expires_at ?? "") - Date.parse(b.plan?.expires_at ?? ""));

export function useWaiting(): readonly Execution[] {
  const { runs } = useRuns();
  return useMemo(() => waitingFirst(runs), [runs]);
}

/** One run, as the newest of its answers and its frames has it. */
export function useRun(id: string) {
  const heard = useLive((view) => view.world.runs.get(id));
  const snapshots = useLive((view) => view.world.snapshots);
  const { data, error, refetch } = useQuery({
    queryKey: ["execution", id, snapshots],
    queryFn: () => fetchExecution(id),
    placeholderData: keepPreviousData,
  });
  const asked = data?.id === id ? data : undefined;
  const isNews = heard !== undefined && (!asked || heard.version > asked.version);
  const version = isNews && asked ? heard.version : null;
  // The stream tells all readers the same: whether this one may sign is told to who asks.
  useEffect(() => {
    if (version === null) return;
    const soon = setTimeout(() => void refetch(), 300);
    return () => clearTimeout(soon);
  }, [version, refetch]);
  const run = isNews ? heard : asked;
  return { run, error: run ? null : error, retry: () => void refetch() };
}

/** The runbooks with their records, asked for again whenever a run moves. */
export function useRunbooks(enabled = true) {
  const asked = useQuery({ queryKey: ["runbooks"], queryFn: fetchRunbooks, enabled });
  useRenewed(
    useLive((view) => view.world.runs),
    asked.refetch,
    enabled,
  );
  return asked;
}
