import { describe, expect, it } from "vitest";
import { at, change, cluster, event, heartbeat, hello, incident, resumed, sent } from "../testing/samples";
import { applyAll, FEED_LENGTH, imbalance, NOTHING } from "./world";

const START = applyAll(NOTHING, [hello(10, "one", { incidents: [incident("a")], events: [event("e1")] })]);

describe("the world of the stream", () => {
  it("takes the whole truth from a snapshot", () => {
    expect(START.known).toBe(true);
    expect(START.seq).toBe(10);
    expect([...START.incidents.keys()]).toEqual(["a"]);
    expect(START.events).toHaveLength(1);
  });

  it("follows numbered deltas", () => {
    const world = applyAll(START, [sent("event", 11, event("e2")), sent("incident", 12, incident("b"))]);
    expect(world.seq).toBe(12);
    expect(world.events.map(({ id }) => id)).toEqual(["e2", "e1"]);
    expect(world.incidents.size).toBe(2);
  });

  it("keeps changes by when they were made, each once", () => {
    const late = change("late", { at: at(-60) });
    const world = applyAll(START, [
      sent("change", 11, change("new", { at: at(5) })),
      sent("change", 12, late),
      sent("change", 13, late),
    ]);
    expect(world.changes.map(({ id }) => id)).toEqual(["new", "late"]);
  });

  it("changes nothing when frames come a second time", () => {
    const frames = [sent("event", 11, event("e2")), sent("incident", 12, incident("b"))];
    const once = applyAll(START, frames);
    const twice = applyAll(once, frames);
    expect(twice.events).toEqual(once.events);
    expect(twice.eventsSeen).toBe(once.eventsSeen);
    expect(twice.incidents).toEqual(once.incidents);
  });

  it("keeps what it holds when it resumes, and counts what is replayed until the heartbeat agrees", () => {
    const behind = applyAll(START, [resumed(10, "one"), sent("event", 11, event("e2"))]);
    expect(behind.incidents.size).toBe(1);
    expect(behind.replayed).toBe(1);
    const still = applyAll(behind, [heartbeat(12)]);
    expect(still.replayed).toBe(1);
    const caughtUp = applyAll(still, [sent("event", 12, event("e3")), heartbeat(12)]);
    expect(caughtUp.replayed).toBeNull();
  });

  it("notices a skipped number and applies nothing after it", () => {
    const world = applyAll(START, [sent("event", 12, event("e2")), sent("event", 13, event("e3"))]);
    expect(world.hole).toBe(true);
    expect(world.seq).toBe(10);
    expect(world.events).toEqual(START.events);
  });

  it("accepts numbers left out by a filter, because prev says so", () => {
    const world = applyAll(START, [{ ...sent("event", 20, event("e2")), prev: 10 }]);
    expect(world.hole).toBe(false);
    expect(world.seq).toBe(20);
  });

  it("says which past is gone and takes the snapshot that follows", () => {
    const frames = [
      { type: "gap", from: 11, to: 40 } as const,
      hello(40, "one", { incidents: [incident("z")] }),
    ];
    const world = applyAll(START, frames);
    expect(world.gap).toEqual({ from: 11, to: 40 });
    expect([...world.incidents.keys()]).toEqual(["z"]);
    expect(world.seq).toBe(40);
  });

  it("forgets everything of another epoch, and no gap is left to report", () => {
    const gapped = applyAll(START, [{ type: "gap", from: 1, to: 2 }]);
    const world = applyAll(gapped, [hello(3, "two", { incidents: [incident("b")], events: [event("e9")] })]);
    expect(world.epoch).toBe("two");
    expect(world.seq).toBe(3);
    expect([...world.incidents.keys()]).toEqual(["b"]);
    expect(world.events.map(({ id }) => id)).toEqual(["e9"]);
    expect(world.gap).toBeNull();
  });

  it("holds the hundred newest events, each once", () => {
    const frames = Array.from({ length: 250 }, (_, i) => sent("event", 11 + i, event(`n${i % 200}`)));
    const world = applyAll(START, frames);
    expect(world.events).toHaveLength(FEED_LENGTH);
    expect(new Set(world.events.map(({ id }) => id)).size).toBe(FEED_LENGTH);
    expect(world.events[0]?.id).toBe("n49");
    expect(world.eventsSeen).toBe(250);
  });

  it("never puts an older version of an incident over a newer one", () => {
    const newer = applyAll(START, [sent("incident", 11, incident("a", { version: 5, status: "resolved" }))]);
    const world = applyAll(newer, [sent("incident", 12, incident("a", { version: 4, status: "open" }))]);
    expect(world.incidents.get("a")?.status).toBe("resolved");
    expect(world.seq).toBe(12);
  });

  it("replaces a cluster by its name", () => {
    const world = applyAll(START, [sent("cluster", 11, cluster("alpha", { state: "unreachable" }))]);
    expect(world.clusters.get("alpha")?.state).toBe("unreachable");
    expect(world.clusters.size).toBe(1);
  });

  it("passes over frames of a kind it does not know", () => {
    const strange = { type: "weather", seq: 11, prev: 10, at: "", data: {} };
    const world = applyAll(START, [strange as never, sent("event", 12, event("e2"))]);
    expect(world.seq).toBe(12);
    expect(applyAll(START, [{ type: "unheard" } as never])).toEqual(START);
  });
});

describe("the books", () => {
  it("balance only when everything received is accounted for", () => {
    const books = { received: 10, delivered: 6, merged: 3, dropped: { late: 1 }, in_flight: 0 };
    expect(imbalance(books)).toBe(0);
    expect(imbalance({ ...books, in_flight: 2 })).toBe(-2);
  });
});
