// Four figures of the fleet, each with what it rests on.
import type { Incident } from "../../api/types";
import { useActiveRoots, useClusters } from "../../live/hooks";
import { isHeard } from "../../live/signals";
import { useLive } from "../../live/store";
import { AsOf } from "../../parts/panel";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { count, plural } from "../../time/format";
import { EventRate } from "./event-rate";

/** `[["critical", 1], ["low", 2]]`, worst first. */
export function bySeverity(incidents: readonly Incident[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { severity } of incidents) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  return [...counts];
}

export function Figures() {
  const active = useActiveRoots();
  const fleet = useLive((view) => view.world.fleet);
  const clusters = useClusters();
  const severities = bySeverity(active);
  const reporting = clusters.filter(isHeard).length;
  const rests = `from ${reporting} of ${plural(clusters.length, "cluster")}`;
  return (
    <section className="panel figures" aria-label="Figures">
      <Figure name="Open incidents" value={count(active.length)} unit="not over">
        {severities.length === 0
          ? "none of any severity"
          : severities.map(([severity, n]) => (
              <span key={severity} className={`tone-${toneOfSeverity(severity)}`}>
                <Shape tone={toneOfSeverity(severity)} size={12} /> {n} {severity}
              </span>
            ))}
      </Figure>
      <Figure name="Events recorded" value={count(fleet?.events)}>
        <EventRate />
      </Figure>
      <Figure name="Pods" value={count(fleet?.pods, fleet?.complete)}>
        {rests}
      </Figure>
      <Figure name="Nodes" value={count(fleet?.nodes, fleet?.complete)}>
        {rests}
      </Figure>
      <AsOf />
    </section>
  );
}

export function Figure(props: { name: string; value: string; unit?: string; children?: React.ReactNode }) {
  return (
    <div className="figure">
      <h2>{props.name}</h2>
      <p className="figure-value drains">
        <b>{props.value}</b> {props.unit && <span>{props.unit}</span>}
      </p>
      <p className="figure-more drains">{props.children}</p>
    </div>
  );
}
