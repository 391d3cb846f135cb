import { describe, expect, it } from "vitest";
import { at, change, detail, event, T0 } from "../../testing/samples";
import { clustersOf, marksOf, spanOf, subjectOf, trimmed } from "./measured-data";

const of = (kind: string, name = "cart") => ({ resource: { kind, namespace: "shop", name, uid: null } });

describe("the values beside an incident", () => {
  it("are those of its pods, its pod or its node, and none of what is not measured", () => {
    expect(subjectOf(of("Deployment"), "memory")).toEqual({
      signal: "pod.memory.working_set",
      owner: "cart",
      owner_kind: "Deployment",
      namespace: "shop",
    });
    expect(subjectOf(of("Pod"), "cpu")).toEqual({ signal: "pod.cpu.usage", name: "cart", namespace: "shop" });
    expect(subjectOf(of("Node", "n1"), "cpu")).toEqual({ signal: "node.cpu.usage", name: "n1" });
    expect(subjectOf(of("Service"), "cpu")).toBeNull();
  });

  it("come from each of its clusters by itself", () => {
    const wide = detail("a", {
      clusters: [{ name: "alpha, beta", uid: null, region: null }],
      evidence: [event("1", { cluster_name: "gamma" })],
    });
    expect(clustersOf(wide, ["alpha", "beta", "gamma"])).toEqual(["alpha", "beta", "gamma"]);
    expect(clustersOf(wide, ["alpha"])).toEqual(["alpha"]);
  });

  it("reach from a while before to now, or to a while after its end", () => {
    const open = detail("a");
    expect(spanOf(open, T0 + 60_000)).toEqual({ from: T0 - 1_200_000, to: T0 + 60_000 });
    const over = detail("a", { status: "resolved", resolved_at: at(60) });
    expect(spanOf(over, T0 + 9_000_000).to).toBe(T0 + 660_000);
    expect(spanOf(open, T0 + 30 * 86_400_000).from).toBe(T0 + 29 * 86_400_000);
  });

  it("do not show the time before the agent began to measure, but always the start", () => {
    const span = { from: T0 - 1_200_000, to: T0 + 300_000 };
    const first = (seconds: number) => [{ points: [{ at: at(seconds), value: 1, min: 1, max: 1 }] }];
    expect(trimmed(span, T0, first(-60)).from).toBe(T0 - 78_000);
    expect(trimmed(span, T0, first(120)).from).toBe(T0 - 15_000);
    expect(trimmed(span, T0, [])).toEqual(span);
  });

  it("have what is suspected and the start beside them, and the end only when it is over", () => {
    const suspects = [{ change_id: "c", what: "it", score: 0.9 }] as never;
    const found = detail("a", { changes: [change("c"), change("other")], suspects });
    expect(marksOf(found).map(({ label }) => label)).toEqual(["image 1.0.0 → 9.9.9", "opened"]);
    const over = { ...found, status: "resolved" as const, resolved_at: at(60) };
    expect(marksOf(over).at(-1)?.label).toBe("over");
  });
});
