import { describe, expect, it } from "vitest";
import { countOf, isCounted, readQuery, serverQuery } from "./query";

const read = (address: string) => readQuery(new URLSearchParams(address)).query;

describe("the filters of incidents", () => {
  it("ask the agent for the longest word; the page looks for the others", () => {
    expect(serverQuery(read("status=all&q=cart+oom_killed"))).toEqual({ q: "oom_killed" });
    expect(serverQuery(read("status=open&q=++"))).toEqual({ status: "open" });
  });

  it("count statuses as they are grouped here", () => {
    const counts = { open: 2, mitigated: 1, resolved: 3, closed: 4 };
    expect(
      (["active", "open", "acknowledged", "resolved", "all"] as const).map((s) => countOf(s, counts)),
    ).toEqual([3, 2, 0, 7, 10]);
  });

  it("show no count that leaves a word out", () => {
    expect(isCounted(read("q=cart"))).toBe(true);
    expect(isCounted(read("q=cart+oom"))).toBe(false);
  });
});
