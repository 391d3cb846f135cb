import { describe, expect, it } from "vitest";
import { bucketed, short, timeTicks, valueTicks } from "./scale";

const T = Date.parse("2026-11-25T02:03:04Z");

describe("the scales of a plot", () => {
  it("mark round moments, few enough to read", () => {
    const ticks = timeTicks({ from: T - 3_600_000, to: T });
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.every((at) => at % 600_000 === 0)).toBe(true);
  });

  it("mark round values that hold the highest, also of nothing at all", () => {
    expect(valueTicks(7)).toEqual([0, 2, 4, 6, 8]);
    expect(valueTicks(0.9)).toEqual([0, 0.5, 1]);
    expect(valueTicks(0)).toEqual([0, 1]);
    expect(valueTicks(1034, 1020).at(-1)).toBeGreaterThanOrEqual(1034);
  });

  it("cut time at round borders that stay where they are as it goes on", () => {
    const a = bucketed({ from: T, to: T + 3_600_000 }, 60);
    const b = bucketed({ from: T + 7_000, to: T + 3_607_000 }, 60);
    expect(a.step).toBe(60_000);
    expect((b.from - a.from) % a.step).toBe(0);
  });

  it("shorten numbers without lying about them", () => {
    expect([0, 12, 1234, 2_500_000, 0.0412].map(short)).toEqual(["0", "12", "1.23 k", "2.5 M", "0.0412"]);
  });
});
