import { describe, expect, it } from "vitest";
import { at, change } from "../../testing/samples";
import { changeTicks } from "./lanes";
import { madeTogether, tonesOf } from "./what-changed";

describe("changes on the overview", () => {
  it("show one release to several clusters as one row", () => {
    const rows = madeTogether([
      change("b", { cluster_name: "beta", at: at(10) }),
      change("a", { at: at(0) }),
      change("old", { at: at(-600) }),
    ]);
    expect(rows.map(({ clusters, ids }) => [clusters, ids])).toEqual([
      [
        ["beta", "alpha"],
        ["b", "a"],
      ],
      [["alpha"], ["old"]],
    ]);
  });

  it("are explained by the very shapes that their rows show, and by none when nobody suspects them", () => {
    expect(tonesOf([{ severity: "low" }, { severity: "high" }, { severity: "low" }])).toEqual([
      "high",
      "low",
    ]);
    expect(tonesOf([])).toEqual([]);
  });

  it("stand in their own lane, neighbours as one tick, and not outside the range", () => {
    const range = { from: Date.parse(at(0)), to: Date.parse(at(1000)) };
    const made = [at(-1), at(100), at(101), at(500)].map((when, index) => change(`${index}`, { at: when }));
    const ticks = changeTicks(
      [...made, change("other", { cluster_name: "beta", at: at(200) })],
      "alpha",
      range,
    );
    expect(ticks.map(({ changes }) => changes.map(({ id }) => id))).toEqual([["1", "2"], ["3"]]);
    expect(ticks[0]?.left).toBeCloseTo(0.1);
  });
});
