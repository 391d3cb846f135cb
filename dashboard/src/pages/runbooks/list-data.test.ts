import { describe, expect, it } from "vitest";
import { run, runbook } from "../../testing/run-samples";
import { at, T0 } from "../../testing/samples";
import { averageSuccess, lastDay, matching, percent, typesOf } from "./list-data";

describe("the figures of runbooks", () => {
  it("count rehearsals and plans that never acted apart from runs", () => {
    const runs = [
      run("a", { status: "done", verdict: "effective", started_at: at(1) }),
      run("b", { status: "done", verdict: "ineffective", started_at: at(1) }),
      run("c"),
      run("d", { mode: "rehearse", status: "done", verdict: "rehearsed" }),
      run("old", { requested_at: at(-90_000), started_at: at(-90_000), verdict: "effective" }),
    ];
    expect(lastDay(runs, T0 + 60_000, true)).toEqual({
      acted: 2,
      effective: 1,
      other: 1,
      rehearsed: 1,
      exact: true,
    });
    expect(lastDay(runs.slice(0, 2), T0 + 60_000, true).exact).toBe(false);
  });

  it("average only what has run, and say nothing before", () => {
    expect(averageSuccess([runbook("a"), runbook("b")])).toBeNull();
    const some = [runbook("a"), runbook("b", { success_rate: 1 }), runbook("c", { success_rate: 0.5 })];
    expect(averageSuccess(some)).toEqual({ rate: 0.75, of: 2 });
  });

  it("round no rate to all or to none", () => {
    expect([1, 0.999, 0.82, 0.001, 0].map(percent)).toEqual(["100 %", "> 99 %", "82 %", "< 1 %", "0 %"]);
  });

  it("are narrowed by words, mode and type", () => {
    const all = [
      runbook("oom", { level: "automatic" }),
      runbook("disk", { incident_types: ["node.disk_pressure"] }),
    ];
    const ids = (filter: Partial<Parameters<typeof matching>[1]>) =>
      matching(all, { q: "", auto: "", type: "", ...filter }).map(({ id }) => id);
    expect(ids({})).toEqual(["oom", "disk"]);
    expect(ids({ q: "WHAT disk" })).toEqual(["disk"]);
    expect(ids({ auto: "auto" })).toEqual(["oom"]);
    expect(ids({ type: "node.disk_pressure" })).toEqual(["disk"]);
    expect(typesOf(all)).toEqual(["node.disk_pressure", "pod.oom_killed"]);
  });
});
