// How fresh one kind of object is in one cluster; hatched and `?` when nobody knows.
import type { Cluster } from "../../api/types";
import { capital, Shape } from "../../parts/shape";
import { shortDuration } from "../../time/format";

type Kind = Cluster["kinds"][string];

export function KindCell(props: {
  name: string;
  kind: Kind | undefined;
  heard: boolean;
  /** Seconds since the agent told the age. */
  since: number;
}) {
  const { name, kind, heard, since } = props;
  const label = capital(name);
  if (!kind && !heard) {
    return (
      <td className="kind unknown-text" data-label={label} title="never heard from">
        <i className="age-bar hatched" /> ?
      </td>
    );
  }
  if (!kind) {
    return (
      <td className="kind quiet" data-label={label}>
        not watched
      </td>
    );
  }
  const age = kind.age_s === null ? null : kind.age_s + since;
  const words = age === null ? "never" : shortDuration(age);
  if (kind.error && heard) {
    return (
      <td className="kind tone-high" data-label={label} title={kind.error}>
        <Shape tone="partial" size={12} label="error" /> {words}
      </td>
    );
  }
  if (!kind.synced || !heard || age === null) {
    return (
      <td
        className="kind unknown-text"
        data-label={label}
        title={kind.error ?? "not in step with the cluster"}
      >
        <i className="age-bar hatched" /> {words}
      </td>
    );
  }
  const goal = kind.goal_s;
  const late = kind.state === "silent" || (goal !== null && age > goal);
  const fill = goal === null ? 6 : Math.min(100, Math.max(6, (age / goal) * 100));
  const held =
    kind.count === null || kind.count === undefined ? "" : `${kind.count.toLocaleString("en-US")} objects, `;
  return (
    <td
      className={late ? "kind tone-high" : "kind"}
      data-label={label}
      title={`${held}last sign of life ${words} ago${goal === null ? "" : `, may be ${shortDuration(goal)}`}`}
    >
      <i className={late ? "age-bar age-late" : "age-bar"}>
        <i style={{ width: `${fill}%` }} />
      </i>
      {words}
      {late && (
        <>
          {" "}
          <Shape tone="partial" size={12} label="late" />
        </>
      )}
    </td>
  );
}

/** The kinds without a column of their own in one cell: how many are in step. */
export function OtherKinds(props: { cluster: Cluster; names: readonly string[]; heard: boolean }) {
  const { cluster, names, heard } = props;
  const kinds = names.flatMap((name) => cluster.kinds[name] ?? []);
  const label = `${names.length} more`;
  const inStep = kinds.filter((kind) => kind.synced && !kind.error).length;
  if (!heard || kinds.length === 0) {
    return (
      <td className="kind unknown-text" data-label={label} title="never heard from, or not heard now">
        <i className="age-bar hatched" /> ?
      </td>
    );
  }
  const late = names.filter((name) => cluster.kinds[name]?.error ?? !cluster.kinds[name]?.synced);
  return (
    <td
      className={inStep < kinds.length ? "kind tone-high" : "kind"}
      data-label={label}
      title={late.length > 0 ? `not in step: ${late.join(", ")}` : "all in step"}
    >
      {inStep < kinds.length && <Shape tone="partial" size={12} label="not all in step" />} {inStep} of{" "}
      {kinds.length}
    </td>
  );
}
