import { describe, expect, it } from "vitest";
import { plan, record, run, stepPlan } from "../../testing/run-samples";
import { at, T0 } from "../../testing/samples";
import { leftOf } from "./left";
import {
  checksOf,
  diffLines,
  effectOf,
  effectWords,
  namesToType,
  spoken,
  standingOf,
  stepState,
  tally,
} from "./words";

const read = stepPlan("tell", { effect: "read", target: null, diff: [], checks: [] });
const destroy = stepPlan("delete", { effect: "destroy" });

describe("a run in words", () => {
  it.each([
    [{ status: "awaiting_approval", verdict: null }, "Waiting for approval"],
    [{ status: "done", verdict: "effective" }, "Effective"],
    [{ status: "done", verdict: "rehearsed" }, "Rehearsed, nothing was changed"],
    [{ status: "done", verdict: null }, "Done, nothing was changed"],
    [{ status: "cancelled", verdict: "unknown" }, "Stopped"],
  ] as const)("%j is %s", (given, word) => {
    expect(standingOf(given).word).toBe(word);
  });

  it("never draws as well what is not proven to be", () => {
    const proven = (["effective", "ineffective", "harmful", "unknown", "rehearsed"] as const).filter(
      (verdict) => standingOf({ status: "done", verdict }).tone === "ok",
    );
    expect(proven).toEqual(["effective"]);
  });

  it("says of a step that was begun in a run that is over that nobody knows", () => {
    const stopped = run("a", {
      status: "cancelled",
      steps: [record(0, { status: "intended", ended_at: null })],
    });
    expect([stepState(stopped, 0, true).word, stepState(stopped, 0, false).word]).toEqual([
      "may have acted",
      "begun",
    ]);
    expect([stepState(stopped, 1, true).word, stepState(stopped, 1, false).word]).toEqual([
      "not begun",
      "to come",
    ]);
  });
});

describe("a plan in words", () => {
  it("counts writes and their clusters, and not what only reads", () => {
    const steps = [stepPlan("raise"), read, destroy];
    expect([0, 1, 2].map((index) => effectWords(steps, index))).toEqual([
      "write 1 of 2",
      "read only",
      "destroys 2 of 2",
    ]);
    expect(effectOf(plan(steps))).toBe("2 writes, 1 cluster");
    expect(effectOf(plan([read]))).toBe("reads only, changes nothing");
  });

  it("asks for the name of everything that it destroys, each once", () => {
    expect(namesToType(plan([stepPlan("raise"), destroy, destroy]))).toEqual(["cart"]);
    expect(namesToType(plan([stepPlan("raise"), read]))).toEqual([]);
  });

  it("gathers fields under what holds them, and shows values as they came", () => {
    const lines = diffLines([
      { path: "spec.containers[cart].image", before: '"cart:1"', after: '"cart:2"' },
      { path: "spec.containers[cart].env", before: null, after: '{"A":"1"}' },
      { path: "replicas", before: "2", after: null },
    ]);
    expect(lines.map(({ sign, text }) => `${sign}${text}`)).toEqual([
      " spec.containers[cart]",
      '-image: "cart:1"',
      '+image: "cart:2"',
      '+env: {"A":"1"}',
      " ",
      "-replicas: 2",
    ]);
  });

  it("tells one answer to one question once, and counts answers it does not know as unknown", () => {
    const odd = { name: "weather", result: "sunny", detail: "outside" };
    const checks = checksOf(
      plan([stepPlan("raise"), stepPlan("lower", { checks: [odd] }), stepPlan("raise")]),
    );
    expect(checks.map(({ name, steps }) => [name, steps])).toEqual([
      ["dry run", [0, 2]],
      ["weather", [1]],
    ]);
    expect(tally(checks).map(({ word, n }) => [word, n])).toEqual([
      ["passed", 1],
      ["unknown", 1],
    ]);
  });

  it("is told by as much of its hash as two people can compare aloud", () => {
    expect(spoken(plan().hash)).toBe("7f3a 9c21 e04b 55d8");
  });

  it("has less and less time, and then none", () => {
    expect(leftOf(plan(), T0 + 900_000)).toEqual({ seconds: 900, share: 0.5, isOver: false });
    expect(leftOf(plan(), T0 + 1_800_000)).toMatchObject({ seconds: 0, isOver: true });
    expect(leftOf(plan([], { expires_at: "soon" }), T0).isOver).toBe(true);
    expect(leftOf(plan([], { expires_at: at(0) }), T0).isOver).toBe(true);
  });
});
