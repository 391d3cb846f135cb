import { describe, expect, it } from "vitest";
import { goalsOf, secondsOf } from "./goals";

const setting = (key: string, value: unknown) => ({ key, value, default: null, source: "default" });

describe("the age a signal may have", () => {
  it("is read as the configuration writes it", () => {
    expect(["15s", "1m", "1m30s", "500ms", "1h", "soon", null, 3].map(secondsOf)).toEqual([
      15,
      60,
      90,
      0.5,
      3600,
      null,
      null,
      null,
    ]);
  });

  it("is a cluster's own where it has one, and never invented", () => {
    const goals = goalsOf([
      setting("collectors.kubernetes.stale_after", "1m"),
      setting("collectors.kubernetes.clusters[0].name", "alpha"),
      setting("collectors.kubernetes.clusters[0].stale_after", null),
      setting("collectors.kubernetes.clusters[1].name", "beta"),
      setting("collectors.kubernetes.clusters[1].stale_after", "10s"),
    ]);
    expect([goals.get("alpha"), goals.get("beta"), goals.get("")]).toEqual([undefined, 10, 60]);
    expect(goalsOf([]).size).toBe(0);
  });
});
