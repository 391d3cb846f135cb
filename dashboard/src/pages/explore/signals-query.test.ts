import { describe, expect, it } from "vitest";
import { at, T0 } from "../../testing/samples";
import { drawnOf, filtersIn, readQuery, serverQuery, toggled, worstFirst } from "./signals-query";

const read = (address: string) => readQuery(new URLSearchParams(address));
const rows = ["a", "b", "c"].map((id) => ({ id }));

describe("which measured values are looked at", () => {
  it("is in the address, and asked of the agent", () => {
    const { query, strange } = read(
      "view=signals&signal=node.cpu.usage&cluster=alpha&name=web&range=2y&sev=high",
    );
    expect(serverQuery(query)).toEqual({ signal: "node.cpu.usage", cluster: "alpha", name: "web*" });
    expect(filtersIn(query)).toEqual(["cluster", "name"]);
    expect([query.range, strange]).toEqual(["1h", ["sev", "range=2y"]]);
  });

  it("has the nearest to its limit first, and what has ended last", () => {
    const row = (id: string, seconds: number, value: number, limit: number | null) => ({
      id,
      limit,
      last: { at: at(seconds), value },
    });
    const found = worstFirst(
      [
        row("ended", -900, 99, 100),
        row("low", 0, 10, 100),
        row("free", 0, 500, null),
        row("near", 0, 90, 100),
      ],
      T0,
    );
    expect(found.map(({ id }) => id)).toEqual(["near", "low", "free", "ended"]);
  });

  it("begins with the first ones, and what is picked takes their place", () => {
    expect(drawnOf(rows, "", 2).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(toggled("", "c", ["a", "b"], 3)).toBe("a,b,c");
    expect(toggled("a,b", "c", [], 2)).toBe("b,c");
    expect(toggled("a,b", "a", [], 2)).toBe("b");
    expect(drawnOf(rows, "c,gone", 2).map(({ id }) => id)).toEqual(["c"]);
  });
});
