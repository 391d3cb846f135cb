// The affected part: which pods of the workload were seen in trouble, and on which nodes they stand.
import { useMemo } from "react";
import { Link } from "react-router";
import type { IncidentDetail } from "../../api/types";
import { Panel } from "../../parts/panel";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { plural } from "../../time/format";
import { graphOf, type Thing } from "./topology-data";

const ROW_PX = 30;
/** Left edge and width of each layer, in hundredths of the drawing. */
const LAYERS = [
  [0, 18],
  [23, 23],
  [51, 25],
  [81, 19],
] as const;
const NAMES = ["Cluster", "Workload", "Pods with evidence", "Node"] as const;

const middle = (thing: Thing): number => thing.row * ROW_PX + ROW_PX / 2;

export function Topology({ incident }: { incident: IncidentDetail }) {
  const graph = useMemo(() => graphOf(incident), [incident]);
  const pods = graph.things.filter(({ layer }) => layer === 2).length;
  if (pods === 0) return null;
  const height = Math.max(graph.rows, ...graph.things.map(({ row }) => row + 1)) * ROW_PX;
  return (
    <Panel
      title="Affected part"
      className="topology"
      aside={<span className="quiet">from the evidence; {plural(graph.links.length, "tie")}</span>}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="topology-frame" tabIndex={0} aria-label="Affected part, from cluster to node">
        <div className="topology-heads" aria-hidden="true">
          {NAMES.map((name, layer) => (
            <span key={name} style={{ left: `${LAYERS[layer]?.[0]}%` }}>
              {name}
            </span>
          ))}
        </div>
        <div className="topology-stage" style={{ height }}>
          <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
            {graph.links.map(([from, to]) => (
              <Tie key={`${from.key} ${to.key}`} from={from} to={to} />
            ))}
          </svg>
          <ul>
            {graph.things.map((thing) => (
              <Box key={thing.key} thing={thing} />
            ))}
          </ul>
        </div>
      </section>
    </Panel>
  );
}

function Tie({ from, to }: { from: Thing; to: Thing }) {
  const [left, width] = LAYERS[from.layer];
  const [end] = LAYERS[to.layer];
  const start = left + width;
  const bend = (start + end) / 2;
  const d = `M${start} ${middle(from)}C${bend} ${middle(from)} ${bend} ${middle(to)} ${end} ${middle(to)}`;
  return <path d={d} className={to.severity ? `tie tone-${toneOfSeverity(to.severity)}` : "tie"} />;
}

function Box({ thing }: { thing: Thing }) {
  const [left, width] = LAYERS[thing.layer];
  const tone = thing.severity ? toneOfSeverity(thing.severity) : null;
  return (
    <li
      className={`thing${tone ? ` tone-${tone}` : ""}${thing.kind === "more" ? " thing-more" : ""}`}
      style={{ left: `${left}%`, width: `${width}%`, top: thing.row * ROW_PX + 3 }}
      title={`${thing.kind} ${thing.name}`}
      data-thing={thing.kind}
    >
      {tone && <Shape tone={tone} size={11} label={thing.severity ?? ""} />}
      {thing.layer === 0 ? (
        <Link to={`/fleet/${encodeURIComponent(thing.name)}`} className="clip">
          {thing.name}
        </Link>
      ) : (
        <bdi className="clip">{thing.name}</bdi>
      )}
    </li>
  );
}
