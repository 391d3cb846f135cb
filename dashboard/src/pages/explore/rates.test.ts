import { describe, expect, it } from "vitest";
import { at, event, T0 } from "../../testing/samples";
import { countIn, inWords, unknownIn } from "./rates";

const span = { from: T0, to: T0 + 3_600_000 };

describe("the rate of events", () => {
  it("counts each bucket by severity", () => {
    const made = [event("a", { received_at: at(61) }), event("b", { received_at: at(62), severity: "low" })];
    const { buckets, tallest, step } = countIn(made, span, span.from);
    expect([step, tallest]).toEqual([60_000, 2]);
    const full = buckets.find(({ total }) => total === 2);
    expect(full && inWords(full)).toBe("2 events: 1 high, 1 low");
  });

  it("draws no zero where it has not counted", () => {
    const { buckets } = countIn([], span, T0 + 1_800_000);
    expect(buckets.every((bucket) => bucket.at >= T0 + 1_800_000)).toBe(true);
    const all = { from: T0, watchedFrom: T0, silentFrom: null };
    expect(unknownIn(span, { ...all, from: T0 + 1_800_000 })).toHaveLength(1);
    expect(unknownIn(span, { ...all, silentFrom: T0 + 3_000_000 })).toEqual([
      { from: T0 + 3_000_000, to: span.to, why: "The cluster is not heard" },
    ]);
    expect(unknownIn(span, { ...all, watchedFrom: T0 + 600_000 })).toEqual([
      { from: T0, to: T0 + 600_000, why: "Before this start of the agent" },
    ]);
    expect(unknownIn(span, all)).toEqual([]);
  });
});
