import { describe, expect, it } from "vitest";
import { kind } from "../../testing/samples";
import { cellOf } from "./freshness";

describe("a cell of the heat map", () => {
  it("is fresh within its goal and late beyond it, counting on since the agent spoke", () => {
    expect(cellOf(kind({ age_s: 4 }), true, 2)).toEqual({ word: "fresh", age: 6, goal: 60, why: null });
    expect(cellOf(kind({ age_s: 4 }), true, 60)).toMatchObject({ word: "late", age: 64 });
    expect(cellOf(kind({ state: "silent", age_s: 1 }), true, 0).word).toBe("late");
  });

  it("judges nothing by a goal that is not known", () => {
    expect(cellOf(kind({ age_s: 9999, goal_s: null }), true, 0)).toMatchObject({ word: "fresh", goal: null });
  });

  it("is never fresh in a cluster that is not heard, or while it fails", () => {
    expect(cellOf(kind(), false, 0).word).toBe("not known");
    expect(cellOf(undefined, false, 0).word).toBe("not known");
    expect(cellOf(kind({ state: "not_listed", synced: false, age_s: null }), true, 0).word).toBe("not known");
    expect(cellOf(kind({ state: "unreadable", error: "500" }), true, 0)).toMatchObject({
      word: "failing",
      why: "500",
    });
    expect(cellOf(kind({ state: "forbidden", error: "403" }), true, 0).word).toBe("no access");
    expect(cellOf(kind({ state: "not_served" }), true, 0).word).toBe("not served");
    expect(cellOf(undefined, true, 0).word).toBe("not watched");
  });
});
