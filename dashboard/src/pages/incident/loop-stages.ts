// The stages of the loop once a runbook was matched: what was tried, what is proposed, signed, done, and proven. Pure.
import type { Execution, IncidentDetail } from "../../api/types";
import { isEnded } from "../../live/runs";
import { givenOf } from "../../parts/run/approvals";
import { leftOf } from "../../parts/run/left";
import { standingOf } from "../../parts/run/words";
import { duration, plural } from "../../time/format";
import { type Stage, stagesOf } from "./stages";

const ATTEMPTS_SHOWN = 3;

const rank = ({ status }: Execution): number =>
  status === "running" || status === "verifying"
    ? 0
    : status === "awaiting_approval"
      ? 1
      : status === "planning"
        ? 2
        : 3;

/**
 * The run that the bar tells of: one that acts, else one that waits, else the newest; a live one before a rehearsal,
 * and one that could not even be planned only where there is no other.
 */
export function currentOf(runs: readonly Execution[]): Execution | null {
  const live = runs.filter(({ mode }) => mode === "live");
  const planned = live.filter((run) => run.plan !== null || !isEnded(run));
  const among = planned.length > 0 ? planned : live.length > 0 ? live : runs;
  return (
    [...among].sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (rank(a) === 1 ? expiryOf(a) - expiryOf(b) : Date.parse(b.requested_at) - Date.parse(a.requested_at)),
    )[0] ?? null
  );
}

const expiryOf = ({ plan }: Execution): number => Date.parse(plan?.expires_at ?? "");

/** Runs that acted and are over, oldest first; the current one is told by the stages after them. */
export const attemptsOf = (runs: readonly Execution[], current: Execution | null): Execution[] =>
  runs
    .filter((run) => run.mode === "live" && isEnded(run) && run.started_at !== null && run.id !== current?.id)
    .sort((a, b) => Date.parse(a.requested_at) - Date.parse(b.requested_at));

export function loopStages(incident: IncidentDetail, runs: readonly Execution[], now: number): Stage[] {
  const [detected, acknowledged, recovered] = stagesOf(incident) as [Stage, Stage, Stage];
  const current = currentOf(runs);
  if (!current) return [detected, acknowledged, recovered];
  const causes = incident.suspects.length;
  const explained: Stage = {
    name: "Explained",
    state: causes > 0 ? "done" : "ahead",
    at: null,
    detail: causes > 0 ? `${plural(causes, "cause")} weighed` : "cause not determined",
  };
  const tried = attemptsOf(runs, current).slice(-ATTEMPTS_SHOWN).map(attempt);
  const over = recovered.state === "done" ? [recovered] : [];
  return [detected, explained, ...tried, proposed(current), ...signed(current, now), ...over];
}

const attempt = (run: Execution): Stage => ({
  name: run.runbook_name,
  state: run.verdict === "effective" ? "done" : "failed",
  at: run.started_at,
  detail: `tried: ${standingOf(run).word.toLowerCase()}`,
  run: run.id,
});

function proposed(run: Execution): Stage {
  const { plan, status } = run;
  const failed = plan === null && isEnded(run);
  return {
    name: run.mode === "rehearse" ? "Rehearsed" : "Proposed",
    state: plan ? "done" : failed ? "failed" : "now",
    at: plan?.made_at ?? null,
    detail: status === "planning" ? `${run.runbook_name}: planning` : run.runbook_name,
    run: run.id,
  };
}

function signed(run: Execution, now: number): Stage[] {
  if (run.mode === "rehearse" || run.plan === null) return [];
  return [approval(run, now), acting(run), verified(run, now)];
}

function approval(run: Execution, now: number): Stage {
  const given = givenOf(run).at(-1);
  const base = { name: "Approval", at: given?.at ?? null, run: run.id };
  if (run.status === "awaiting_approval" && run.plan) {
    const left = leftOf(run.plan, now);
    return { ...base, state: "now", detail: left.isOver ? "expired" : `${duration(left.seconds)} left` };
  }
  if (run.started_at)
    return { ...base, state: "done", detail: given ? `by ${given.by}` : "automatic, by policy" };
  return { ...base, state: "failed", at: run.ended_at, detail: standingOf(run).word.toLowerCase() };
}

function acting(run: Execution): Stage {
  const of = run.plan?.steps.length ?? 0;
  const done = run.steps.filter(({ status }) => status !== "intended").length;
  const base = { name: "Acting", at: run.started_at, run: run.id };
  if (!run.started_at) return { ...base, state: "ahead", detail: plural(of, "step") };
  if (run.status === "running")
    return { ...base, state: "now", detail: `step ${Math.min(done + 1, of)} of ${of}` };
  const isWhole = run.status === "done" || run.status === "verifying";
  return {
    ...base,
    state: isWhole ? "done" : "failed",
    detail: isWhole ? plural(of, "step") : standingOf({ ...run, verdict: null }).word.toLowerCase(),
  };
}

function verified(run: Execution, now: number): Stage {
  const base = { name: "Verified", at: run.verdict ? run.ended_at : null, run: run.id };
  if (run.status === "verifying" && run.settles_at) {
    const left = (Date.parse(run.settles_at) - now) / 1000;
    return { ...base, state: "now", detail: left > 0 ? `${duration(left)} to settle` : "judging" };
  }
  if (!run.verdict) return { ...base, state: "ahead", detail: "not yet" };
  return {
    ...base,
    state: run.verdict === "effective" ? "done" : "failed",
    detail: standingOf({ status: "done", verdict: run.verdict }).word.toLowerCase(),
  };
}
