// How a run, its steps and its verdict are said. Pure: nothing here is known that the agent did not say.
import type { Check, Execution, FieldDiff, Plan, StepPlan, StepRecord } from "../../api/types";
import { plural } from "../../time/format";
import type { Tone } from "../shape";

export type Said = { word: string; tone: Tone };

const VERDICTS: Record<NonNullable<Execution["verdict"]>, Said> = {
  effective: { word: "Effective", tone: "ok" },
  ineffective: { word: "Ineffective", tone: "cross" },
  harmful: { word: "Harmful", tone: "critical" },
  unknown: { word: "Nobody knows whether it helped", tone: "unknown" },
  rehearsed: { word: "Rehearsed, nothing was changed", tone: "info" },
};

const STATUSES: Partial<Record<Execution["status"], Said>> = {
  planning: { word: "Planning", tone: "partial" },
  awaiting_approval: { word: "Waiting for approval", tone: "wait" },
  running: { word: "Running", tone: "partial" },
  verifying: { word: "Verifying", tone: "partial" },
  rejected: { word: "Rejected", tone: "off" },
  expired: { word: "Expired", tone: "off" },
  cancelled: { word: "Stopped", tone: "off" },
  failed: { word: "Failed", tone: "cross" },
};

/** Where it stands; a run that is over by its verdict, since "done" says nothing of whether it helped. */
export function standingOf({ status, verdict }: Pick<Execution, "status" | "verdict">): Said {
  const said = STATUSES[status];
  if (status !== "done") return said ?? { word: status, tone: "unknown" };
  return verdict ? VERDICTS[verdict] : { word: "Done, nothing was changed", tone: "info" };
}

export const verdictOf = (verdict: Execution["verdict"]): Said | null =>
  verdict === null ? null : VERDICTS[verdict];

/** Who began it: a person, or the agent by itself. */
export const askedBy = ({
  requested_by,
  automatic,
}: Pick<Execution, "requested_by" | "automatic">): string =>
  automatic ? "automatic, by policy" : requested_by === "kronveil" ? "proposed by Kronveil" : requested_by;

/** What is left out writes nothing, whatever its action could. */
export const isWrite = ({ effect, left_out }: Pick<StepPlan, "effect" | "left_out">): boolean =>
  effect !== "read" && !left_out;

/** JSON text as people read it: a text without its quotation marks. */
export function plain(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : JSON.stringify(value);
  } catch {
    return json;
  }
}

export const EFFECTS: Record<StepPlan["effect"], string> = {
  read: "read only",
  mutate: "write",
  destroy: "destroys",
};

/** `write 1 of 2`; what reads only is not counted. */
export function effectWords(steps: readonly StepPlan[], index: number): string {
  const step = steps[index];
  if (!step) return "";
  const writes = steps.filter(isWrite);
  return isWrite(step) && writes.length > 1
    ? `${EFFECTS[step.effect]} ${writes.indexOf(step) + 1} of ${writes.length}`
    : EFFECTS[step.effect];
}

/** `payments / checkout-api`, or null for a step that acts on nothing. */
export const targetName = ({ target }: Pick<StepPlan, "target">): string | null => {
  if (!target) return null;
  const { namespace, name } = target.resource;
  return namespace ? `${namespace} / ${name}` : name;
};

/** The names that must be typed before this plan may be signed: of everything that it destroys. */
export const namesToType = (plan: Pick<Plan, "steps">): string[] => [
  ...new Set(
    plan.steps
      .filter(({ effect }) => effect === "destroy")
      .map(({ target, name }) => target?.resource.name ?? name),
  ),
];

/** `2 writes, 1 cluster` */
export function effectOf({ steps }: Pick<Plan, "steps">): string {
  const writes = steps.filter(isWrite);
  const clusters = new Set(writes.flatMap(({ target }) => target?.cluster ?? []));
  if (writes.length === 0) return "reads only, changes nothing";
  return `${plural(writes.length, "write")}, ${plural(clusters.size, "cluster")}`;
}

export type StepState = Said & { record: StepRecord | null };

const RECORDS: Record<StepRecord["status"], Said> = {
  intended: { word: "begun", tone: "partial" },
  waiting: { word: "waits for an answer", tone: "wait" },
  done: { word: "done", tone: "ok" },
  failed: { word: "failed", tone: "cross" },
  skipped: { word: "left out", tone: "info" },
  undoing: { word: "being undone", tone: "partial" },
  undone: { word: "undone", tone: "off" },
  not_undone: { word: "done, and could not be undone", tone: "critical" },
};

/** Written before the act: in a run that is over nobody knows whether it was done. */
const HALFWAY: readonly StepRecord["status"][] = ["intended", "undoing"];

/** What became of a step. One that was begun in a run that is over may have acted: nobody knows. */
export function stepState(run: Pick<Execution, "steps" | "plan">, index: number, ended: boolean): StepState {
  const record = run.steps.find((each) => each.index === index) ?? null;
  if (!record) {
    if (run.plan?.steps[index]?.left_out) return { word: "left out", tone: "info", record };
    return { word: ended ? "not begun" : "to come", tone: "todo", record };
  }
  if (HALFWAY.includes(record.status) && ended) return { word: "may have acted", tone: "unknown", record };
  return { ...(RECORDS[record.status] ?? { word: record.status, tone: "unknown" }), record };
}

const RESULTS: Record<string, Said> = {
  passed: { word: "passed", tone: "ok" },
  warned: { word: "to know", tone: "high" },
  failed: { word: "failed", tone: "cross" },
};

export const checkSaid = ({ result }: Pick<Check, "result">): Said =>
  RESULTS[result] ?? { word: "unknown", tone: "unknown" };

/** Counts of each word, in this order; words that count none are left out. */
export function tally(checks: readonly Check[]): (Said & { n: number })[] {
  const order: readonly Said[] = [...Object.values(RESULTS), { word: "unknown", tone: "unknown" }];
  return order
    .map((said) => ({ ...said, n: checks.filter((check) => checkSaid(check).word === said.word).length }))
    .filter(({ n }) => n > 0);
}

/** The same question answered alike for several steps is one check. */
export function checksOf({ steps }: Pick<Plan, "steps">): (Check & { steps: number[] })[] {
  const found = new Map<string, Check & { steps: number[] }>();
  steps.forEach((step, index) => {
    for (const check of step.checks) {
      const key = JSON.stringify([check.name, check.result, check.detail]);
      const same = found.get(key);
      if (same) same.steps.push(index);
      else found.set(key, { ...check, steps: [index] });
    }
  });
  return [...found.values()];
}

export type DiffLine = { sign: " " | "+" | "-"; text: string };

/** Fields gathered under what holds them, as a person reads a diff. Values are JSON text, shown as they came. */
export function diffLines(diff: readonly FieldDiff[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let under = "";
  for (const { path, before, after } of diff) {
    const cut = path.lastIndexOf(".");
    const holder = path.slice(0, Math.max(0, cut));
    const leaf = path.slice(cut + 1);
    if (holder !== under) lines.push({ sign: " ", text: holder });
    under = holder;
    if (before !== null) lines.push({ sign: "-", text: `${leaf}: ${before}` });
    if (after !== null) lines.push({ sign: "+", text: `${leaf}: ${after}` });
  }
  return lines;
}

/** `7f3a 9c21 e04b 55d8`: as much of a hash as two people can compare aloud. */
export const spoken = (hash: string): string => (hash.slice(0, 16).match(/.{1,4}/g) ?? []).join(" ");
