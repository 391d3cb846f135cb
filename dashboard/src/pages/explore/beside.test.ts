import { describe, expect, it } from "vitest";
import type { Series } from "../../api/types";
import { at, incident } from "../../testing/samples";
import { marksBeside } from "./beside";

const drawn = [
  {
    cluster_name: "alpha",
    resource: { kind: "Pod", namespace: "shop", name: "cart-1", uid: null },
    labels: { owner: "cart" },
  } as unknown as Series,
];

describe("the incidents beside measured values", () => {
  it("are those of the very objects or their owners, in their own cluster and namespace", () => {
    const of = (id: string, name: string, changes: object = {}) =>
      incident(id, { resource: { kind: "Deployment", namespace: "shop", name, uid: null }, ...changes });
    const elsewhere = [{ name: "beta", uid: null, region: null }];
    const found = marksBeside(drawn, [
      of("pod", "cart-1", { severity: "low" }),
      of("owner", "cart", { severity: "critical", opened_at: at(60), kind: "pod.oom_killed" }),
      of("other", "web"),
      of("away", "cart", { clusters: elsewhere }),
    ]);
    expect(found.map(({ label, tone }) => [label, tone])).toEqual([
      ["pod.oom_killed", "tone-critical"],
      ["pod.image_pull_failed", "tone-low"],
    ]);
  });
});
