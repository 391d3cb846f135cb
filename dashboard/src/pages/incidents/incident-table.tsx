// One row an incident: severity in shape and word, what, where, how long, how often.
import { Link } from "react-router";
import type { Incident } from "../../api/types";
import { isActive } from "../../live/hooks";
import { clusterNames, resourceName } from "../../parts/resource";
import { capital, Severity, Shape } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration } from "../../time/format";
import type { Sort } from "./query";

export function IncidentTable(props: {
  rows: readonly Incident[];
  sort: Sort;
  resort: (sort: Sort) => void;
}) {
  const { rows, sort, resort } = props;
  const flip = sort === "newest" ? "oldest" : "newest";
  return (
    <div className="table-frame drains">
      <table className="grid incident-table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <Heading label="Severity" on={sort === "severity"} sort={() => resort("severity")} />
            <th scope="col">Incident</th>
            <th scope="col">Clusters</th>
            <th scope="col">Status</th>
            <Heading
              label="Age"
              on={sort === "newest" || sort === "oldest"}
              up={sort === "oldest"}
              sort={() => resort(flip)}
              className="number"
            />
            <Heading label="Events" on={sort === "events"} sort={() => resort("events")} className="number" />
          </tr>
        </thead>
        <tbody>
          {rows.map((incident) => (
            <IncidentRow key={incident.id} incident={incident} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading(props: { label: string; on: boolean; up?: boolean; sort: () => void; className?: string }) {
  const order = props.on ? (props.up ? "ascending" : "descending") : "none";
  return (
    <th scope="col" aria-sort={order} className={props.className}>
      <button type="button" onClick={props.sort}>
        {props.label}
        <span aria-hidden="true">{props.on ? (props.up ? " ↑" : " ↓") : ""}</span>
      </button>
    </th>
  );
}

function IncidentRow({ incident }: { incident: Incident }) {
  return (
    <tr className={isActive(incident) ? undefined : "row-over"} data-incident={incident.id}>
      <td data-label="Severity">
        <Severity severity={incident.severity} />
      </td>
      <td className="cell-main">
        <Link to={`/incidents/${encodeURIComponent(incident.id)}`} data-row>
          {incident.title}
        </Link>
        <span className="meta">
          {resourceName(incident.resource)} · <code>{incident.kind}</code>
        </span>
      </td>
      <td data-label="Clusters">{clusterNames(incident)}</td>
      <td data-label="Status">
        <StatusWord status={incident.status} />
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
