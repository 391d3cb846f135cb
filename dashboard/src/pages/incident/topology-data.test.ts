import { describe, expect, it } from "vitest";
import { detail, event } from "../../testing/samples";
import { graphOf } from "./topology-data";

const pod = (name: string, severity: "high" | "low" = "high", node = "node-1", cluster = "alpha") =>
  event(`${cluster}-${name}-${severity}`, {
    cluster_name: cluster,
    severity,
    resource: { kind: "Pod", namespace: "shop", name, uid: name },
    attributes: { "k8s.node.name": node },
  });

describe("the affected part", () => {
  it("goes from the cluster over the workload to each pod once, the worst first, and the node under it", () => {
    const graph = graphOf(detail("cart", { evidence: [pod("b", "low"), pod("a", "low"), pod("a")] }));
    expect(
      graph.things.filter(({ layer }) => layer === 2).map(({ name, severity }) => [name, severity]),
    ).toEqual([
      ["a", "high"],
      ["b", "low"],
    ]);
    expect(graph.things.filter(({ layer }) => layer === 3).map(({ name }) => name)).toEqual(["node-1"]);
    expect(graph.links.map(([from, to]) => `${from.layer}-${to.layer}`).sort()).toEqual([
      "0-1",
      "1-2",
      "1-2",
      "2-3",
      "2-3",
    ]);
  });

  it("counts the pods it has no room for", () => {
    const many = Array.from({ length: 9 }, (_, index) => pod(`p${index}`));
    expect(graphOf(detail("cart", { evidence: many })).things.find(({ kind }) => kind === "more")?.name).toBe(
      "3 more with evidence",
    );
  });

  it("shows the workload alone where no single object was seen", () => {
    const graph = graphOf(detail("cart"));
    expect([graph.rows, graph.things.length]).toEqual([1, 2]);
  });
});
