// Every pod of one cluster, the worst first, as many as there are.
import { fetchPods } from "../../../api/client";
import type { Pod } from "../../../api/types";
import { type Change, InventoryList } from "./list";
import { type InventoryQuery, serverQuery } from "./query";
import { InventoryTable } from "./table";
import { Trouble } from "./trouble";

const COLUMNS = ["State", "Pod", "Namespace", "Why", "Restarts", "Node"] as const;

export function Pods(props: { cluster: string; heard: boolean; query: InventoryQuery; change: Change }) {
  const { cluster, query, change } = props;
  const asked = serverQuery(query);
  return (
    <InventoryList<Pod>
      noun="pod"
      query={query}
      change={change}
      asked={["pods", cluster, asked]}
      fetchPage={(cursor) => fetchPods({ ...asked, ...cursor, cluster })}
      table={(rows, end) => (
        <InventoryTable
          noun="pod"
          label="Pods, the worst first"
          columns={COLUMNS}
          numbers={["Restarts"]}
          rows={rows}
          end={end}
          cells={(pod) => <Cells pod={pod} heard={props.heard} change={change} />}
        />
      )}
    />
  );
}

const Cells = ({ pod, heard, change }: { pod: Pod; heard: boolean; change: Change }) => (
  <>
    <td data-label="State">
      <Trouble level={pod.trouble} heard={heard} />
    </td>
    <td className="cell-main">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: rows take the focus of j and k */}
      <bdi tabIndex={0} data-row title={pod.name}>
        {pod.name}
      </bdi>
      {pod.owner && (
        <span className="meta">
          {pod.owner.kind} <Narrow value={pod.owner.name} to={(owner) => change({ owner })} what="pods of" />
        </span>
      )}
    </td>
    <td data-label="Namespace">
      <Narrow value={pod.namespace} to={(namespace) => change({ namespace })} what="pods in" />
    </td>
    <td data-label="Why" className="inventory-why">
      <Why reason={pod.reason} message={pod.message} other={pod.phase} />
    </td>
    <td data-label="Restarts" className="number">
      {pod.restarts.toLocaleString("en-US")}
    </td>
    <td data-label="Node" className="inventory-node">
      <Narrow value={pod.node} to={(node) => change({ node })} what="pods on" none="on no node" />
    </td>
  </>
);

/** A value that narrows the list to its like. */
export function Narrow(props: {
  value: string | null;
  what: string;
  none?: string;
  to: (value: string) => void;
}) {
  const { value } = props;
  if (!value) return <span className="quiet">{props.none ?? "none"}</span>;
  return (
    <button
      type="button"
      className="narrow clip"
      title={`Only ${props.what} ${value}`}
      onClick={() => props.to(value)}
    >
      <bdi>{value}</bdi>
    </button>
  );
}

/** Kubernetes' own word for what is wrong, and its sentence. */
export function Why({ reason, message, other }: { reason: string | null; message: string; other: string }) {
  if (!reason) return <span className="quiet">{other}</span>;
  return (
    <span>
      <strong>{reason}</strong> <bdi className="second">{message}</bdi>
    </span>
  );
}
