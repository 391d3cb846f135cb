// The clusters this incident was seen in, with how well each is heard right now.
import { Link } from "react-router";
import type { Cluster, Incident, IncidentDetail } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { Panel } from "../../parts/panel";
import { capital, Shape, toneOfState } from "../../parts/shape";
import { duration, plural, secondsSince } from "../../time/format";
import { StatusWord } from "../incidents/incident-table";
import { useChildren } from "./family";
import { Merge } from "./merge";

export function Where({ incident }: { incident: IncidentDetail }) {
  const clusters = useClusters();
  const places = placesOf(incident, useChildren(incident));
  const seenIn = new Set(places.map(({ name }) => name));
  const others = clusters.filter(({ name }) => !seenIn.has(name));
  const blind = others.filter((cluster) => !isHeard(cluster));
  const clear = others.filter(isHeard);
  return (
    <Panel
      title="Where"
      aside={
        <>
          <span className="quiet">as the clusters report now</span>
          <Merge incident={incident} />
        </>
      }
    >
      <ul className="where">
        {places.map(({ name, child }) => (
          <Place key={name} name={name} child={child} cluster={clusters.find((one) => one.name === name)} />
        ))}
      </ul>
      {blind.length > 0 && (
        <p className="blind">
          <Shape tone="unknown" /> Not known for {blind.map(({ name }) => name).join(", ")}: not heard at the
          moment.
        </p>
      )}
      {clear.length > 0 && (
        <p className="meta">Not seen in {plural(clear.length, "other reporting cluster")}.</p>
      )}
    </Panel>
  );
}

type PlaceOf = { name: string; child: Incident | null };

/** Every cluster of the incident, a wider one's by the part that speaks for it. */
export function placesOf(incident: Pick<Incident, "clusters">, children: readonly Incident[]): PlaceOf[] {
  const places = new Map<string, PlaceOf>();
  for (const child of children) {
    for (const { name } of child.clusters) places.set(name, { name, child });
  }
  // A parent names each cluster; one whose part this page does not have yet is named without it.
  const names = incident.clusters.map(({ name }) => name);
  const spoken = (name: string) => places.has(name) || name.split(", ").every((part) => places.has(part));
  for (const name of names) if (!spoken(name)) places.set(name, { name, child: null });
  return [...places.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function Place({ name, child, cluster }: PlaceOf & { cluster: Cluster | undefined }) {
  const seconds = secondsSince(cluster?.last_seen, useNow());
  return (
    <li data-where={name}>
      <Shape tone={toneOfState(cluster?.state ?? "unknown")} />
      <Link to={`/fleet/${encodeURIComponent(name)}`}>{name}</Link>
      {child && (
        <Link className="where-child" to={`/incidents/${encodeURIComponent(child.id)}`} title={child.title}>
          <StatusWord status={child.status} /> {plural(child.event_count, "event")}
        </Link>
      )}
      <span className="quiet">
        {cluster ? `${child ? capital(cluster.state) : `${cluster.state}, `}` : "no longer configured"}
        {cluster && !child && (seconds === null ? "never heard from" : `last data ${duration(seconds)} ago`)}
      </span>
    </li>
  );
}
