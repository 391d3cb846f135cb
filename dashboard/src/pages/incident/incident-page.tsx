// From page to proven recovery on one screen, with only what has been seen so far.
import { useQuery } from "@tanstack/react-query";
import { BellOff } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { Link, useParams } from "react-router";
import { fetchIncident, Refused } from "../../api/client";
import type { Incident, IncidentDetail } from "../../api/types";
import { isActive } from "../../live/hooks";
import { useLive } from "../../live/store";
import { Acknowledge, Assign, Reopen, Resolve } from "../../parts/actions";
import { CopyButton } from "../../parts/copy";
import { Failure } from "../../parts/failure";
import { AsOf, Loading } from "../../parts/panel";
import { ClusterNames, ResourceName } from "../../parts/resource";
import { Severity } from "../../parts/shape";
import { SilenceButton } from "../../parts/silence";
import { Age, At } from "../../parts/times";
import { useTitle } from "../../shell/title";
import { duration } from "../../time/format";
import { StatusWord } from "../incidents/incident-table";
import { IncidentTimeline } from "./incident-timeline";
import { LoopBar } from "./loop-bar";
import { Part, Parts } from "./parts";
import { Proposed, useRunsFor } from "./proposed";
import { Receipts } from "./receipt-list";
import { Topology } from "./topology";
import { WhatBroke } from "./what-broke";
import { WhatChanged } from "./what-changed";
import { Where } from "./where";
import { Why } from "./why";

// Plots come when the words are already there.
const Measured = lazy(async () => ({ default: (await import("./measured")).Measured }));

export function IncidentPage() {
  const { id = "" } = useParams();
  const { incident, error, retry } = useIncident(id);
  useTitle(incident?.title ?? id);
  return (
    <div className="page incident">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/incidents">Incidents</Link>
        <span aria-hidden="true">›</span>
        <code>{id}</code>
        <AsOf />
      </nav>
      {incident ? (
        <Found incident={incident} />
      ) : error ? (
        <NotShown id={id} error={error} retry={retry} />
      ) : (
        <Opening />
      )}
    </div>
  );
}

const Opening = () => (
  <>
    <h1 className="visually-hidden">Incident</h1>
    <Loading what="the incident" rows={6} />
  </>
);

/** The REST detail, renewed when the stream says that the incident moved. */
function useIncident(id: string) {
  const heard = useLive((view) => view.world.incidents.get(id));
  const detail = useQuery({ queryKey: ["incident", id], queryFn: () => fetchIncident(id) });
  const { data, refetch } = detail;
  const behind = heard !== undefined && data !== undefined && heard.version > data.version;
  useEffect(() => {
    if (!behind) return;
    const soon = setTimeout(() => void refetch(), 150);
    return () => clearTimeout(soon);
  }, [behind, refetch]);
  return {
    incident: data === undefined ? undefined : behind ? withNews(data, heard) : data,
    error: detail.error,
    retry: () => void refetch(),
  };
}

/** What the stream's row knows better than the last detail, until the new detail is here. */
const withNews = (detail: IncidentDetail, row: Incident): IncidentDetail => ({
  ...row,
  evidence: detail.evidence,
  changes: detail.changes,
});

function NotShown({ id, error, retry }: { id: string; error: unknown; retry: () => void }) {
  const status = error instanceof Refused ? error.status : null;
  if (status === 404) {
    return (
      <>
        <h1>There is no such incident</h1>
        <p className="second">
          The agent does not know <code>{id}</code>. It may belong to another agent, or its data was removed.{" "}
          <Link to="/incidents?status=all">Look through all incidents</Link>
        </p>
      </>
    );
  }
  return (
    <>
      <h1>{status === 403 ? "You may not see this incident" : "This incident cannot be shown now"}</h1>
      <Failure error={error} retry={retry} />
    </>
  );
}

function Found({ incident }: { incident: IncidentDetail }) {
  const found = useRunsFor(incident);
  return (
    <>
      <header className="incident-head">
        <h1>{incident.title}</h1>
        <div className="incident-actions">
          <CopyButton text={() => window.location.href} label="Copy link" />
          <Assign incident={incident} />
          <SilenceButton incident={incident} />
          <Resolve incident={incident} />
          <Reopen incident={incident} />
          <Acknowledge incident={incident} primary />
        </div>
        <Facts incident={incident} />
      </header>
      {incident.parent_id && <Part incident={incident} of={incident.parent_id} />}
      {incident.children.length > 0 && <Parts incident={incident} />}
      <LoopBar incident={incident} runs={found.runs} />
      <div className="incident-columns">
        <div className="stack">
          <WhatBroke incident={incident} />
          <Why incident={incident} />
          <Suspense fallback={<div className="panel measured-space" />}>
            <Measured incident={incident} />
          </Suspense>
          <Topology incident={incident} />
          <Receipts incident={incident} />
        </div>
        <div className="stack">
          <WhatChanged incident={incident} />
          <Proposed incident={incident} found={found} />
          <Where incident={incident} />
          <IncidentTimeline incident={incident} />
        </div>
      </div>
    </>
  );
}

function Facts({ incident }: { incident: IncidentDetail }) {
  const active = isActive(incident);
  return (
    <div className="facts-line drains">
      <Severity severity={incident.severity} chip />
      <StatusWord status={incident.status} />
      {incident.silenced && (
        <span className="silenced" title="A silence covers it now: it asks for nobody, and is still listed">
          <BellOff size={12} aria-hidden="true" /> silenced
        </span>
      )}
      <span>
        {active || !incident.resolved_at ? (
          <>
            Open for{" "}
            <strong>
              <Age at={incident.opened_at} />
            </strong>
          </>
        ) : (
          <>
            Lasted{" "}
            <strong>
              {duration((Date.parse(incident.resolved_at) - Date.parse(incident.opened_at)) / 1000)}
            </strong>
          </>
        )}{" "}
        <span className="quiet">
          since <At at={incident.opened_at} />
        </span>
      </span>
      <span>
        <ResourceName resource={incident.resource} />
      </span>
      <span>
        {incident.clusters.length === 1 ? "in" : `in ${incident.clusters.length} clusters:`}{" "}
        <ClusterNames incident={incident} />
      </span>
      <span className="quiet">
        {incident.acknowledged_by
          ? `acknowledged by ${incident.acknowledged_by}`
          : incident.status === "open" && "nobody has acknowledged"}
      </span>
      {incident.owner && <span className="quiet">assigned to {incident.owner}</span>}
    </div>
  );
}
