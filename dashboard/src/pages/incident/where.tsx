// The clusters this incident was seen in, with how well each is heard right now.
import { Link } from "react-router";
import type { IncidentDetail } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { Panel } from "../../parts/panel";
import { Shape, toneOfState } from "../../parts/shape";
import { duration, plural, secondsSince } from "../../time/format";

export function Where({ incident }: { incident: IncidentDetail }) {
  const clusters = useClusters();
  const now = useNow();
  const seenIn = new Set(incident.clusters.map(({ name }) => name));
  const others = clusters.filter(({ name }) => !seenIn.has(name));
  const blind = others.filter((cluster) => !isHeard(cluster));
  const clear = others.filter(isHeard);
  return (
    <Panel title="Where" aside={<span className="quiet">as the clusters report now</span>}>
      <ul className="where">
        {incident.clusters.map(({ name }) => {
          const cluster = clusters.find((one) => one.name === name);
          const seconds = secondsSince(cluster?.last_seen, now);
          return (
            <li key={name}>
              <Shape tone={toneOfState(cluster?.state ?? "unknown")} />
              <Link to={`/fleet#${encodeURIComponent(name)}`}>{name}</Link>
              <span className="quiet">
                {cluster ? `${cluster.state}, ` : "no longer configured"}
                {cluster && (seconds === null ? "never heard from" : `last data ${duration(seconds)} ago`)}
              </span>
            </li>
          );
        })}
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
