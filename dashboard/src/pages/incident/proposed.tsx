// What is proposed for this incident, by the plan that would be signed; what runs for it; what was tried.
import { useEffect } from "react";
import { Link, useLocation } from "react-router";
import type { Execution, IncidentDetail } from "../../api/types";
import { isActive } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { isEnded, useRuns, waitingFirst } from "../../live/runs";
import { Failure } from "../../parts/failure";
import { Empty, Kbd, Panel } from "../../parts/panel";
import { leftOf } from "../../parts/run/left";
import { Standing } from "../../parts/run/standing";
import { effectOf, isWrite, spoken } from "../../parts/run/words";
import { Shape } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration } from "../../time/format";

/** Of a wider incident, too, what was matched for its parts. */
export function useRunsFor(incident: Pick<IncidentDetail, "id" | "children">) {
  const isWide = incident.children.length > 0;
  const asked = useRuns(isWide ? {} : { incident_id: incident.id });
  const ids = new Set([incident.id, ...incident.children]);
  return { ...asked, runs: asked.runs.filter(({ incident_id }) => ids.has(incident_id)) };
}

type Props = { incident: IncidentDetail; found: ReturnType<typeof useRunsFor> };

export function Proposed({ incident, found }: Props) {
  const { runs, known, error, retry } = found;
  const { hash } = useLocation();
  const waiting = waitingFirst(runs);
  const acting = runs.filter((run) => !isEnded(run) && run.status !== "awaiting_approval");
  const past = runs.filter(isEnded);
  const isHere = known && hash === "#proposed";
  // A link from a message leads to the plan itself, once it is drawn.
  useEffect(() => {
    if (!isHere) return;
    const place = document.getElementById("proposed");
    place?.scrollIntoView({ block: "center" });
    place?.querySelector<HTMLElement>("[data-approval]")?.focus({ preventScroll: true });
  }, [isHere]);
  return (
    <div id="proposed" className="stack">
      <Panel
        title="Proposed"
        className={waiting.length > 0 ? "proposed has-plan" : "proposed"}
        {...(waiting.length > 1 ? { count: waiting.length } : {})}
        aside={
          waiting.length > 0 && (
            <span className="tone-ok">
              <Shape tone="ok" /> rehearsed
            </span>
          )
        }
      >
        {error ? <Failure error={error} retry={retry} /> : null}
        {waiting.map((run, index) => (
          <WaitingPlan key={run.id} run={run} isFirst={index === 0} />
        ))}
        {acting.map((run) => (
          <p key={run.id} className="proposed-run">
            <Link to={`/executions/${encodeURIComponent(run.id)}`}>{run.runbook_name}</Link>
            <Standing run={run} />
          </p>
        ))}
        {known && waiting.length + acting.length === 0 && <NothingProposed incident={incident} past={past} />}
        {past.length > 0 && <Past runs={past} />}
      </Panel>
    </div>
  );
}

function NothingProposed({ incident, past }: { incident: IncidentDetail; past: readonly Execution[] }) {
  if (!isActive(incident))
    return past.length > 0 ? null : <Empty>Nothing was proposed while it went on.</Empty>;
  return (
    <Empty>
      Nothing waits for approval.{" "}
      <Link to="/runbooks">{past.length > 0 ? "Rehearse another runbook" : "Rehearse a runbook"}</Link>
    </Empty>
  );
}

function WaitingPlan({ run, isFirst }: { run: Execution; isFirst: boolean }) {
  const now = useNow();
  if (!run.plan) return null;
  const left = leftOf(run.plan, now);
  const writes = run.plan.steps.filter(isWrite);
  const blast = [...new Set(writes.flatMap(({ blast_radius }) => blast_radius))];
  const undo = writes.length > 0 && writes.every((step) => step.undo !== "");
  return (
    <div className="waiting-plan" data-waiting={run.id}>
      <p>
        <strong>{run.runbook_name}</strong>
        <span className="second">{writes.map(({ summary }) => summary).join("; ") || "reads only"}</span>
      </p>
      <dl className="terms">
        <dt>Writes</dt>
        <dd>
          {effectOf(run.plan)}
          {writes.length > 0 && (undo ? ", undo is ready" : ", not all of it can be undone")}
        </dd>
        {blast.length > 0 && (
          <>
            <dt>Reach</dt>
            <dd>{blast.join("; ")}</dd>
          </>
        )}
        <dt>Plan</dt>
        <dd>
          <code>{spoken(run.plan.hash).slice(0, 9)}</code> · void if the target changes
        </dd>
        <dt>Expires</dt>
        <dd>{left.isOver ? "expired" : `in ${duration(left.seconds)}`}</dd>
      </dl>
      <Link
        className={isFirst ? "button primary" : "button"}
        to={`/executions/${encodeURIComponent(run.id)}#approve`}
        data-approval={isFirst || undefined}
      >
        Review and approve{" "}
        {isFirst && (
          <span className="wide-only">
            <Kbd>A</Kbd>
          </span>
        )}
      </Link>
    </div>
  );
}

const PAST_SHOWN = 5;

const Past = ({ runs }: { runs: readonly Execution[] }) => (
  <ul className="past-runs" aria-label="Runs that are over">
    {runs.slice(0, PAST_SHOWN).map((run) => (
      <li key={run.id}>
        <Link to={`/executions/${encodeURIComponent(run.id)}`}>{run.runbook_name}</Link>
        <Standing run={run} />
        <span className="quiet">
          <Age at={run.ended_at ?? run.updated_at} short /> ago
        </span>
        {(run.verdict_reason || run.problem) && (
          <span className="second past-why">{run.verdict_reason || run.problem}</span>
        )}
      </li>
    ))}
  </ul>
);
