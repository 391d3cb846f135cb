import { describe, expect, it } from "vitest";
import { at, T0 } from "../testing/samples";
import { seenAt } from "./visits";

describe("when the reader looked last", () => {
  it("is the end of the visit before, not the reload of a minute ago", () => {
    const first = seenAt({ before: null, newest: null }, T0);
    expect(first).toEqual({ before: null, newest: at(0) });
    const reloaded = seenAt(first, T0 + 60_000);
    expect(reloaded.before).toBeNull();
    const nextMorning = seenAt(reloaded, T0 + 6 * 3_600_000);
    expect(nextMorning.before).toBe(at(60));
    expect(seenAt(nextMorning, T0 + 6 * 3_600_000 + 60_000).before).toBe(at(60));
  });
});
