import { describe, expect, it } from "vitest";
import { at, change, cluster, detail, event, T0 } from "../../testing/samples";
import { lanesOf, spanOf } from "./story-data";

const seen = (id: string, seconds: number, where = "alpha") => ({
  ...event(id, { at: at(seconds), cluster_name: where }),
});

const incident = detail("a", {
  opened_at: at(60),
  evidence: [seen("1", 60), seen("2", 61), seen("3", 200, "beta")],
  changes: [change("c", { at: at(0) }), change("old", { at: at(-7200) })],
  suspects: [
    { change_id: "c", what: "it", score: 0.9, reasons: [], evidence_for: [], evidence_against: [] },
  ] as never,
});

describe("the drawing of an incident", () => {
  it("reaches from what is suspected to now, and no further back than twenty minutes", () => {
    const span = spanOf(incident, T0 + 300_000);
    expect(span.from).toBeLessThan(T0);
    expect(span.from).toBeGreaterThan(T0 - 60_000);
    expect(span.to).toBe(T0 + 300_000);
  });

  it("ends with the incident when that is over", () => {
    const over = { ...incident, status: "resolved" as const, resolved_at: at(240) };
    expect(spanOf(over, T0 + 9_000_000).to).toBeLessThan(T0 + 300_000);
  });

  it("has a lane for each cluster with its own evidence, numbers that do not lie on each other, and changes", () => {
    const lanes = lanesOf(incident, [cluster("alpha"), cluster("beta")], spanOf(incident, T0 + 300_000));
    expect(
      lanes.map((lane) => [lane.cluster, lane.seen.length, lane.numbers.map(({ number }) => number)]),
    ).toEqual([
      ["alpha", 2, [1]],
      ["beta", 1, [3]],
    ]);
    expect(lanes[0]?.made.map((made) => [made.change.id, made.isSuspect])).toEqual([["c", true]]);
  });

  it("hatches the time in which a cluster is not heard", () => {
    const lost = [cluster("alpha", { state: "unreachable", last_seen: at(150) }), cluster("beta")];
    const [alpha, beta] = lanesOf(incident, lost, spanOf(incident, T0 + 300_000));
    expect(alpha?.silentFrom).toBeGreaterThan(0.4);
    expect(beta?.silentFrom).toBeNull();
  });
});
