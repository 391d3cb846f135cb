// The line under the top bar: how much of the fleet the numbers on this page rest on.
import { Link } from "react-router";
import type { Cluster } from "../api/types";
import { useClusters } from "../live/hooks";
import { useNow } from "../live/pulse";
import { isHeard, signalsOf } from "../live/signals";
import { useLive } from "../live/store";
import { dropped } from "../live/world";
import { Shape, toneOfState } from "../parts/shape";
import { duration, plural, secondsSince } from "../time/format";

/** `unreachable 6 min 03 s`, `unknown`: why a member is not counted. */
export function silence(cluster: Cluster, now: number): string {
  const seconds = secondsSince(cluster.last_seen, now);
  if (seconds === null) return `${cluster.state}, never heard from`;
  return `${cluster.state} ${duration(seconds)}`;
}

const NAMED = 3;

export function CoverageLine() {
  const known = useLive((view) => view.world.known);
  const clusters = useClusters();
  const status = useLive((view) => view.world.status);
  const fleet = useLive((view) => view.world.fleet);
  const now = useNow();
  if (!known) {
    return (
      <section className="coverage" aria-label="Coverage">
        <span className="quiet">Coverage is not known yet</span>
      </section>
    );
  }
  const reporting = clusters.filter(isHeard);
  const silent = clusters.filter((cluster) => !isHeard(cluster));
  const signals = signalsOf(clusters);
  return (
    <section className="coverage drains" aria-label="Coverage">
      <Cells clusters={clusters} />
      {clusters.length === 0 ? (
        <strong>No cluster is configured yet</strong>
      ) : (
        <Link to="/fleet">
          <strong>
            {reporting.length} of {plural(clusters.length, "cluster")} reporting
          </strong>
        </Link>
      )}
      {silent.slice(0, NAMED).map((cluster) => (
        <Link key={cluster.name} to={`/fleet#${encodeURIComponent(cluster.name)}`} className="unknown-text">
          <Shape tone={toneOfState(cluster.state)} /> {cluster.name} {silence(cluster, now)}
        </Link>
      ))}
      {silent.length > NAMED && (
        <Link to="/fleet" className="unknown-text">
          and {silent.length - NAMED} more
        </Link>
      )}
      {signals.expected > 0 && (
        <span className="second">
          {signals.inStep} of {plural(signals.expected, "signal")} in step
        </span>
      )}
      {clusters.length === 0 && fleet && (
        <span className="second">{plural(fleet.events, "event")} recorded since the first start</span>
      )}
      {status && clusters.length > 0 && (
        <span className="second" title="Since the agent started">
          {dropped(status.books).toLocaleString("en-US")} dropped
        </span>
      )}
      <span className="coverage-end quiet">
        {fleet && !fleet.complete && `≥ leaves out ${plural(fleet.missing.length, "cluster")}`}
      </span>
    </section>
  );
}

function Cells({ clusters }: { clusters: readonly Cluster[] }) {
  if (clusters.length > 40) return null;
  return (
    <span className="cells" aria-hidden="true">
      {clusters.length === 0 && <i className="cell-none" />}
      {[...clusters].reverse().map((cluster) => (
        <i key={cluster.name} className={isHeard(cluster) ? `cell-${cluster.state}` : "cell-silent"} />
      ))}
    </span>
  );
}
