// One row a change: when, of what kind, what field by field, by whom, where, and which incidents suspect it.
import { useRef } from "react";
import { Link } from "react-router";
import type { Change } from "../../api/types";
import { useSuspected } from "../../live/known";
import { Actor, arrowed, Diff, KindChip, ledgerAt, SuspectedBy, targetOf } from "../../parts/change";
import { resourceName } from "../../parts/resource";
import { Spacer } from "../../parts/spacer";
import { At } from "../../parts/times";
import { useWindowed } from "../../parts/windowed";

/** About the height of a row with one field of difference. */
const ROW_PX = 56;

export function ChangeTable({ rows, last }: { rows: readonly Change[]; last?: () => void }) {
  const suspected = useSuspected();
  const body = useRef<HTMLTableSectionElement>(null);
  const near = useWindowed(body, rows, (change) => change.id, ROW_PX, last);
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
        <tbody ref={body}>
          <Spacer height={near.before} columns={6} />
          {near.rows.map(({ row: change, index }) => {
            return (
              <tr
                key={change.id}
                ref={near.measure}
                data-index={index}
                data-change={change.id}
                aria-rowindex={index + 2}
              >
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
                <td data-label="Cluster" title={change.cluster_name}>
                  <Link to={`/fleet/${encodeURIComponent(change.cluster_name)}`}>{change.cluster_name}</Link>
                </td>
                <td data-label="Suspected in" className="suspected-cell">
                  <SuspectedBy incidents={suspected.get(change.id) ?? []} ids={change.incidents} />
                </td>
              </tr>
            );
          })}
          <Spacer height={near.after} columns={6} />
        </tbody>
      </table>
    </div>
  );
}
