import { describe, expect, it } from "vitest";
import { cluster, incident } from "../../testing/samples";
import { rates } from "./event-rate";
import { needsOf } from "./needs-you";

describe("the queue of what needs a person", () => {
  it("holds unacknowledged incidents and silent clusters, nothing else", () => {
    const needs = needsOf(
      [incident("a"), incident("b", { status: "acknowledged" })],
      [cluster("alpha"), cluster("beta", { state: "unknown" }), cluster("gamma", { state: "stale" })],
    );
    expect(needs.map(({ key }) => key)).toEqual(["incident a", "cluster beta"]);
  });

  it("does not name a silent cluster twice when an incident speaks for it", () => {
    const reach = incident("r", { family: "reach", clusters: [{ name: "beta", uid: null, region: null }] });
    expect(needsOf([reach], [cluster("beta", { state: "unreachable" })])).toHaveLength(1);
  });
});

describe("the event rate", () => {
  it("comes from the agent's own total, and a new agent's smaller total is no rate", () => {
    const samples = [
      { at: 0, total: 10 },
      { at: 2000, total: 30 },
      { at: 4000, total: 5 },
      { at: 6000, total: 5 },
    ];
    expect(rates(samples)).toEqual([10, 0]);
  });
});
