import { describe, expect, it } from "vitest";
import { at, event } from "../../testing/samples";
import { filtersIn, matches, merged, readQuery, serverQuery } from "./query";

const read = (search: string) => readQuery(new URLSearchParams(search));

describe("the filters of the events", () => {
  it("live in the address; those the agent knows go to it", () => {
    const { query, strange } = read("severity=high&q=pull&repeats=without&range=3h&shoe=9&cluster=alpha");
    expect(strange).toEqual(["shoe"]);
    expect(filtersIn(query)).toBe(4);
    expect(serverQuery(query)).toEqual({ severity: "high", cluster: "alpha" });
  });

  it("fall back where the address asks for what does not exist, and say so", () => {
    const { query, strange } = read("severity=cosmic&range=1y");
    expect([query.severity, query.range]).toEqual(["", "1h"]);
    expect(strange).toEqual(["severity=cosmic", "range=1y"]);
  });

  it("hold for every word, and for repeats", () => {
    const made = event("a", { message: "Back-off pulling image" });
    expect(matches(made, read("q=PULLING back-off").query)).toBe(true);
    expect(matches(made, read("q=pulling memory").query)).toBe(false);
    expect(matches({ ...made, merged_into: "evt_1" }, read("repeats=without").query)).toBe(false);
  });

  it("list each event once, the newest arrival first, wherever it came from", () => {
    const a = event("a", { received_at: at(1) });
    const b = event("b", { received_at: at(2) });
    expect(merged([[a], [b, a]]).map(({ id }) => id)).toEqual(["b", "a"]);
  });
});
