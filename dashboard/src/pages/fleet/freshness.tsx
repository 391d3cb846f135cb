// How fresh is everything? A cell for each signal of each cluster: its age against the age it may have.
import { Lock } from "lucide-react";
import { Link } from "react-router";
import type { Cluster } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { Empty, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { duration, plural, shortDuration } from "../../time/format";

export type Cell =
  | { word: "fresh" | "late"; age: number; goal: number | null; why: string | null }
  | { word: "failing" | "no access" | "not known"; age: number | null; why: string | null }
  | { word: "not watched" | "not served" };

type Kind = Cluster["kinds"][string];

/** `since`: seconds since the agent told the ages. Whether an age is too old is the agent's word first. */
export function cellOf(kind: Kind | undefined, heard: boolean, since: number): Cell {
  if (!kind) return heard ? { word: "not watched" } : { word: "not known", age: null, why: null };
  const age = kind.age_s === null ? null : kind.age_s + since;
  if (!heard) return { word: "not known", age, why: kind.error };
  if (kind.state === "not_served") return { word: "not served" };
  if (kind.state === "forbidden") return { word: "no access", age, why: kind.error };
  if (kind.error !== null || kind.state === "unreadable") return { word: "failing", age, why: kind.error };
  if (age === null || !kind.synced) return { word: "not known", age, why: "not listed yet" };
  const late = kind.state === "silent" || (kind.goal_s !== null && age > kind.goal_s);
  return { word: late ? "late" : "fresh", age, goal: kind.goal_s, why: null };
}

/** Seconds since the agent answered about a cluster: its ages are as of then. */
const sinceTold = (cluster: Cluster, now: number): number => {
  if (cluster.last_seen === null) return 0;
  return Math.max(0, (now - Date.parse(cluster.last_seen)) / 1000 - (cluster.age_s ?? 0));
};

export function Freshness() {
  const clusters = [...useClusters()].sort((a, b) => a.name.localeCompare(b.name));
  const now = useNow();
  const signals = [...new Set(clusters.flatMap((cluster) => Object.keys(cluster.kinds)))].sort();
  return (
    <Panel
      title="Freshness"
      className="freshness"
      count={`${plural(signals.length, "signal")} × ${plural(clusters.length, "cluster")}`}
      aside={<Legend />}
    >
      {signals.length === 0 ? (
        <Empty>No cluster has been heard from yet, so no signal has an age.</Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="heat-frame" tabIndex={0} aria-label="Freshness of every signal">
          <table className={clusters.length > 8 ? "heat heat-many" : "heat"}>
            <thead>
              <tr>
                <td />
                {clusters.map((cluster) => (
                  <th key={cluster.name} scope="col">
                    <Link to={`/fleet/${encodeURIComponent(cluster.name)}`}>
                      <span>{cluster.name}</span>
                    </Link>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {signals.map((signal) => (
                <tr key={signal}>
                  <th scope="row">{signal}</th>
                  {clusters.map((cluster) => (
                    <HeatCell
                      key={cluster.name}
                      name={`${signal} of ${cluster.name}`}
                      cell={cellOf(cluster.kinds[signal], isHeard(cluster), sinceTold(cluster, now))}
                    />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

function HeatCell({ name, cell }: { name: string; cell: Cell }) {
  if (!("age" in cell)) {
    return (
      <td className="heat-absent" title={`${name}: ${cell.word}`}>
        <span className="visually-hidden">{cell.word}</span>
        <span aria-hidden="true">–</span>
      </td>
    );
  }
  const age = cell.age === null ? "never" : shortDuration(cell.age);
  const goal = "goal" in cell ? cell.goal : null;
  const depth = goal !== null && cell.age !== null ? Math.min(1, cell.age / goal) : 0;
  const limit = goal === null ? "" : `, may be ${duration(goal)}`;
  const why = cell.why ? `, ${cell.why}` : "";
  return (
    <td
      className={`heat-${cell.word.replace(" ", "-")}`}
      style={{ "--depth": depth } as React.CSSProperties}
      title={`${name}: ${cell.word}, ${age}${limit}${why}`}
      data-heat={cell.word}
    >
      {cell.word === "late" && <Shape tone="partial" size={11} label="late" />}
      {cell.word === "failing" && <Shape tone="high" size={11} label="failing" />}
      {cell.word === "no access" && <Lock size={11} aria-label="no access" />}
      <span>{cell.age === null && cell.word === "not known" ? "?" : age}</span>
      {goal !== null && <span className="heat-goal">of {shortDuration(goal)}</span>}
    </td>
  );
}

function Legend() {
  return (
    <span className="legend second wide-only">
      <span>
        <i className="swatch heat-fresh heat-deep" /> age of what it may be
      </span>
      <span>
        <Shape tone="partial" size={11} /> late
      </span>
      <span>
        <Shape tone="high" size={11} /> failing
      </span>
      <span>
        <Lock size={11} aria-hidden="true" /> no access
      </span>
      <span>
        <i className="swatch hatched" /> not known
      </span>
    </span>
  );
}
