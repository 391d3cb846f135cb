import { describe, expect, it } from "vitest";
import { at, change, detail } from "../../testing/samples";
import { fromStart, reasonsOf, remaining } from "./suspicion";
import { placesOf } from "./where";

describe("suspicion", () => {
  it("takes the side from the front of each reason", () => {
    expect(reasonsOf({ reasons: ["for: it came before", "against: it came late"] })).toEqual([
      { side: "for", text: "it came before" },
      { side: "against", text: "it came late" },
    ]);
  });

  it("says when a change was made, seen from the start", () => {
    expect(fromStart(at(0), at(172))).toBe("2 min 52 s before");
    expect(fromStart(at(12), at(0))).toBe("12 s after");
    expect(fromStart(at(0), at(0))).toBe("at the start");
  });

  it("lists near changes that nobody suspects, without the same release in another cluster", () => {
    const suspect = { change_id: "a", what: "shop/cart: image 1.0.0 -> 9.9.9", score: 0.9, reasons: [] };
    const incident = detail("x", {
      suspects: [{ ...suspect, evidence_for: [], evidence_against: [] }],
      changes: [
        change("a"),
        change("b", { cluster_name: "beta" }),
        change("c", { summary: "replicas 1 -> 2" }),
      ],
    });
    expect(remaining(incident).map(({ id }) => id)).toEqual(["c"]);
  });
});

describe("where a wider incident is", () => {
  const ref = (name: string) => ({ name, uid: null, region: null });
  const part = (name: string) => detail(`part-${name}`, { clusters: [ref(name)] });

  it("names each cluster once, by the part that speaks for it", () => {
    const whole = { clusters: [ref("alpha"), ref("beta"), ref("gamma")] };
    const parts = [part("beta"), part("alpha")].map((one) => ({ ...one, evidence: [], changes: [] }));
    expect(placesOf(whole, parts).map(({ name, child }) => [name, child?.id])).toEqual([
      ["alpha", "part-alpha"],
      ["beta", "part-beta"],
      ["gamma", undefined],
    ]);
  });
});
