import { describe, expect, it } from "vitest";
import { bySection, inWords, leafOf, shortSource, sought } from "./leaves";

const leaf = (key: string, value: unknown, source = "default") =>
  leafOf({ key, value, default: null, source });

describe("a leaf of the configuration", () => {
  it("says what is absent, empty or hidden in words", () => {
    expect([null, [], "", "**********", ["a", "b"], 0, false].map(inWords)).toEqual([
      "not set",
      "none",
      "none",
      "set, hidden",
      "a, b",
      "0",
      "false",
    ]);
  });

  it("stands in its section, a collector in one of its own", () => {
    const leaves = [
      leaf("agent.name", "a"),
      leaf("collectors.kafka", null),
      leaf("collectors.kubernetes.x", 1),
    ];
    expect(bySection(leaves).map(([section]) => section)).toEqual([
      "agent",
      "collectors",
      "collectors.kubernetes",
    ]);
  });

  it("is found by key, value and source, never by what it hides", () => {
    const found = leaf("listen.api", 8080, "/etc/kronveil.yaml:3");
    expect(sought(found, "listen 8080")).toBe(true);
    expect(sought(found, "kronveil.yaml")).toBe(true);
    expect(sought(found, "listen 9090")).toBe(false);
    expect(sought(leaf("api.bootstrap_token", "********"), "hidden")).toBe(true);
    expect(shortSource("/etc/kronveil.yaml:3")).toBe("kronveil.yaml:3");
  });
});
