import { describe, expect, it } from "vitest";
import { at, change } from "../../testing/samples";
import { filtersIn, matches, readQuery, serverQuery } from "./query";

const read = (search: string) => readQuery(new URLSearchParams(search));

describe("the ledger's filters", () => {
  it("live in the address and go to the agent as they are", () => {
    const { query, strange } = read(`kind=image&target=shop/cart&around=${at(0)}&shoe=9`);
    expect(strange).toEqual(["shoe"]);
    expect(filtersIn(query)).toBe(3);
    expect(serverQuery(query)).toEqual({ kind: "image", target: "shop/cart", around: at(0) });
  });

  it("ignore a moment that is none, and say so", () => {
    expect(read("around=teatime").strange).toEqual(["around=teatime"]);
    expect(serverQuery(read("around=teatime").query)).toEqual({});
  });

  it("hold for what the stream brings too", () => {
    const made = change("a", { at: at(3599) });
    expect(matches(made, read("").query)).toBe(true);
    expect(matches(made, read("target=cart&kind=image&cluster=alpha").query)).toBe(true);
    expect(matches(made, read("target=shop/cart").query)).toBe(true);
    expect(matches(made, read("target=other/cart").query)).toBe(false);
    expect(matches(made, read(`around=${at(0)}`).query)).toBe(true);
    expect(matches(made, read(`around=${at(-2)}`).query)).toBe(false);
  });
});
