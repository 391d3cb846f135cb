// What is over, newest first: the other half of the story told by the queue.
import { useMemo } from "react";
import { Link } from "react-router";
import { isActive } from "../../live/hooks";
import { useLive } from "../../live/store";
import { Empty, Panel } from "../../parts/panel";
import { ClusterNames } from "../../parts/resource";
import { Shape } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration } from "../../time/format";

const SHOWN = 20;

export function Recovered() {
  const incidents = useLive((view) => view.world.incidents);
  const over = useMemo(
    () =>
      [...incidents.values()]
        .filter((incident) => !isActive(incident))
        .sort((a, b) => Date.parse(b.resolved_at ?? b.updated_at) - Date.parse(a.resolved_at ?? a.updated_at))
        .slice(0, SHOWN),
    [incidents],
  );
  return (
    <Panel title="Recovered" className="recovered" aside={<Link to="/incidents?status=resolved">all</Link>}>
      {over.length === 0 ? (
        <Empty>No incident is over yet.</Empty>
      ) : (
        <ul className="scroller recovered-rows">
          {over.map((incident) => (
            <li key={incident.id}>
              <Shape tone="ok" />
              <Link to={`/incidents/${encodeURIComponent(incident.id)}`} data-row>
                {incident.title}
                <span className="meta">
                  <ClusterNames incident={incident} />
                  {incident.resolved_at && (
                    <>
                      {" · "}
                      <span className="nowrap">
                        {"lasted "}
                        {duration((Date.parse(incident.resolved_at) - Date.parse(incident.opened_at)) / 1000)}
                      </span>
                    </>
                  )}
                  {" · "}
                  <span className="nowrap">
                    <Age at={incident.resolved_at ?? incident.updated_at} short /> ago
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
