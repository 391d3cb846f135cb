// One row a cluster: its state, how old its data is, and a cell for each kind of object watched.
import { Link, useLocation } from "react-router";
import type { Cluster, Incident } from "../../api/types";
import { severityRank, useActiveRoots } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { dropped, imbalance } from "../../live/world";
import { capital, Shape, toneOfSeverity, toneOfState } from "../../parts/shape";
import { Age } from "../../parts/times";
import { count, duration, plural, secondsSince } from "../../time/format";
import { KindCell, OtherKinds } from "./kind-cell";

const FIRST_KINDS = ["pods", "nodes", "events", "deployments", "replicasets", "namespaces"];

/** The kinds with a column of their own, and the others, which share one; the panel below names each of them. */
export function kindsOf(clusters: readonly Cluster[]): { columns: string[]; others: string[] } {
  const names = [...new Set(clusters.flatMap((cluster) => Object.keys(cluster.kinds)))].sort();
  const columns = FIRST_KINDS.filter((name) => names.includes(name));
  return { columns, others: names.filter((name) => !FIRST_KINDS.includes(name)) };
}

export function FleetTable({ clusters }: { clusters: readonly Cluster[] }) {
  const { columns, others } = kindsOf(clusters);
  const incidents = useActiveRoots();
  const { hash } = useLocation();
  return (
    <div className="table-frame drains">
      <table className="grid fleet-table">
        <thead>
          <tr>
            <th scope="col">Cluster</th>
            <th scope="col">State</th>
            <th scope="col">Last data</th>
            <th scope="col" className="number">
              Pod count
            </th>
            <th scope="col" className="number">
              Node count
            </th>
            {columns.map((kind) => (
              <th scope="col" key={kind} className="kind-head">
                {capital(kind)}
              </th>
            ))}
            {others.length > 0 && (
              <th scope="col" title={others.join(", ")}>
                {others.length} more
              </th>
            )}
            <th scope="col">Version</th>
            <th scope="col">Books</th>
          </tr>
        </thead>
        <tbody>
          {clusters.map((cluster) => (
            <ClusterRow
              key={cluster.name}
              cluster={cluster}
              columns={columns}
              others={others}
              incidents={incidents.filter((incident) =>
                incident.clusters.some(({ name }) => name === cluster.name),
              )}
              named={hash === `#${encodeURIComponent(cluster.name)}`}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ClusterRow(props: {
  cluster: Cluster;
  columns: readonly string[];
  others: readonly string[];
  incidents: readonly Incident[];
  named: boolean;
}) {
  const { cluster, columns, others, incidents, named } = props;
  const heard = isHeard(cluster);
  const now = useNow();
  const why = whyOf(cluster, now);
  const { search } = useLocation();
  // Ages in the row are as of the agent's last answer about it; they go on from there.
  const asked =
    cluster.last_seen === null ? now : Date.parse(cluster.last_seen) + (cluster.age_s ?? 0) * 1000;
  const sinceAsked = Math.max(0, (now - asked) / 1000);
  return (
    <>
      <tr
        id={`cluster-${cluster.name}`}
        tabIndex={-1}
        className={`${named ? "named" : ""}${why ? " has-why" : ""}`}
        data-state={cluster.state}
      >
        <th scope="row" className="cell-main">
          <Link to={{ hash: encodeURIComponent(cluster.name), search }} replace data-row>
            {cluster.name}
          </Link>{" "}
          <span className="quiet">{cluster.region ?? ""}</span>
        </th>
        <td data-label="State">
          <State cluster={cluster} incidents={incidents} />
        </td>
        <td data-label="Last data">
          <Age at={cluster.last_seen} />
        </td>
        <td className={heard ? "number" : "number last-known"} data-label="Pod count">
          {count(cluster.pods)}
        </td>
        <td className={heard ? "number" : "number last-known"} data-label="Node count">
          {count(cluster.nodes)}
        </td>
        {columns.map((kind) => (
          <KindCell key={kind} name={kind} kind={cluster.kinds[kind]} heard={heard} since={sinceAsked} />
        ))}
        {others.length > 0 && <OtherKinds cluster={cluster} names={others} heard={heard} />}
        <td className="mono" data-label="Version">
          {cluster.version ?? "?"}
        </td>
        <td data-label="Books">
          <Balance cluster={cluster} />
        </td>
      </tr>
      {why && (
        <tr className="why-row">
          <td colSpan={7 + columns.length + (others.length > 0 ? 1 : 0)}>{why}</td>
        </tr>
      )}
    </>
  );
}

function State({ cluster, incidents }: { cluster: Cluster; incidents: readonly Incident[] }) {
  const worst = [...incidents].sort((a, b) => severityRank(a.severity) - severityRank(b.severity))[0];
  const tone = worst && isHeard(cluster) ? toneOfSeverity(worst.severity) : toneOfState(cluster.state);
  return (
    <span className={`state tone-${tone}`}>
      <Shape tone={tone} />
      {capital(cluster.state)}
      {incidents.length > 0 && (
        <Link to={`/incidents?cluster=${encodeURIComponent(cluster.name)}`}>
          {plural(incidents.length, "incident")}
        </Link>
      )}
    </span>
  );
}

/** Why a member is not whole: the agent's word for it, and the kinds that fail by themselves. */
export function whyOf(cluster: Cluster, now: number): string | null {
  const parts: string[] = cluster.why ? [cluster.why] : [];
  for (const [name, kind] of Object.entries(cluster.kinds)) {
    if (kind.error && !parts.some((part) => part.includes(kind.error ?? "")))
      parts.push(`${name}: ${kind.error}`);
  }
  if (cluster.same_as) parts.push(`the very same cluster as ${cluster.same_as}`);
  if (!isHeard(cluster)) {
    const seconds = secondsSince(cluster.last_seen, now);
    parts.push(
      seconds === null
        ? "never heard from, so nothing is counted"
        : `last heard ${duration(seconds)} ago, its last known numbers are not in the totals`,
    );
  }
  return parts.length === 0 ? null : parts.join(" · ");
}

function Balance({ cluster }: { cluster: Cluster }) {
  if (cluster.last_seen === null) return <span className="unknown-text">nothing yet</span>;
  const off = imbalance(cluster.books);
  const lost = dropped(cluster.books);
  const title = `received ${cluster.books.received} = delivered ${cluster.books.delivered} + merged ${cluster.books.merged} + dropped ${lost} + in flight ${cluster.books.in_flight}`;
  if (off !== 0) {
    return (
      <span className="tone-critical" title={title}>
        <Shape tone="critical" size={12} /> off by {off.toLocaleString("en-US")}
      </span>
    );
  }
  return (
    <span className={lost > 0 ? "tone-high" : "second"} title={title}>
      <Shape tone={lost > 0 ? "high" : "ok"} size={12} /> {count(cluster.books.received)}
      {lost > 0 && `, ${lost.toLocaleString("en-US")} dropped`}
    </span>
  );
}
