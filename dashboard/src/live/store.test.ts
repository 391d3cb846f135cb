import { beforeEach, describe, expect, it } from "vitest";
import { at, cluster, event, heartbeat, hello, sent, status, T0 } from "../testing/samples";
import { LiveStore } from "./store";

let now: number;
let paints: (() => void)[];
let store: LiveStore;
const paint = () => {
  for (const each of paints.splice(0)) each();
};

beforeEach(() => {
  now = 1_000;
  paints = [];
  store = new LiveStore(
    () => now,
    (each) => paints.push(each),
  );
});

describe("the live store", () => {
  it("paints once a frame, however much arrives", () => {
    let drawn = 0;
    store.subscribe(() => {
      drawn += 1;
    });
    store.received([hello(1, "one")]);
    for (let seq = 2; seq < 100; seq += 1) store.received([sent("event", seq, event(`e${seq}`))]);
    expect(paints).toHaveLength(1);
    paint();
    expect(drawn).toBe(1);
    expect(store.view().world.seq).toBe(99);
  });

  it("counts time by the agent's clock, whatever this machine believes", () => {
    store.received([hello(1, "one"), { type: "status", seq: 1, at: at(30), data: status(30) }]);
    now += 2_000;
    expect(store.serverNow()).toBe(T0 + 32_000);
  });

  it("stands still while paused, counts what goes by, and shows everything afterwards", () => {
    store.received([hello(1, "one", { events: [event("e1")] })]);
    store.pause();
    store.received([sent("event", 2, event("e2")), sent("event", 3, event("e3"))]);
    paint();
    expect(store.view()).toMatchObject({ paused: true, wentBy: 2 });
    expect(store.view().world.events.map(({ id }) => id)).toEqual(["e1"]);
    store.pause();
    paint();
    expect(store.view().world.events.map(({ id }) => id)).toEqual(["e3", "e2", "e1"]);
  });

  it("keeps the last real data when the agent is lost, and resumes from its place", () => {
    store.received([hello(7, "one", { events: [event("e1")] })]);
    store.lost("the agent does not answer", 1000);
    paint();
    expect(store.view().link).toMatchObject({ phase: "waiting", asOf: T0, retryAt: 2_000 });
    expect(store.view().world.events).toHaveLength(1);
    expect(store.place()).toEqual({ seq: 7, epoch: "one" });
  });

  it("asks for a new snapshot after a hole, instead of resuming over it", () => {
    let asked = 0;
    store.onHole = () => {
      asked += 1;
    };
    store.received([hello(1, "one"), sent("event", 5, event("late"))]);
    expect(asked).toBe(1);
    expect(store.place()).toBeNull();
  });

  it("does not let a slow list undo what the stream has said since", () => {
    store.received([hello(1, "one")]);
    const news = store.clusterNews();
    store.received([sent("cluster", 2, cluster("alpha", { state: "unreachable" }))]);
    store.renewClusters([cluster("alpha", { state: "live" })], news);
    paint();
    expect(store.view().world.clusters.get("alpha")?.state).toBe("unreachable");
    store.renewClusters([cluster("alpha", { state: "unreachable", age_s: 9 })], store.clusterNews());
    paint();
    expect(store.view().world.clusters.get("alpha")?.age_s).toBe(9);
  });

  it("lets the reader put a gap notice away", () => {
    store.received([hello(1, "one"), { type: "gap", from: 1, to: 2 }, hello(2, "one"), heartbeat(2)]);
    paint();
    expect(store.view().world.gap).not.toBeNull();
    store.forgetGap();
    paint();
    expect(store.view().world.gap).toBeNull();
  });
});
