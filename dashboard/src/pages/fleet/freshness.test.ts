import { describe, expect, it } from "vitest";
import { cellOf } from "./freshness";

const kind = (changes: object = {}) => ({ synced: true, count: 3, age_s: 4, error: null, ...changes });

describe("a cell of the heat map", () => {
  it("is fresh within its goal and late beyond it, counting on since the agent spoke", () => {
    expect(cellOf(kind(), true, 2, 60)).toEqual({ word: "fresh", age: 6, share: 0.1, why: null });
    expect(cellOf(kind(), true, 60, 60)).toMatchObject({ word: "late", age: 64 });
  });

  it("judges nothing by a goal that is not known", () => {
    expect(cellOf(kind({ age_s: 9999 }), true, 0, null)).toMatchObject({ word: "fresh", share: null });
  });

  it("is never fresh in a cluster that is not heard, or while it fails", () => {
    expect(cellOf(kind(), false, 0, 60).word).toBe("unknown");
    expect(cellOf(undefined, false, 0, 60).word).toBe("unknown");
    expect(cellOf(kind({ synced: false, age_s: null }), true, 0, 60).word).toBe("unknown");
    expect(cellOf(kind({ error: "403 Forbidden" }), true, 0, 60)).toMatchObject({
      word: "failing",
      why: "403 Forbidden",
    });
    expect(cellOf(undefined, true, 0, 60).word).toBe("absent");
  });
});
