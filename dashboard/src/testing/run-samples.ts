// Made-up but complete runs and runbooks, for tests only.
import type { Execution, Plan, Runbook, StepPlan, StepRecord } from "../api/types";
import { at } from "./samples";

export const stepPlan = (name: string, changes: Partial<StepPlan> = {}): StepPlan => ({
  name,
  action: "set_resources",
  effect: "mutate",
  target: {
    cluster: "alpha",
    resource: { kind: "Deployment", namespace: "shop", name: "cart", uid: "uid-cart" },
    version: "7",
  },
  summary: `${name} of cart`,
  diff: [{ path: "spec.replicas", before: "2", after: "3" }],
  checks: [{ name: "dry run", result: "passed", detail: "it would be accepted" }],
  blast_radius: ["2 pods are replaced"],
  undo: "set back what it changes",
  parameters: {},
  findings: {},
  together: null,
  question: "",
  left_out: "",
  timeout_s: null,
  ...changes,
});

export const plan = (steps: StepPlan[] = [stepPlan("raise")], changes: Partial<Plan> = {}): Plan => ({
  hash: "7f3a9c21e04b55d8aaaaaaaaaaaaaaaa",
  made_at: at(0),
  expires_at: at(1800),
  steps,
  checks: [],
  undo: "",
  voids_if: ["the target changes before it starts"],
  ...changes,
});

export const run = (id: string, changes: Partial<Execution> = {}): Execution => ({
  id,
  runbook_id: "pod-oom",
  runbook_name: "Pod OOM",
  incident_id: "inc_a",
  mode: "live",
  status: "awaiting_approval",
  verdict: null,
  verdict_reason: "",
  problem: "",
  requested_by: "kronveil",
  automatic: false,
  requested_at: at(0),
  updated_at: at(0),
  started_at: null,
  settles_at: null,
  ended_at: null,
  plan: plan(),
  parameters: {},
  edited_by: "",
  approvals: signed(),
  question: null,
  needs_person: "",
  steps: [],
  timeline: [],
  version: 1,
  ...changes,
});

export const record = (index: number, changes: Partial<StepRecord> = {}): StepRecord => ({
  index,
  name: `step ${index}`,
  status: "done",
  began_at: at(10),
  ended_at: at(11),
  message: "",
  tries: 1,
  has_changed: true,
  retry_at: null,
  findings: {},
  ...changes,
});

type Approvals = Execution["approvals"];

export const given = (by: string, reason = "it is right", seconds = 60): Approvals["given"][number] => ({
  by,
  at: at(seconds),
  plan_hash: plan().hash,
  reason,
  note: "",
});

export const signed = (...by: Approvals["given"]): Approvals => ({
  needed: 1,
  given: by,
  may_approve: null,
  why_not: "",
});

export const written = (
  name: string,
  changes: Partial<Runbook["steps"][number]> = {},
): Runbook["steps"][number] => ({
  name,
  action: "set_resources",
  effect: "mutate",
  question: "",
  condition: "",
  for_each: "",
  runbook: "",
  together: [],
  ...changes,
});

export const runbook = (id: string, changes: Partial<Runbook> = {}): Runbook => ({
  id,
  name: id,
  description: `What ${id} does`,
  auto_execute: false,
  incident_types: ["pod.oom_killed"],
  step_count: 1,
  steps: [written("raise")],
  inputs: [],
  approvals: 1,
  settle_s: null,
  undo_on_failure: false,
  text: "",
  source: "bundled",
  last_run: null,
  success_rate: null,
  effective: 0,
  verdicts: 0,
  recent: [],
  waiting: [],
  level: "approve",
  standing: {
    level: "approve",
    since: at(0),
    by: "kronveil",
    why: "it began so",
    effective_in_a_row: 0,
    record: [],
  },
  ...changes,
});
