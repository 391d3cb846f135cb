import { describe, expect, it } from "vitest";
import type { Series } from "../../api/types";
import { at, T0 } from "../../testing/samples";
import { inUnit, nearest, scaleOf, segments, ticksOf, unmeasured } from "./line-data";
import { lettered } from "./marks";

const MI = 2 ** 20;

const series = (seconds: readonly number[], changes: Partial<Series> = {}): Series => ({
  id: "one",
  signal: "pod.memory.working_set",
  unit: "bytes",
  cluster_name: "alpha",
  resource: { kind: "Pod", namespace: "shop", name: "cart", uid: null },
  labels: {},
  resolution_s: 10,
  points: seconds.map((second) => ({ at: at(second), value: 100 * MI, min: 90 * MI, max: 110 * MI })),
  gaps: [],
  last: null,
  age_s: null,
  request: null,
  limit: null,
  expected: null,
  anomalies: [],
  ...changes,
});

const runs = (of: Series) => segments(of).map((run) => run.map((point) => (point.at - T0) / 1000));

describe("a line of measured values", () => {
  it("is broken at each gap the agent names, and where steps are missing", () => {
    expect(runs(series([0, 10, 20]))).toEqual([[0, 10, 20]]);
    expect(runs(series([0, 10, 50, 60]))).toEqual([
      [0, 10],
      [50, 60],
    ]);
    expect(runs(series([0, 10, 20], { gaps: [{ since: at(10), until: at(20) }] }))).toEqual([[0, 10], [20]]);
  });

  it("leaves hatched what no series measured, before, between and after", () => {
    const span = { from: T0, to: T0 + 200_000 };
    const found = unmeasured([series([30, 40]), series([100, 110])], span);
    expect(found.map(({ from, to }) => [(from - T0) / 1000, (to - T0) / 1000])).toEqual([
      [0, 30],
      [65, 100],
      [135, 200],
    ]);
    expect(unmeasured([], span)).toHaveLength(1);
  });

  it("reads nothing out where nothing was measured", () => {
    expect(nearest(series([0, 10]), T0 + 12_000)?.at).toBe(T0 + 10_000);
    expect(nearest(series([0, 10]), T0 + 60_000)).toBeNull();
  });
});

describe("the scale of a plot", () => {
  it("holds the limit that all agree on, and tells one that is far above in words", () => {
    expect(scaleOf([series([0], { limit: 256 * MI }), series([0], { limit: 256 * MI })])).toMatchObject({
      highest: 256 * MI,
      limit: 256 * MI,
      limitAbove: null,
    });
    expect(scaleOf([series([0], { limit: 4096 * MI })])).toMatchObject({
      highest: 110 * MI,
      limit: null,
      limitAbove: 4096 * MI,
    });
    expect(scaleOf([series([0], { limit: 256 * MI }), series([0])]).limit).toBeNull();
  });

  it("holds what is usual, unless that is far above every value or too much to draw", () => {
    const usual = (high: number) => series([0], { expected: [{ at: at(0), low: 0, high: high * MI }] });
    expect(scaleOf([usual(120)]).highest).toBe(120 * MI);
    expect(scaleOf([usual(900)]).highest).toBe(165 * MI);
    expect(scaleOf([usual(120), usual(120), usual(120)]).highest).toBe(110 * MI);
  });

  it("is in the unit's own steps and words", () => {
    expect(ticksOf(256 * MI, "bytes").map((tick) => inUnit(tick, "bytes"))).toEqual([
      "0 B",
      "100 Mi",
      "200 Mi",
      "300 Mi",
    ]);
    expect(inUnit(0.2512, "cores")).toBe("0.251 cores");
    expect(inUnit(1.5 * 2 ** 30, "bytes")).toBe("1.5 Gi");
  });
});

describe("the words of marks", () => {
  it("lie on no other's, the weightiest having their place first", () => {
    const mark = (second: number, label: string) => ({ at: second, label, tone: "" });
    const found = lettered(
      [mark(100, "release"), mark(104, "first seen"), mark(106, "over it all")],
      (x) => x,
      200,
    );
    expect(found.map(({ side }) => side)).toEqual(["right", "left", null]);
  });
});
