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
      lanes.map((lane) => [lane.cluster, lane.seen.length, lane.numbers.flatMap(({ numbers }) => numbers)]),
    ).toEqual([
      ["alpha", 2, [1]],
      ["beta", 1, [3]],
    ]);
    expect(lanes[0]?.made.map((made) => [made.change.id, made.isSuspect])).toEqual([["c", true]]);
  });

  it("numbers every receipt that a suspicion rests on, beside another where they would lie on each other", () => {
    const citing = {
      ...incident,
      suspects: [{ ...incident.suspects[0], evidence_for: ["2"], evidence_against: ["1"] }] as never,
    };
    const [alpha] = lanesOf(citing, [cluster("alpha")], spanOf(citing, T0 + 300_000));
    expect(alpha?.numbers.map(({ numbers }) => numbers)).toEqual([[1, 2]]);
  });

  it("reaches back to what a suspicion rests on, however long before", () => {
    const early = { ...incident, evidence: [...incident.evidence, seen("0", -7200)] };
    const citing = { ...early, suspects: [{ ...early.suspects[0], evidence_for: ["0"] }] as never };
    expect(spanOf(early, T0 + 300_000).from).toBeGreaterThan(T0 - 60_000);
    expect(spanOf(citing, T0 + 300_000).from).toBeLessThan(T0 - 7_200_000);
  });

  it("hatches the time in which a cluster is not heard", () => {
    const lost = [cluster("alpha", { state: "unreachable", last_seen: at(150) }), cluster("beta")];
    const [alpha, beta] = lanesOf(incident, lost, spanOf(incident, T0 + 300_000));
    expect(alpha?.silentFrom).toBeGreaterThan(0.4);
    expect(beta?.silentFrom).toBeNull();
  });
});
