// The affected part as a graph in four layers: cluster, workload, pod, node; from the evidence alone. Pure.
import type { IncidentDetail, Resource } from "../../api/types";
import { severityRank } from "../../live/hooks";

export type Thing = {
  readonly key: string;
  readonly layer: 0 | 1 | 2 | 3;
  readonly name: string;
  readonly kind: string;
  /** The worst that was seen of it; null where nothing was seen of the thing itself. */
  readonly severity: string | null;
  /** Row from the top; parents stand in the middle of their children. */
  row: number;
};
export type Graph = {
  readonly things: readonly Thing[];
  readonly links: readonly (readonly [Thing, Thing])[];
  readonly rows: number;
};

const MOST_PODS = 6;

type Leaf = { pod: Resource; severity: string; node: string | null };

export function graphOf(incident: IncidentDetail): Graph {
  const things: Thing[] = [];
  const links: [Thing, Thing][] = [];
  let row = 0;
  for (const [cluster, leaves] of leavesByCluster(incident)) {
    const first = row;
    const whole = thing(0, `${cluster}`, "Cluster", cluster, null);
    const root = rootOf(incident, cluster);
    const shown = leaves.slice(0, MOST_PODS);
    const nodes = new Map<string, Thing>();
    for (const { pod, severity, node } of shown) {
      const leaf = { ...thing(2, `${cluster} ${pod.name}`, pod.kind, pod.name, severity), row };
      row += 1;
      things.push(leaf);
      links.push([root, leaf]);
      if (node === null) continue;
      const under = nodes.get(node) ?? {
        ...thing(3, `${cluster} node ${node}`, "Node", node, null),
        row: leaf.row,
      };
      nodes.set(node, under);
      links.push([leaf, under]);
    }
    if (leaves.length > shown.length) {
      const more = `${leaves.length - shown.length} more with evidence`;
      const rest = { ...thing(2, `${cluster} more`, "more", more, null), row };
      row += 1;
      things.push(rest);
      links.push([root, rest]);
    }
    if (row === first) row += 1;
    root.row = whole.row = (first + row - 1) / 2;
    spread([...nodes.values()], links);
    things.push(whole, root, ...nodes.values());
    links.push([whole, root]);
  }
  return { things, links, rows: row };
}

const thing = (
  layer: Thing["layer"],
  key: string,
  kind: string,
  name: string,
  severity: string | null,
): Thing => ({
  key: `${layer} ${key}`,
  layer,
  name,
  kind,
  severity,
  row: 0,
});

function rootOf(incident: IncidentDetail, cluster: string): Thing {
  const { kind, name, namespace } = incident.resource;
  return thing(1, `${cluster} ${name}`, kind, namespace ? `${namespace} / ${name}` : name, incident.severity);
}

/** What was seen of single objects in each cluster, the worst first, each object once. */
function leavesByCluster(incident: IncidentDetail): Map<string, Leaf[]> {
  const found = new Map<string, Map<string, Leaf>>();
  for (const { name } of incident.clusters) found.set(name, new Map());
  for (const { cluster_name, resource, severity, attributes } of incident.evidence) {
    const leaves = found.get(cluster_name) ?? new Map<string, Leaf>();
    found.set(cluster_name, leaves);
    const isRoot = resource.kind === incident.resource.kind && resource.name === incident.resource.name;
    if (isRoot || resource.kind === "Node") continue;
    const said = attributes?.["k8s.node.name"];
    const node = typeof said === "string" ? said : null;
    const before = leaves.get(resource.name);
    const worse = !before || severityRank(severity) < severityRank(before.severity);
    leaves.set(resource.name, {
      pod: resource,
      severity: worse ? severity : before.severity,
      node: node ?? before?.node ?? null,
    });
  }
  return new Map(
    [...found]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, leaves]) => [
        name,
        [...leaves.values()].sort(
          (a, b) =>
            severityRank(a.severity) - severityRank(b.severity) || a.pod.name.localeCompare(b.pod.name),
        ),
      ]),
  );
}

/** Nodes stand in the middle of their pods, a row apart at least. */
function spread(nodes: Thing[], links: readonly (readonly [Thing, Thing])[]): void {
  for (const node of nodes) {
    const rows = links.filter(([, to]) => to.key === node.key).map(([from]) => from.row);
    node.row = rows.reduce((sum, each) => sum + each, 0) / Math.max(1, rows.length);
  }
  nodes.sort((a, b) => a.row - b.row);
  nodes.forEach((node, index) => {
    const above = nodes[index - 1];
    if (above && node.row - above.row < 1) node.row = above.row + 1;
  });
}
