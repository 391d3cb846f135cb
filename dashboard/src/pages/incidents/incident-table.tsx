// One row an incident: severity in shape and word, what, where, how long, how often.
import { BellOff, ChevronRight } from "lucide-react";
import { useRef, useState } from "react";
import { Link } from "react-router";
import type { Incident } from "../../api/types";
import { isActive, rootsOf } from "../../live/hooks";
import { useLive } from "../../live/store";
import { clusterNames, resourceName } from "../../parts/resource";
import { capital, Severity, Shape } from "../../parts/shape";
import { Spacer } from "../../parts/spacer";
import { Age } from "../../parts/times";
import { useWindowed } from "../../parts/windowed";
import { duration, plural } from "../../time/format";
import type { Sort } from "./query";

export function IncidentTable(props: {
  rows: readonly Incident[];
  /** Without an order of the reader's, the headings are words. */
  order?: { sort: Sort; resort: (sort: Sort) => void };
  /** The reader wants the last row: there may be more. */
  last?: () => void;
}) {
  const { rows, order } = props;
  const sort = order?.sort;
  const resort = (to: Sort) => order && (() => order.resort(to));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const childrenOf = useChildren(rows);
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const lines = rootsOf(rows).flatMap((incident): Line[] => {
    const children = childrenOf(incident);
    const isOpen = open.has(incident.id);
    const fold = { open: isOpen, toggle: () => toggle(incident.id) };
    return [
      { incident, fold: children.length > 0 ? fold : undefined, isChild: false },
      ...(isOpen ? children : []).map((child) => ({ incident: child, fold: undefined, isChild: true })),
    ];
  });
  const body = useRef<HTMLTableSectionElement>(null);
  const near = useWindowed(body, lines, keyOf, ROW_PX, props.last);
  const flip = sort === "newest" ? "oldest" : "newest";
  return (
    <div className="table-frame drains">
      <table className="grid incident-table" aria-rowcount={lines.length + 1}>
        <thead>
          <tr>
            <Heading label="Severity" on={sort === "severity"} sort={resort("severity")} />
            <th scope="col">Incident</th>
            <th scope="col">Clusters</th>
            <th scope="col">Status</th>
            <Heading
              label="Age"
              on={sort === "newest" || sort === "oldest"}
              up={sort === "oldest"}
              sort={resort(flip)}
              className="number"
            />
            <Heading label="Events" on={sort === "events"} sort={resort("events")} className="number" />
          </tr>
        </thead>
        <tbody ref={body}>
          <Spacer height={near.before} columns={6} />
          {near.rows.map(({ row, index }) => (
            <IncidentRow key={keyOf(row)} {...row} index={index} measure={near.measure} />
          ))}
          <Spacer height={near.after} columns={6} />
        </tbody>
      </table>
    </div>
  );
}

function Heading(props: {
  label: string;
  on: boolean;
  up?: boolean;
  sort: (() => void) | undefined;
  className?: string;
}) {
  const order = props.on ? (props.up ? "ascending" : "descending") : "none";
  return (
    <th scope="col" aria-sort={order} className={props.className}>
      {props.sort ? (
        <button type="button" onClick={props.sort}>
          {props.label}
          <span aria-hidden="true">{props.on ? (props.up ? " ↑" : " ↓") : ""}</span>
        </button>
      ) : (
        props.label
      )}
    </th>
  );
}

/** The parts of a wider incident, from the rows and from whatever else the page has heard. */
function useChildren(rows: readonly Incident[]): (parent: Incident) => Incident[] {
  const heard = useLive((view) => view.world.incidents);
  return (parent) =>
    parent.children
      .flatMap((id) => heard.get(id) ?? rows.find((row) => row.id === id) ?? [])
      .sort((a, b) => clusterNames(a).localeCompare(clusterNames(b)));
}

type Fold = { open: boolean; toggle: () => void };
type Line = { incident: Incident; fold: Fold | undefined; isChild: boolean };

// A part may stand under its whole and by itself.
const keyOf = ({ incident, isChild }: Line): string => (isChild ? `${incident.id} part` : incident.id);
const ROW_PX = 43;

function IncidentRow(
  props: Line & { index: number; measure: ((element: Element | null) => void) | undefined },
) {
  const { incident, fold, isChild } = props;
  const classes = [!isActive(incident) && "row-over", isChild && "row-child"].filter(Boolean).join(" ");
  return (
    <tr
      ref={props.measure}
      className={classes || undefined}
      data-incident={incident.id}
      data-index={props.index}
      aria-rowindex={props.index + 2}
    >
      <td data-label="Severity">
        <Severity severity={incident.severity} />
      </td>
      <td className="cell-main">
        <Link to={`/incidents/${encodeURIComponent(incident.id)}`} data-row>
          {incident.title}
        </Link>
        {fold && (
          <button
            type="button"
            className="fold"
            aria-expanded={fold.open}
            aria-label={`${plural(incident.children.length, "part")} of this incident, one for each cluster`}
            onClick={fold.toggle}
          >
            <ChevronRight size={12} aria-hidden="true" /> {plural(incident.children.length, "part")}
          </button>
        )}
        <span className="meta">
          {resourceName(incident.resource)} · <code>{incident.kind}</code>
        </span>
      </td>
      <td data-label="Clusters" title={clusterNames(incident)}>
        {clusterNames(incident)}
      </td>
      <td data-label="Status">
        <StatusWord status={incident.status} />
        {incident.silenced && (
          <span className="silenced" title="A silence covers it now">
            <BellOff size={11} aria-hidden="true" /> silenced
          </span>
        )}
      </td>
      <td className="number" data-label="Age">
        <Lifetime incident={incident} />
      </td>
      <td className="number" data-label="Events">
        {incident.event_count.toLocaleString("en-US")}
      </td>
    </tr>
  );
}

export function StatusWord({ status }: { status: Incident["status"] }) {
  const over = status === "resolved" || status === "closed";
  return (
    <span className={`status status-${status}`}>
      <Shape tone={over ? "ok" : status === "open" ? "todo" : "partial"} size={12} />
      {capital(status)}
    </span>
  );
}

function Lifetime({ incident }: { incident: Incident }) {
  if (isActive(incident) || !incident.resolved_at) return <Age at={incident.opened_at} />;
  return (
    <span className="quiet">
      lasted {duration((Date.parse(incident.resolved_at) - Date.parse(incident.opened_at)) / 1000)}
    </span>
  );
}
