// Deployments, stateful sets and daemon sets of one cluster, the worst first; each leads to its pods.
import { Link } from "react-router";
import { fetchWorkloads } from "../../../api/client";
import type { Workload } from "../../../api/types";
import { type Change, InventoryList } from "./list";
import { Narrow, Why } from "./pods";
import { type InventoryQuery, serverQuery } from "./query";
import { InventoryTable } from "./table";
import { Trouble } from "./trouble";

const COLUMNS = ["State", "Workload", "Namespace", "Why", "Available", "Updated"] as const;

export function Workloads(props: { cluster: string; heard: boolean; query: InventoryQuery; change: Change }) {
  const { cluster, query, change } = props;
  const asked = serverQuery(query);
  return (
    <InventoryList<Workload>
      noun="workload"
      query={query}
      change={change}
      asked={["workloads", cluster, asked]}
      fetchPage={(cursor) => fetchWorkloads({ ...asked, ...cursor, cluster })}
      table={(rows, end) => (
        <InventoryTable
          noun="workload"
          label="Workloads, the worst first"
          columns={COLUMNS}
          numbers={["Available", "Updated"]}
          rows={rows}
          end={end}
          cells={(each) => <Cells each={each} heard={props.heard} change={change} />}
        />
      )}
    />
  );
}

/** The list of its pods: on the same page, and Back comes here again. */
const podsOf = ({ name, namespace }: Workload): string =>
  `?${new URLSearchParams({ view: "pods", owner: name, ...(namespace ? { namespace } : {}) })}`;

/** Progress that ended well is no reason: then the missing pods are all that can be said. */
export function whyOf(of: Pick<Workload, "trouble" | "desired" | "available" | "reason" | "message">) {
  if (of.trouble === 0) return { reason: null, message: "", other: "as wanted" };
  const missing = of.desired - of.available;
  const isSettled = of.reason === null || of.reason === "NewReplicaSetAvailable";
  if (missing <= 0) return { reason: isSettled ? null : of.reason, message: of.message, other: "settling" };
  const lacks = `${missing.toLocaleString("en-US")} of ${of.desired.toLocaleString("en-US")} not available`;
  return { reason: lacks, message: isSettled ? "" : `${of.reason}: ${of.message}`, other: "" };
}

const Cells = ({ each, heard, change }: { each: Workload; heard: boolean; change: Change }) => (
  <>
    <td data-label="State">
      <Trouble level={each.trouble} heard={heard} />
    </td>
    <td className="cell-main">
      <div className="inventory-name">
        <Link to={podsOf(each)} data-row title={`Pods of ${each.name}`}>
          <bdi>{each.name}</bdi>
        </Link>
        <span className="meta">
          <Narrow value={each.kind} to={(kind) => change({ kind })} what="workloads of the kind" />
        </span>
      </div>
    </td>
    <td data-label="Namespace">
      <Narrow value={each.namespace} to={(namespace) => change({ namespace })} what="workloads in" />
    </td>
    <td data-label="Why" className="inventory-why">
      <Why {...whyOf(each)} />
    </td>
    <td data-label="Available" className="number">
      {each.available.toLocaleString("en-US")} of {each.desired.toLocaleString("en-US")}
    </td>
    <td data-label="Updated" className="number">
      {each.updated.toLocaleString("en-US")}
    </td>
  </>
);
