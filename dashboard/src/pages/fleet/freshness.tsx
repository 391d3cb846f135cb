// How fresh is everything? A cell for each signal of each cluster: its age against the age it may have.
import { Link } from "react-router";
import type { Cluster } from "../../api/types";
import { useGoals } from "../../live/goals";
import { useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { Empty, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { duration, plural, shortDuration } from "../../time/format";

export type Cell =
  | { word: "fresh" | "late"; age: number; share: number | null; why: string | null }
  | { word: "failing" | "unknown"; age: number | null; why: string | null }
  | { word: "absent" };

type Kind = Cluster["kinds"][string];

/** `since`: seconds since the agent told the ages; `goal`: the age it may have, when that is known. */
export function cellOf(kind: Kind | undefined, heard: boolean, since: number, goal: number | null): Cell {
  if (!kind) return heard ? { word: "absent" } : { word: "unknown", age: null, why: null };
  const age = kind.age_s === null ? null : kind.age_s + since;
  if (!heard) return { word: "unknown", age, why: kind.error };
  if (kind.error) return { word: "failing", age, why: kind.error };
  if (!kind.synced || age === null) return { word: "unknown", age, why: "not listed yet" };
  const share = goal === null ? null : age / goal;
  return { word: share !== null && share > 1 ? "late" : "fresh", age, share, why: null };
}

/** Seconds since the agent answered about a cluster: its ages are as of then. */
const sinceTold = (cluster: Cluster, now: number): number => {
  if (cluster.last_seen === null) return 0;
  return Math.max(0, (now - Date.parse(cluster.last_seen)) / 1000 - (cluster.age_s ?? 0));
};

export function Freshness() {
  const clusters = [...useClusters()].sort((a, b) => a.name.localeCompare(b.name));
  const goalOf = useGoals();
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
                    <Goal seconds={goalOf(cluster.name)} />
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
                      cell={cellOf(
                        cluster.kinds[signal],
                        isHeard(cluster),
                        sinceTold(cluster, now),
                        goalOf(cluster.name),
                      )}
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

const Goal = ({ seconds }: { seconds: number | null }) =>
  seconds === null ? null : <span className="heat-goal">≤ {shortDuration(seconds)}</span>;

function HeatCell({ name, cell }: { name: string; cell: Cell }) {
  if (cell.word === "absent") {
    return (
      <td className="heat-absent" title={`${name}: not watched`}>
        <span className="visually-hidden">not watched</span>
        <span aria-hidden="true">–</span>
      </td>
    );
  }
  const age = cell.age === null ? "never" : shortDuration(cell.age);
  const why = cell.why ? `, ${cell.why}` : "";
  const goal =
    "share" in cell && cell.share !== null && cell.age !== null
      ? `, may be ${duration(cell.age / Math.max(cell.share, 1e-9))}`
      : "";
  const depth = "share" in cell && cell.share !== null ? Math.min(1, cell.share) : 0;
  return (
    <td
      className={`heat-${cell.word}`}
      style={{ "--depth": depth } as React.CSSProperties}
      title={`${name}: ${cell.word}, ${age}${goal}${why}`}
      data-heat={cell.word}
    >
      {cell.word === "late" && <Shape tone="partial" size={11} label="late" />}
      {cell.word === "failing" && <Shape tone="high" size={11} label="failing" />}
      <span>{cell.word === "unknown" && cell.age === null ? "?" : age}</span>
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
        <i className="swatch hatched" /> not known
      </span>
    </span>
  );
}
