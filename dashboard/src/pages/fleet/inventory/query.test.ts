import { describe, expect, it } from "vitest";
import { countOf, filtersIn, readQuery, serverQuery } from "./query";

const read = (address: string) => readQuery(new URLSearchParams(address));

describe("the lists of a cluster", () => {
  it("ask with the filters of their own view only", () => {
    const { query } = read("view=pods&q=oom&node=n1&kind=Deployment");
    expect(serverQuery(query)).toEqual({ q: "oom", node: "n1" });
    expect(filtersIn(read("view=workloads&node=n1&kind=Deployment").query)).toEqual([["kind", "Deployment"]]);
  });

  it("say which words of the address are not known", () => {
    const { query, strange } = read("view=secrets&color=red");
    expect(query.view).toBe("standing");
    expect(strange).toEqual(["color", "view=secrets"]);
  });

  it("never give a part for the whole", () => {
    expect(countOf("pod", 1, 1, false)).toBe("1 pod");
    expect(countOf("pod", 200, 10_412, true)).toBe("200 of 10,412 pods read");
    expect(countOf("pod", 200, null, true)).toBe("≥ 200 pods");
  });
});
