// One runbook: its steps as they are written, its record, its runs, and a rehearsal for an incident.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { Refused } from "../../api/client";
import { fetchRunbook } from "../../api/runs";
import type { Incident, Runbook } from "../../api/types";
import { useActiveIncidents } from "../../live/hooks";
import { useRunbooks, useRuns, waitingFirst } from "../../live/runs";
import { useLive } from "../../live/store";
import { Failure } from "../../parts/failure";
import { AsOf, Empty, Loading, Panel } from "../../parts/panel";
import { useRenewed } from "../../parts/renewed";
import { resourceName } from "../../parts/resource";
import { Ask } from "../../parts/run/ask";
import { Inputs } from "../../parts/run/inputs";
import { givenFrom, missingFrom, type Typed } from "../../parts/run/inputs-data";
import { Stopped } from "../../parts/run/kill-switch";
import { LevelChip } from "../../parts/run/standing";
import { EFFECTS } from "../../parts/run/words";
import { useTitle } from "../../shell/title";
import { duration, plural } from "../../time/format";
import { RunbookRecord, Types } from "./card";
import { History } from "./history";
import { Trust } from "./trust";
import "../../styles/runs.css";

export function RunbookPage() {
  const { id = "" } = useParams();
  const { data, error, refetch } = useQuery({ queryKey: ["runbook", id], queryFn: () => fetchRunbook(id) });
  useRenewed(
    useLive((view) => view.world.runs),
    refetch,
  );
  useTitle(data?.name ?? id);
  return (
    <div className="page runbooks">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/runbooks">Runbooks</Link>
        <span aria-hidden="true">›</span>
        <code>{id}</code>
        <AsOf />
      </nav>
      {data ? (
        <Found runbook={data} />
      ) : error instanceof Refused && error.status === 404 ? (
        <>
          <h1>There is no such runbook</h1>
          <p className="second">
            The agent has no runbook <code>{id}</code>. <Link to="/runbooks">See all runbooks</Link>
          </p>
        </>
      ) : error ? (
        <>
          <h1>This runbook cannot be shown now</h1>
          <Failure error={error} retry={() => void refetch()} />
        </>
      ) : (
        <>
          <h1 className="visually-hidden">Runbook</h1>
          <Loading what="the runbook" rows={6} />
        </>
      )}
    </div>
  );
}

function Found({ runbook }: { runbook: Runbook }) {
  const history = useRuns({ runbook_id: runbook.id });
  const { data: list } = useRunbooks();
  const waiting = waitingFirst(history.runs)[0];
  return (
    <>
      <header className="incident-head">
        <h1>{runbook.name}</h1>
        {waiting && (
          <div className="incident-actions">
            <Link className="button primary" to={`/executions/${encodeURIComponent(waiting.id)}#approve`}>
              Review plan
            </Link>
          </div>
        )}
        <div className="facts-line">
          <LevelChip level={runbook.level} />
          <Types types={runbook.incident_types} />
          {runbook.approvals > 1 && <span className="second">{plural(runbook.approvals, "approval")}</span>}
          {runbook.settle_s !== null && (
            <span className="quiet">judged after {duration(runbook.settle_s)} without the symptom</span>
          )}
          {runbook.undo_on_failure && <span className="quiet">sets back what it did when a step fails</span>}
          <span className="quiet">{runbook.source === "bundled" ? "built in" : runbook.source}</span>
        </div>
        <p className="second facts-line">{runbook.description}</p>
      </header>
      {list && <Stopped stopped={list.stopped} />}
      <div className="runbook-columns">
        <WrittenSteps runbook={runbook} />
        <div className="stack">
          <Panel title="Record">
            <div className="runbook-record-frame">
              <RunbookRecord runbook={runbook} />
            </div>
          </Panel>
          <Trust runbook={runbook} />
          <RehearseFor runbook={runbook} isLive={list?.live ?? false} />
          {runbook.text && <Source text={runbook.text} />}
        </div>
      </div>
      <History {...history} ofOne />
    </>
  );
}

const Source = ({ text }: { text: string }) => (
  <Panel title="Its text">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
    <pre className="runbook-text" tabIndex={0}>
      {text}
    </pre>
  </Panel>
);

function WrittenSteps({ runbook }: { runbook: Runbook }) {
  return (
    <Panel
      title="Steps"
      count={runbook.step_count}
      aside={<span className="quiet">as they are written</span>}
    >
      <ol>
        {runbook.steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
          <li key={index} className={`run-step effect-${step.effect}`}>
            <span className="step-number">{index + 1}</span>
            <div>
              <strong>{step.name}</strong>
              <StepNotes step={step} />
              <span className="step-chips">
                <span className="kind-chip effect-chip">{EFFECTS[step.effect]}</span>
                <code>{step.action}</code>
              </span>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** What decides whether it is done, how often, and with what. */
function StepNotes({ step }: { step: Runbook["steps"][number] }) {
  return (
    <>
      {step.question && <span className="second">asks: {step.question}</span>}
      {step.runbook && (
        <span className="second">
          the steps of <Link to={`/runbooks/${encodeURIComponent(step.runbook)}`}>{step.runbook}</Link>
        </span>
      )}
      {step.together.length > 0 && <span className="second">at once: {step.together.join(", ")}</span>}
      {step.for_each && (
        <span className="quiet">
          for each of <code>{step.for_each}</code>
        </span>
      )}
      {step.condition && (
        <span className="quiet">
          if <code>{step.condition}</code>
        </span>
      )}
    </>
  );
}

/** Those of its kinds, and the others; a wider incident has no target of its own, its parts do. */
export function candidates(incidents: readonly Incident[], types: readonly string[]) {
  const own = incidents.filter(({ children }) => children.length === 0);
  const fits = ({ kind }: Incident): boolean => types.includes(kind);
  return { fitting: own.filter(fits), others: own.filter((incident) => !fits(incident)) };
}

function RehearseFor({ runbook, isLive }: { runbook: Runbook; isLive: boolean }) {
  const active = useActiveIncidents();
  const { fitting, others } = candidates(active, runbook.incident_types);
  const offered = [...fitting, ...others];
  const [chosen, setChosen] = useState("");
  const [typed, setTyped] = useState<Typed>({});
  const asked = {
    runbook: runbook.id,
    parameters: givenFrom(runbook.inputs, typed),
    missing: missingFrom(runbook.inputs, typed),
  };
  const incident = offered.some(({ id }) => id === chosen) ? chosen : (offered[0]?.id ?? "");
  return (
    <Panel title="Rehearse for an incident">
      {offered.length === 0 ? (
        <Empty>No incident is going on, so there is nothing to plan for.</Empty>
      ) : (
        <div className="rehearse" id="rehearse">
          <label className="field">
            Incident
            <select value={incident} onChange={(event) => setChosen(event.target.value)}>
              <Options label="Of its types" incidents={fitting} />
              <Options label="Of other types: it may not fit" incidents={others} />
            </select>
          </label>
          <Inputs inputs={runbook.inputs} typed={typed} change={setTyped} />
          <p className="quiet">
            A rehearsal asks the target what each step would do and writes nothing.
            {isLive
              ? " A plan for approval acts only after it was signed."
              : " Live runs are off in the configuration, so nothing can be planned for approval."}
          </p>
          <div className="run-stop">
            <Ask {...asked} incident={incident} mode="rehearse" label="Rehearse" primary />
            {isLive && <Ask {...asked} incident={incident} mode="live" label="Plan for approval" />}
          </div>
        </div>
      )}
    </Panel>
  );
}

function Options({ label, incidents }: { label: string; incidents: readonly Incident[] }) {
  if (incidents.length === 0) return null;
  return (
    <optgroup label={label}>
      {incidents.map(({ id, title, resource, clusters }) => (
        <option key={id} value={id}>
          {title} · {resourceName(resource)} · {clusters.map(({ name }) => name).join(", ")}
        </option>
      ))}
    </optgroup>
  );
}
