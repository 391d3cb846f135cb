// The queue of what waits for a person: plans to sign, runs that did not help, unacknowledged incidents, and clusters
// nobody hears.
import { Link } from "react-router";
import type { Cluster, Execution, Incident } from "../../api/types";
import { isActive, useActiveRoots, useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isEnded, useRuns, waitingFirst } from "../../live/runs";
import { useLive } from "../../live/store";
import { Acknowledge } from "../../parts/actions";
import { useHeld } from "../../parts/held";
import { Kbd, Panel } from "../../parts/panel";
import { clusterNames, resourceName } from "../../parts/resource";
import { leftOf } from "../../parts/run/left";
import { effectOf, isWrite, standingOf, targetName } from "../../parts/run/words";
import { capital, Shape, toneOfSeverity } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration, plural, secondsSince } from "../../time/format";

type Need =
  | { key: string; plan: Execution }
  | { key: string; failed: Execution }
  | { key: string; incident: Incident }
  | { key: string; cluster: Cluster };

const UNHELPFUL: readonly Execution["verdict"][] = ["ineffective", "harmful", "unknown"];

/** The newest run for each incident that goes on, where it did not help, asks something, or needs a person. */
export function failedOf(runs: readonly Execution[], goesOn: (incidentId: string) => boolean): Execution[] {
  const newest = new Map<string, Execution>();
  for (const run of runs) {
    const held = newest.get(run.incident_id);
    if (run.mode === "live" && (!held || held.requested_at < run.requested_at))
      newest.set(run.incident_id, run);
  }
  return [...newest.values()].filter(
    (run) =>
      goesOn(run.incident_id) &&
      (run.needs_person !== "" || run.question !== null || (isEnded(run) && UNHELPFUL.includes(run.verdict))),
  );
}

/** Plans by expiry, runs that did not help, unacknowledged incidents, then silent clusters that none speaks for. */
export function needsOf(
  incidents: readonly Incident[],
  clusters: readonly Cluster[],
  plans: readonly Execution[] = [],
  failed: readonly Execution[] = [],
): Need[] {
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
    ...plans.map((plan) => ({ key: `plan ${plan.id}`, plan })),
    ...failed.map((run) => ({ key: `failed ${run.id}`, failed: run })),
    ...open.map((incident) => ({ key: `incident ${incident.id}`, incident })),
    ...silent.map((cluster) => ({ key: `cluster ${cluster.name}`, cluster })),
  ];
}

export function NeedsYou() {
  const incidents = useActiveRoots();
  const clusters = useClusters();
  const { runs } = useRuns();
  const known = useLive((view) => view.world.incidents);
  const goesOn = (id: string): boolean => {
    const incident = known.get(id);
    return incident !== undefined && isActive(incident);
  };
  const needs = needsOf(incidents, clusters, waitingFirst(runs), failedOf(runs, goesOn));
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
              {"plan" in need ? (
                <PlanNeed run={need.plan} />
              ) : "failed" in need ? (
                <FailedNeed run={need.failed} />
              ) : "incident" in need ? (
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

function PlanNeed({ run }: { run: Execution }) {
  const now = useNow();
  const left = run.plan && leftOf(run.plan, now);
  const to = `/executions/${encodeURIComponent(run.id)}#approve`;
  const act = run.plan?.steps.find(isWrite);
  return (
    <div className="need tone-wait" data-need-plan={run.id}>
      <Shape tone="wait" size={16} />
      <Link to={to} data-row className="need-text">
        <strong>
          {run.runbook_name}
          {act ? `: ${act.summary}` : ""}
        </strong>
        <span className="meta">
          waits for approval · {run.plan && effectOf(run.plan)}
          {act?.target && ` · ${act.target.cluster} · ${targetName(act)}`}
        </span>
      </Link>
      <span className="need-age">{left && (left.isOver ? "expired" : `${duration(left.seconds)} left`)}</span>
      <Link className="button primary" to={to} aria-label={`Review plan of ${run.runbook_name}`}>
        Review plan
      </Link>
    </div>
  );
}

function FailedNeed({ run }: { run: Execution }) {
  const { word, tone } = run.question ? { word: "It asks you", tone: "wait" as const } : standingOf(run);
  const to = `/executions/${encodeURIComponent(run.id)}`;
  return (
    <div className={`need tone-${tone}`}>
      <Shape tone={tone} size={16} />
      <Link to={to} data-row className="need-text">
        <strong>
          {run.runbook_name}: {word.toLowerCase()}
        </strong>
        <span className="meta">
          {run.question?.text || run.needs_person || run.verdict_reason || run.problem}
        </span>
      </Link>
      <span className="need-age">
        <Age at={run.ended_at ?? run.updated_at} /> ago
      </span>
      <Link className="button" to={to} aria-label={`See the run of ${run.runbook_name}`}>
        See it
      </Link>
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
