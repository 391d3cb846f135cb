import { describe, expect, it } from "vitest";
import type { Evidence } from "../../api/types";
import { at } from "../../testing/samples";
import { numbersOf, receipts } from "./receipts";

const seen = (id: string, seconds: number, changes: Partial<Evidence> = {}): Evidence => ({
  id,
  at: at(seconds),
  kind: "pod.image_pull_failed",
  severity: "high",
  cluster_name: "alpha",
  resource: { kind: "Pod", namespace: "shop", name: "cart-1", uid: "uid" },
  message: "cannot pull",
  attributes: {},
  ...changes,
});

describe("receipts", () => {
  it("folds what was seen again with the same words, and keeps the newest detail", () => {
    const again = seen("c", 20, { attributes: { tries: "3" } });
    const [first, second, ...none] = receipts([again, seen("a", 0), seen("b", 10, { message: "else" })]);
    expect([first?.count, first?.first.id, first?.newest]).toEqual([2, "a", again]);
    expect(second?.count).toBe(1);
    expect(none).toEqual([]);
  });

  it("keeps objects, clusters and words apart", () => {
    const other = { kind: "Pod", namespace: "shop", name: "cart-2", uid: "uid-2" };
    const all = [seen("a", 0), seen("b", 1, { cluster_name: "beta" }), seen("c", 2, { resource: other })];
    expect(receipts(all)).toHaveLength(3);
  });

  it("gives every piece of evidence the number of its receipt", () => {
    expect([...numbersOf([seen("a", 0), seen("b", 1, { message: "else" }), seen("c", 2)])]).toEqual([
      ["a", 1],
      ["c", 1],
      ["b", 2],
    ]);
  });
});
