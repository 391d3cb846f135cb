// The five newest changes of the fleet, the same change in several clusters once, and whom they harm.
import { useMemo } from "react";
import { Link } from "react-router";
import type { Change, Incident } from "../../api/types";
import { severityRank } from "../../live/hooks";
import { useSuspected } from "../../live/known";
import { useLive } from "../../live/store";
import { KindChip, ledgerAt, targetOf, withoutKind } from "../../parts/change";
import { Empty, Panel } from "../../parts/panel";
import { Shape, type Tone, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";

const SHOWN = 5;
/** The same change in several clusters is one release when it comes within this time. */
const TOGETHER_MS = 60_000;

export type Made = { change: Change; clusters: readonly string[]; ids: readonly string[] };

/** Newest first; what was made alike to several clusters at about the same time is one row. */
export function madeTogether(changes: readonly Change[]): Made[] {
  const rows: { change: Change; clusters: string[]; ids: string[] }[] = [];
  for (const change of changes) {
    const same = rows.find(
      (row) =>
        targetOf(row.change) === targetOf(change) &&
        row.change.summary === change.summary &&
        !row.clusters.includes(change.cluster_name) &&
        Date.parse(row.change.at) - Date.parse(change.at) <= TOGETHER_MS,
    );
    if (same) {
      same.clusters.push(change.cluster_name);
      same.ids.push(change.id);
    } else {
      rows.push({ change, clusters: [change.cluster_name], ids: [change.id] });
    }
  }
  return rows;
}

/** The shapes that the rows show, worst first, so that the legend shows no other. */
export const tonesOf = (incidents: readonly Pick<Incident, "severity">[]): Tone[] => {
  const worstFirst = incidents
    .map(({ severity }) => severity)
    .sort((a, b) => severityRank(a) - severityRank(b));
  return [...new Set(worstFirst.map(toneOfSeverity))];
};

export function WhatChanged() {
  const changes = useLive((view) => view.world.changes);
  const suspected = useSuspected();
  const made = useMemo(() => madeTogether(changes.slice(0, 100)).slice(0, SHOWN), [changes]);
  const rows = made.map((row) => ({ row, by: row.ids.flatMap((id) => suspected.get(id) ?? [])[0] }));
  const tones = tonesOf(rows.flatMap(({ by }) => by ?? []));
  return (
    <Panel
      title="What changed"
      className="changed"
      aside={
        <>
          {tones.length > 0 && (
            <span className="quiet changed-legend">
              {tones.map((tone) => (
                <Shape key={tone} tone={tone} size={12} />
              ))}{" "}
              suspected
            </span>
          )}
          <Link to="/changes">all</Link>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty>No change has been seen yet.</Empty>
      ) : (
        <ul className="scroller changed-rows">
          {rows.map(({ row, by }) => (
            <Row key={row.change.id} row={row} by={by} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ row, by }: { row: Made; by: Incident | undefined }) {
  const { change, clusters } = row;
  const words = `${change.target.name} ${withoutKind(change)}`;
  return (
    <li data-change={change.id}>
      <At at={change.at} bare />
      <span className="changed-where">
        <KindChip kind={change.kind} />
        <span className="quiet clip" title={clusters.join(", ")}>
          {clusters.length > 1 ? `${clusters.length} clusters` : clusters[0]}
        </span>
      </span>
      <Link to={ledgerAt(change.at, { target: targetOf(change) })} data-row className="clip" title={words}>
        {words}
      </Link>
      {by ? (
        <Link to={`/incidents/${encodeURIComponent(by.id)}`} title={`Suspected: ${by.title}`}>
          <Shape tone={toneOfSeverity(by.severity)} size={13} label={`suspected of: ${by.title}`} />
        </Link>
      ) : (
        <span />
      )}
    </li>
  );
}
