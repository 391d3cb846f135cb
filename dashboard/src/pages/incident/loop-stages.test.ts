import { describe, expect, it } from "vitest";
import { given, plan, record, run, signed, stepPlan } from "../../testing/run-samples";
import { at, detail, T0 } from "../../testing/samples";
import { currentOf, loopStages } from "./loop-stages";

const bar = (runs: Parameters<typeof loopStages>[1], incident = detail("a")) =>
  loopStages(incident, runs, T0 + 60_000).map(({ name, state, detail: more }) => [name, state, more]);

const acted = { started_at: at(10), ended_at: at(40), approvals: signed(given("mara")) };

describe("the loop bar of an incident with runs", () => {
  it("is the old one where nothing was matched", () => {
    expect(bar([]).map(([name]) => name)).toEqual(["Detected", "Acknowledged", "Recovered"]);
  });

  it("waits at the approval, with the time that is left", () => {
    expect(bar([run("a")]).slice(2)).toEqual([
      ["Proposed", "done", "Pod OOM"],
      ["Approval", "now", "29 min 00 s left"],
      ["Acting", "ahead", "1 step"],
      ["Verified", "ahead", "not yet"],
    ]);
  });

  it("keeps a try that did not help in sight beside what is proposed next", () => {
    const tried = run("a", { ...acted, status: "done", verdict: "ineffective" });
    const next = run("b", { runbook_name: "Roll back release", requested_at: at(50) });
    const stages = bar([next, tried]);
    expect(stages[2]).toEqual(["Pod OOM", "failed", "tried: ineffective"]);
    expect(stages[3]).toEqual(["Proposed", "done", "Roll back release"]);
  });

  it("tells of what helped, not of what could not even be planned after it", () => {
    const helped = run("a", { ...acted, status: "done", verdict: "effective" });
    const unplanned = run("b", { status: "failed", plan: null, requested_at: at(20), ended_at: at(21) });
    expect(bar([unplanned, helped]).at(-1)).toEqual(["Verified", "done", "effective"]);
    expect(bar([unplanned]).at(-1)).toEqual(["Proposed", "failed", "Pod OOM"]);
  });

  it("names who signed, the step it is at, and the verdict", () => {
    const steps = [stepPlan("raise"), stepPlan("tell")];
    const running = run("a", {
      status: "running",
      started_at: at(10),
      approvals: signed(given("mara")),
      plan: plan(steps),
      steps: [record(0), record(1, { status: "intended", ended_at: null })],
    });
    expect(bar([running]).slice(3)).toEqual([
      ["Approval", "done", "by mara"],
      ["Acting", "now", "step 2 of 2"],
      ["Verified", "ahead", "not yet"],
    ]);
    const proven = run("a", { ...acted, status: "done", verdict: "effective" });
    expect(bar([proven]).at(-1)).toEqual(["Verified", "done", "effective"]);
  });

  it("does not call an automatic run approved by somebody, nor a stopped one whole", () => {
    const stopped = run("a", {
      status: "cancelled",
      automatic: true,
      started_at: at(10),
      verdict: "unknown",
    });
    expect(bar([stopped]).slice(3)).toEqual([
      ["Approval", "done", "automatic, by policy"],
      ["Acting", "failed", "stopped"],
      ["Verified", "failed", "nobody knows whether it helped"],
    ]);
  });

  it("shows a rehearsal as that and no more", () => {
    const rehearsed = run("a", { mode: "rehearse", status: "done", verdict: "rehearsed" });
    expect(bar([rehearsed]).map(([name]) => name)).toEqual(["Detected", "Explained", "Rehearsed"]);
  });

  it("tells of what acts before what waits, and of what expires first among those", () => {
    const soon = run("soon", { plan: plan([], { expires_at: at(90) }) });
    expect(currentOf([run("later"), soon])?.id).toBe("soon");
    expect(currentOf([soon, run("acts", { status: "verifying", started_at: at(1) })])?.id).toBe("acts");
    expect(currentOf([])).toBeNull();
  });
});
