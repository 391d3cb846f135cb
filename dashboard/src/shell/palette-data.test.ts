import { describe, expect, it } from "vitest";
import { runbook } from "../testing/run-samples";
import { cluster, incident } from "../testing/samples";
import { type Known, offersFor } from "./palette-data";

const known: Known = {
  incidents: [incident("a")],
  clusters: [cluster("alpha")],
  workloads: [],
  runbooks: [runbook("pod-oom", { name: "Pod OOM" })],
  commands: [{ label: "Pause or resume live", more: "command", tone: null, to: () => {} }],
};
const labels = (sought: string, more: Partial<Known> = {}) =>
  offersFor(sought, { ...known, ...more }, 20).map(({ label }) => label);

describe("the palette", () => {
  it("offers every page and view by its name", () => {
    const pages = [
      "Overview",
      "Incidents",
      "Fleet",
      "Explore",
      "Signals",
      "Changes",
      "Runbooks",
      "Parts",
      "Settings",
      "Tokens",
    ];
    expect(labels("")).toEqual(expect.arrayContaining(pages));
  });

  it("finds a runbook by its name, and not before it is asked for", () => {
    expect(labels("oom")).toContain("Pod OOM");
    expect(labels("")).not.toContain("Pod OOM");
  });

  it("offers what a cluster holds once words ask for it", () => {
    expect(labels("")).not.toContain("Pods of alpha");
    expect(labels("pods alpha")[0]).toBe("Pods of alpha");
  });

  it("offers what can be done", () => {
    expect(labels("pause")[0]).toBe("Pause or resume live");
  });

  it("offers workloads that the agent found, and to look elsewhere last", () => {
    const cart = { cluster: "alpha", namespace: "shop", name: "cart", kind: "Deployment" } as never;
    const found = offersFor("cart", { ...known, workloads: [cart] }, 20);
    expect(found.map(({ label }) => label)).toEqual([
      "cart",
      "Look for cart in all incidents",
      "Look for cart in the events",
    ]);
    expect(found[0]?.to).toBe("/fleet/alpha?view=pods&owner=cart&namespace=shop");
  });
});
