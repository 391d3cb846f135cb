// The queue of what waits for a person: unacknowledged incidents, and clusters nobody hears.
import { Link } from "react-router";
import type { Cluster, Incident } from "../../api/types";
import { useActiveRoots, useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { Acknowledge } from "../../parts/actions";
import { useHeld } from "../../parts/held";
import { Kbd, Panel } from "../../parts/panel";
import { clusterNames, resourceName } from "../../parts/resource";
import { capital, Shape, toneOfSeverity } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration, plural, secondsSince } from "../../time/format";

type Need = { key: string; incident: Incident } | { key: string; cluster: Cluster };

/** Unacknowledged incidents, then silent clusters that no such incident already speaks for. */
export function needsOf(incidents: readonly Incident[], clusters: readonly Cluster[]): Need[] {
  const open = incidents.filter((incident) => incident.status === "open");
  const spoken = new Set(
    incidents
      .filter(({ family }) => family === "reach")
      .flatMap((one) => one.clusters.map(({ name }) => name)),
  );
  const silent = clusters.filter(
    ({ name, state }) => (state === "unreachable" || state === "unknown") && !spoken.has(name),
  );
  return [
    ...open.map((incident) => ({ key: `incident ${incident.id}`, incident })),
    ...silent.map((cluster) => ({ key: `cluster ${cluster.name}`, cluster })),
  ];
}

export function NeedsYou() {
  const incidents = useActiveRoots();
  const clusters = useClusters();
  const needs = needsOf(incidents, clusters);
  const { rows, waiting, letIn, grip } = useHeld(needs, (need) => need.key);
  return (
    <Panel
      title="Needs you"
      count={needs.length}
      className="needs"
      aside={
        <>
          {waiting > 0 && (
            <button type="button" className="new-rows" onClick={letIn}>
              {waiting} new
            </button>
          )}
          <span className="wide-only quiet">
            <Kbd>J</Kbd> <Kbd>K</Kbd> move <Kbd>↵</Kbd> open
          </span>
        </>
      }
    >
      {rows.length === 0 ? (
        <NothingWaits clusters={clusters.length} acknowledged={incidents.length} />
      ) : (
        <ul className="needs-rows" {...grip}>
          {rows.map((need) => (
            <li key={need.key}>
              {"incident" in need ? (
                <IncidentNeed incident={need.incident} />
              ) : (
                <ClusterNeed cluster={need.cluster} />
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function NothingWaits({ clusters, acknowledged }: { clusters: number; acknowledged: number }) {
  return (
    <div className="quiet-state">
      <Shape tone="ok" size={18} />
      <div>
        <strong>Nothing waits for you</strong>
        <p className="second">
          {acknowledged > 0
            ? `${plural(acknowledged, "incident")} not over, acknowledged by someone.`
            : `No incident is open in ${plural(clusters, "watched cluster")}.`}
        </p>
      </div>
    </div>
  );
}

function IncidentNeed({ incident }: { incident: Incident }) {
  const tone = toneOfSeverity(incident.severity);
  return (
    <div className={`need tone-${tone}`}>
      <Shape tone={tone} size={16} />
      <Link to={`/incidents/${encodeURIComponent(incident.id)}`} data-row className="need-text">
        <strong>{incident.title}</strong>
        <span className="meta">
          {capital(incident.severity)} · {clusterNames(incident)} · {resourceName(incident.resource)} ·{" "}
          {plural(incident.event_count, "event")}
        </span>
      </Link>
      {incident.status === "open" ? (
        <>
          <span className="need-age">
            unacknowledged <Age at={incident.opened_at} />
          </span>
          <Acknowledge incident={incident} />
        </>
      ) : (
        <span className="need-age">{incident.status} now</span>
      )}
    </div>
  );
}

function ClusterNeed({ cluster }: { cluster: Cluster }) {
  const seconds = secondsSince(cluster.last_seen, useNow());
  return (
    <div className="need tone-unknown">
      <Shape tone="unknown" size={16} />
      <Link to={`/fleet#${encodeURIComponent(cluster.name)}`} data-row className="need-text">
        <strong>
          {cluster.name} is {cluster.state === "unknown" ? "not known yet" : cluster.state}
        </strong>
        <span className="meta">{cluster.why ?? "The agent has no reason to give"}</span>
      </Link>
      <span className="need-age">
        {seconds === null ? "never heard from" : `last data ${duration(seconds)} ago`}
      </span>
      <Link className="button" to={`/fleet#${encodeURIComponent(cluster.name)}`}>
        See it
      </Link>
    </div>
  );
}
