// One run on one screen: what it will do, who signs it, what it did, whether it helped.
import { useEffect } from "react";
import { Link, useLocation, useParams, useSearchParams } from "react-router";
import { Refused } from "../../api/client";
import type { Execution } from "../../api/types";
import { isEnded, useRun, useRunbooks } from "../../live/runs";
import { useLive } from "../../live/store";
import { CopyButton } from "../../parts/copy";
import { Failure } from "../../parts/failure";
import { AsOf, Empty, Loading, Panel } from "../../parts/panel";
import { Stopped } from "../../parts/run/kill-switch";
import { Standing } from "../../parts/run/standing";
import { askedBy, isWrite, plain } from "../../parts/run/words";
import { Severity, Shape } from "../../parts/shape";
import { Age, At } from "../../parts/times";
import { useTitle } from "../../shell/title";
import { Again } from "./again";
import { Checks } from "./checks";
import { Differences } from "./differences";
import { Question } from "./question";
import { RunPanel } from "./run-panel";
import { Signature } from "./signature";
import { Steps } from "./steps";
import { RunStory } from "./story";
import "../../styles/runs.css";

export function ExecutionPage() {
  const { id = "" } = useParams();
  const { run, error, retry } = useRun(id);
  useTitle(run ? `${run.runbook_name}, run ${short(id)}` : id);
  return (
    <div className="page run-page">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/runbooks">Runbooks</Link>
        <span aria-hidden="true">›</span>
        {run && (
          <>
            <Link to={`/runbooks/${encodeURIComponent(run.runbook_id)}`}>{run.runbook_name}</Link>
            <span aria-hidden="true">›</span>
          </>
        )}
        <code>run {short(id)}</code>
        <AsOf />
      </nav>
      {run ? (
        <Found run={run} />
      ) : error ? (
        <NotShown id={id} error={error} retry={retry} />
      ) : (
        <>
          <h1 className="visually-hidden">Run</h1>
          <Loading what="the run" rows={8} />
        </>
      )}
    </div>
  );
}

const short = (id: string): string => id.replace(/^exe_/, "").slice(0, 6);

function NotShown({ id, error, retry }: { id: string; error: unknown; retry: () => void }) {
  if (error instanceof Refused && error.status === 404) {
    return (
      <>
        <h1>There is no such run</h1>
        <p className="second">
          The agent does not know <code>{id}</code>. It may belong to another agent, or its data was removed.{" "}
          <Link to="/runbooks">See all runbooks</Link>
        </p>
      </>
    );
  }
  return (
    <>
      <h1>This run cannot be shown now</h1>
      <Failure error={error} retry={retry} />
    </>
  );
}

function Found({ run }: { run: Execution }) {
  const { hash } = useLocation();
  const { data: list } = useRunbooks();
  const [search, setSearch] = useSearchParams();
  const steps = run.plan?.steps ?? [];
  const asked = Number(search.get("step"));
  const firstDiff = steps.findIndex(({ diff }) => diff.length > 0);
  const shown = Number.isInteger(asked) && steps[asked - 1] ? asked - 1 : Math.max(0, firstDiff);
  const show = (index: number) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        next.set("step", String(index + 1));
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  // A link to the signature puts the reader before it; it never signs.
  useEffect(() => {
    if (hash === "#approve") document.querySelector<HTMLElement>("[data-approval]")?.focus();
  }, [hash]);
  return (
    <>
      <Head run={run} />
      {!isEnded(run) && <Stopped stopped={list?.stopped ?? null} />}
      {run.needs_person && (
        <p className="all-stopped" role="status">
          <Shape tone="high" size={18} /> <strong>Somebody should look at it:</strong> {run.needs_person}
        </p>
      )}
      <div className={`run-columns${run.status === "awaiting_approval" ? " waits" : ""}`}>
        <Steps run={run} shown={shown} show={show} />
        <div className="stack run-plan">
          {run.plan === null ? (
            <Panel title="What will change">
              <Empty>
                {isEnded(run)
                  ? "No plan was made."
                  : "The plan is being made: each step asks its target what it would do, and writes nothing."}
              </Empty>
            </Panel>
          ) : (
            <>
              <Differences run={run} plan={run.plan} shown={shown} show={show} />
              <Checks plan={run.plan} />
            </>
          )}
        </div>
        <div className="stack run-side">
          {run.mode === "live" && run.plan && <Signature key={run.id} run={run} plan={run.plan} />}
          <Question run={run} />
          <RunPanel run={run} />
        </div>
        <RunStory run={run} />
      </div>
    </>
  );
}

function Head({ run }: { run: Execution }) {
  const incident = useLive((view) => view.world.incidents.get(run.incident_id));
  const act = run.plan?.steps.find(isWrite);
  return (
    <header className="incident-head">
      <h1>
        {run.runbook_name}
        {act && <span className="run-title">: {act.summary}</span>}
      </h1>
      <div className="incident-actions">
        <CopyButton text={() => window.location.href} label="Copy link" />
        <Again run={run} />
      </div>
      <div className="facts-line drains">
        <Standing run={run} chip />
        <span className="kind-chip">{run.mode === "live" ? "live" : "rehearsal"}</span>
        <span className="second">
          {askedBy(run)} for{" "}
          <Link to={`/incidents/${encodeURIComponent(run.incident_id)}`}>
            {incident?.title ?? run.incident_id}
          </Link>
        </span>
        {incident && <Severity severity={incident.severity} />}
        {Object.keys(run.parameters).length > 0 && (
          <span className="second">
            with{" "}
            {Object.entries(run.parameters)
              .map(([name, value]) => `${name} ${plain(value)}`)
              .join(", ")}
            {run.edited_by && <span className="quiet"> · edited by {run.edited_by}</span>}
          </span>
        )}
        {run.plan && (
          <span className="quiet">
            rehearsed <At at={run.plan.made_at} />, <Age at={run.plan.made_at} /> ago, by the target's own dry
            run
          </span>
        )}
      </div>
    </header>
  );
}
