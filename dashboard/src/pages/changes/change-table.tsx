// One row a change: when, of what kind, what field by field, by whom, where, and which incidents suspect it.
import { Link } from "react-router";
import type { Change } from "../../api/types";
import { useSuspected } from "../../live/known";
import { Actor, arrowed, Diff, KindChip, ledgerAt, SuspectedBy, targetOf } from "../../parts/change";
import { resourceName } from "../../parts/resource";
import { At } from "../../parts/times";

export function ChangeTable({ rows }: { rows: readonly Change[] }) {
  const suspected = useSuspected();
  return (
    <div className="table-frame drains">
      <table className="grid change-table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">Made</th>
            <th scope="col">Kind</th>
            <th scope="col">Change</th>
            <th scope="col">By</th>
            <th scope="col">Cluster</th>
            <th scope="col">Suspected in</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((change) => {
            return (
              <tr key={change.id} data-change={change.id}>
                <td data-label="Made">
                  <Link to={ledgerAt(change.at)} title="What else changed around this time">
                    <At at={change.at} />
                  </Link>
                </td>
                <td data-label="Kind">
                  <KindChip kind={change.kind} />
                </td>
                <td className="cell-main">
                  <Link to={ledgerAt(null, { target: targetOf(change) })} data-row>
                    {resourceName(change.target)}
                  </Link>{" "}
                  <span className="quiet">
                    {change.target.kind} · {arrowed(change.summary)}
                    {change.source !== "spec" && ` · by ${change.source}`}
                  </span>
                  <Diff change={change} />
                </td>
                <td data-label="By">
                  <Actor actor={change.actor} />
                </td>
                <td data-label="Cluster">
                  <Link to={`/fleet/${encodeURIComponent(change.cluster_name)}`}>{change.cluster_name}</Link>
                </td>
                <td data-label="Suspected in" className="suspected-cell">
                  <SuspectedBy incidents={suspected.get(change.id) ?? []} ids={change.incidents} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
