import { describe, expect, it } from "vitest";
import { documentOf, narrowed, pretty, readQuery } from "./query";

describe("the address of Policy & Audit", () => {
  it("names its view, and says what it does not know", () => {
    expect(readQuery(new URLSearchParams("view=audit&actor=mara")).query).toMatchObject({
      view: "audit",
      actor: "mara",
    });
    const { query, strange } = readQuery(new URLSearchParams("view=weather&colour=blue"));
    expect([query.view, strange]).toEqual(["decisions", ["colour", "view=weather"]]);
  });

  it("asks only for what is narrowed", () => {
    expect(narrowed({ actor: "mara", act: " ", target: "" })).toEqual({ actor: "mara" });
  });
});

describe("a document for the rules", () => {
  it("is an object, or says why it is none", () => {
    expect(documentOf('{"who": {}}')).toEqual({ input: { who: {} } });
    expect(documentOf("[1]")).toEqual({ problem: "It must be an object: { … }" });
    expect(documentOf("{")).toHaveProperty("problem");
  });

  it("is shown with its lines, and as it came when it is none", () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty("not json")).toBe("not json");
  });
});
