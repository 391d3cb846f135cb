// The table of one kind of object, as long as it is: a row is a place for cells, and only those near the window are drawn.
import { type ReactNode, useEffect, useRef } from "react";
import { Spacer } from "../../../parts/spacer";
import { useWindowed } from "../../../parts/windowed";

const ROW_PX = 43;

export type Named = { uid: string | null; namespace: string | null; name: string };

/** `kind` too: a name is free for each kind of workload. */
export const keyOf = (row: Named & { kind?: string }): string =>
  row.uid ?? `${row.kind ?? ""} ${row.namespace ?? ""} ${row.name}`;

/** What the list is told of: how far it was scrolled, and that its end is wished for. */
export type End = { near: (end: number) => void; last: () => void };

export function InventoryTable<Row extends Named>(props: {
  /** `pod` */
  noun: string;
  label: string;
  columns: readonly string[];
  /** Columns of figures. */
  numbers: readonly string[];
  rows: readonly Row[];
  end: End;
  cells: (row: Row) => ReactNode;
}) {
  const { noun, columns, numbers, rows, end } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const drawn = useWindowed(body, rows, keyOf, ROW_PX, end.last);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another end is news
  useEffect(() => end.near(drawn.end), [drawn.end]);
  return (
    <div className="table-frame drains">
      <table className="grid inventory-table" aria-rowcount={rows.length + 1} aria-label={props.label}>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col" className={numbers.includes(name) ? "number" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer height={drawn.before} columns={columns.length} />
          {drawn.rows.map(({ row, index }) => (
            <tr
              key={keyOf(row)}
              ref={drawn.measure}
              data-index={index}
              aria-rowindex={index + 2}
              {...{ [`data-${noun}`]: row.name }}
            >
              {props.cells(row)}
            </tr>
          ))}
          <Spacer height={drawn.after} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}
