import { describe, expect, it } from "vitest";
import { at, cluster, event, incident, T0 } from "../../testing/samples";
import { density, gapsOf, laneOf, place, ticks } from "./lanes";

const RANGE = { from: T0, to: T0 + 3_600_000 };

describe("a lane of the fleet timeline", () => {
  it("shows this cluster's incidents inside the range only", () => {
    const elsewhere = incident("x", { clusters: [{ name: "beta", uid: null, region: null }] });
    const before = incident("old", { opened_at: at(-900), resolved_at: at(-300), status: "resolved" });
    const here = incident("here", { opened_at: at(600), resolved_at: at(1200), status: "resolved" });
    const lane = laneOf(cluster("alpha"), [elsewhere, before, here], RANGE);
    expect(lane.bars.map((bar) => bar.incident.id)).toEqual(["here"]);
    expect(place(lane.bars[0]?.from ?? 0, RANGE)).toBeCloseTo(1 / 6);
    expect(lane.worst).toBeNull();
  });

  it("draws what is open up to now and takes the worst of it as its sign", () => {
    const lane = laneOf(
      cluster("alpha"),
      [incident("a", { severity: "low" }), incident("b", { severity: "critical" })],
      RANGE,
    );
    expect(lane.bars.every((bar) => bar.to === RANGE.to)).toBe(true);
    expect(lane.worst).toBe("critical");
    expect(lane.rows).toBe(2);
  });

  it("counts what does not fit instead of dropping it in silence", () => {
    const many = Array.from({ length: 5 }, (_, i) => incident(`i${i}`));
    const lane = laneOf(cluster("alpha"), many, RANGE);
    expect(lane.bars).toHaveLength(3);
    expect(lane.hidden).toBe(2);
  });

  it("is hatched from the last word of a silent cluster, and wholly when it never spoke", () => {
    expect(laneOf(cluster("alpha"), [], RANGE).silentFrom).toBeNull();
    const lost = cluster("alpha", { state: "unreachable", last_seen: at(1800) });
    expect(laneOf(lost, [], RANGE).silentFrom).toBe(T0 + 1_800_000);
    const never = cluster("alpha", { state: "unknown", last_seen: null });
    expect(laneOf(never, [], RANGE).silentFrom).toBe(RANGE.from);
  });

  it("writes words only where nothing else stands", () => {
    const short = (id: string, opened: number) =>
      incident(id, { opened_at: at(opened), resolved_at: at(opened + 60), status: "resolved" });
    const lane = laneOf(cluster("alpha"), [short("a", 600), short("b", 800)], RANGE);
    expect(lane.bars[0]?.words).toBeNull();
    expect(lane.bars[1]?.words?.side).toBe("right");
  });
});

describe("what the agent remembers of a cluster", () => {
  it("is drawn where it was not heard; a silence that lasts is the cluster's own state", () => {
    const over = { since: at(60), until: at(120), reason: "connection refused" };
    const lasting = { since: at(300), until: null, reason: "timeout" };
    const lane = {
      cluster: "alpha",
      state: "live" as const,
      gaps: [over, lasting],
      incidents: [],
      changes: [],
    };
    expect(gapsOf({ lanes: [lane] }, "alpha")).toEqual([
      { from: T0 + 60_000, to: T0 + 120_000, why: "Not heard: connection refused" },
    ]);
    expect(gapsOf(undefined, "alpha")).toEqual([]);
  });
});

describe("the skyline and the axis", () => {
  it("counts events by cluster and column, and leaves out what is outside", () => {
    const counts = density(
      [event("a", { at: at(10) }), event("b", { at: at(20) }), event("c", { at: at(-5) })],
      RANGE,
      60,
    );
    expect(counts.get("alpha")?.[0]).toBe(2);
    expect([...counts.values()].flat().reduce((a, b) => a + b, 0)).toBe(2);
  });

  it("marks whole minutes, not too many of them", () => {
    const marks = ticks(RANGE);
    expect(marks.length).toBeLessThanOrEqual(7);
    expect(marks.every((ms) => ms % 60_000 === 0)).toBe(true);
  });
});
