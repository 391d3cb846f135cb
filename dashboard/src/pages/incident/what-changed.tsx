// What was changed before it broke: the suspects with what speaks for and against them, then what else was near.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { fetchChanges } from "../../api/client";
import type { Change, IncidentDetail, Suspect } from "../../api/types";
import { Actor, arrowed, Diff, KindChip, ledgerAt } from "../../parts/change";
import { Panel } from "../../parts/panel";
import { resourceName } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { plural } from "../../time/format";
import { fromStart, reasonsOf, remaining } from "./suspicion";

const OTHERS_SHOWN = 3;
/** From here on a suspect is drawn as loud as the incident. */
const LIKELY = 0.5;

export function WhatChanged({ incident }: { incident: IncidentDetail }) {
  const byId = new Map(incident.changes.map((change) => [change.id, change]));
  const others = remaining(incident);
  const found = incident.suspects.length + others.length;
  return (
    <Panel
      title="What changed"
      aside={
        <Link to={ledgerAt(incident.opened_at)}>
          {found === 0 ? "the ledger around it" : `${plural(found, "change")}, by suspicion`}
        </Link>
      }
    >
      {found === 0 && <p className="empty">Nothing changed here in the hour before.</p>}
      {found > 0 && (
        <ol className="suspects">
          {incident.suspects.map((suspect) => (
            <SuspectRow
              key={suspect.change_id}
              suspect={suspect}
              change={byId.get(suspect.change_id)}
              incident={incident}
            />
          ))}
          {others.slice(0, OTHERS_SHOWN).map((change) => (
            <OtherRow key={change.id} change={change} incident={incident} />
          ))}
        </ol>
      )}
      {others.length > OTHERS_SHOWN && (
        <p className="meta changes-more">
          <Link to={ledgerAt(incident.opened_at)}>
            {others.length - OTHERS_SHOWN} more in the hour around it
          </Link>
        </p>
      )}
      <SourcesMissing />
    </Panel>
  );
}

type RowProps = { incident: IncidentDetail };

function SuspectRow(props: RowProps & { suspect: Suspect; change: Change | undefined }) {
  const { suspect, change, incident } = props;
  const likely = suspect.score >= LIKELY;
  const tone = likely ? toneOfSeverity(incident.severity) : "info";
  return (
    <li className="suspect" data-change={suspect.change_id}>
      <Shape tone={tone} label={likely ? "likely" : "less likely"} />
      <div>
        <p className="suspect-head">
          {change && <KindChip kind={change.kind} />}
          <strong>{arrowed(suspect.what)}</strong>
          <span className={`mono suspect-score${likely ? ` tone-${tone}` : ""}`} title="Suspicion, 0 to 1">
            {suspect.score.toFixed(2)}
          </span>
        </p>
        {change && <Made change={change} incident={incident} />}
        {change && <Diff change={change} />}
        <ul className="reasons">
          {reasonsOf(suspect).map(({ side, text }) => (
            <li key={text} className={`reason-${side}`}>
              <b>{side}</b> {text}
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

function OtherRow({ change, incident }: RowProps & { change: Change }) {
  return (
    <li className="suspect suspect-other" data-change={change.id}>
      <Shape tone="info" label="not suspected" />
      <div>
        <p className="suspect-head">
          <KindChip kind={change.kind} />
          <span className="suspect-what">
            {resourceName(change.target)}: {arrowed(change.summary)}
          </span>
          <span className="meta">not suspected</span>
        </p>
        <Made change={change} incident={incident} />
      </div>
    </li>
  );
}

const Made = ({ change, incident }: RowProps & { change: Change }) => (
  <p className="meta">
    <span title="When it was made, seen from the incident's start">
      {fromStart(change.at, incident.opened_at)}
    </span>{" "}
    · <At at={change.at} /> · by <Actor actor={change.actor} /> ·{" "}
    <span className="cluster-name">{change.cluster_name}</span>
  </p>
);

/** What the ledger cannot know of: a cause may be there. */
export function SourcesMissing() {
  const { data } = useQuery({
    queryKey: ["changes", "sources"],
    queryFn: () => fetchChanges({}, 1),
    staleTime: 60_000,
  });
  const missing = data?.sources_missing ?? [];
  if (missing.length === 0) return null;
  return (
    <p className="sources-missing">
      <Shape tone="unknown" size={12} /> Not seen here:{" "}
      {missing.map(({ source, reason }, index) => (
        <span key={source} title={reason}>
          {index > 0 && ", "}
          {source}
        </span>
      ))}
    </p>
  );
}
