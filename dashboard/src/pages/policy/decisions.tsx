// What the policy decided, newest first, each with the rule that did and all that it was told.
import { useState } from "react";
import { Link } from "react-router";
import { fetchDecisions } from "../../api/oversight";
import type { Decision, DecisionPage } from "../../api/types";
import { useLive } from "../../live/store";
import { Aged } from "../../parts/aged";
import { Failure } from "../../parts/failure";
import { Older } from "../../parts/list-head";
import { usePages } from "../../parts/pages";
import { Empty, Loading, Panel } from "../../parts/panel";
import { useRenewed } from "../../parts/renewed";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import type { Change } from "./policy-page";
import { narrowed, pretty, type Query } from "./query";

const POINTS = ["propose", "approve", "start", "promote"] as const;

export function Decisions({ query, change }: { query: Query; change: Change }) {
  const { result, point, run } = query;
  const asked = narrowed({ result, point, execution_id: run });
  const pages = usePages<Decision, DecisionPage>(["decisions", "", asked], (cursor) =>
    fetchDecisions({ ...asked, ...cursor }),
  );
  // Each decision is about a run that then moves.
  useRenewed(
    useLive((view) => view.world.runs),
    pages.retry,
  );
  const isNarrowed = Object.keys(asked).length > 0;
  return (
    <Panel
      title="Decisions"
      aside={
        <>
          <select
            aria-label="Result"
            value={result}
            onChange={(event) => change({ result: event.target.value })}
          >
            <option value="">Allowed and denied</option>
            <option value="allowed">Allowed</option>
            <option value="denied">Denied</option>
          </select>
          <select
            aria-label="When it was asked"
            value={point}
            onChange={(event) => change({ point: event.target.value })}
          >
            <option value="">At any point</option>
            {POINTS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </>
      }
    >
      {pages.error && !pages.listed ? <Failure error={pages.error} retry={pages.retry} /> : null}
      {pages.listed && <Aged error={pages.error} answeredAt={pages.answeredAt} />}
      {!pages.listed && !pages.error && <Loading what="decisions" />}
      {pages.listed?.length === 0 && (
        <Empty>
          {isNarrowed ? (
            <>
              No decision matches.{" "}
              <button
                type="button"
                className="button"
                onClick={() => change({ result: "", point: "", run: "" })}
              >
                Clear filters
              </button>
            </>
          ) : (
            "The policy has not been asked yet: nothing was proposed."
          )}
        </Empty>
      )}
      {pages.listed && pages.listed.length > 0 && (
        <ul className="rows">
          {pages.listed.map((decision) => (
            <Row key={decision.id} decision={decision} />
          ))}
        </ul>
      )}
      <Older noun="decisions" pages={pages} />
    </Panel>
  );
}

function Row({ decision }: { decision: Decision }) {
  const [open, setOpen] = useState(false);
  const isAllowed = decision.result === "allowed";
  const tone = decision.problem ? "unknown" : isAllowed ? "ok" : "cross";
  return (
    <li data-decision={decision.id} data-result={decision.result}>
      <button type="button" className="row-head" aria-expanded={open} onClick={() => setOpen(!open)} data-row>
        <span className={`row-word tone-${tone}`}>
          <Shape tone={tone} /> {decision.result}
        </span>
        <span className="row-at">
          <At at={decision.at} />
        </span>
        <span>
          <strong>{decision.actor}</strong> <span className="second">asks for</span> {decision.action}{" "}
          <span className="second">{decision.target}</span>
        </span>
        <span className="kind-chip">{decision.point}</span>
        <code className="row-rule">{decision.rule}</code>
      </button>
      {open && <Inside decision={decision} />}
    </li>
  );
}

function Inside({ decision }: { decision: Decision }) {
  return (
    <div className="row-inside">
      {decision.problem && <p className="tone-unknown">It could not be evaluated: {decision.problem}</p>}
      <ul>
        {decision.reasons.map(({ rule, text }) => (
          <li key={`${rule} ${text}`}>
            <code>{rule}</code> {text}
          </li>
        ))}
      </ul>
      <p className="second">
        <code>{decision.id}</code>
        {decision.execution_id && (
          <>
            {" · "}
            <Link to={`/executions/${encodeURIComponent(decision.execution_id)}`}>its run</Link>
          </>
        )}
        {decision.incident_id && (
          <>
            {" · "}
            <Link to={`/incidents/${encodeURIComponent(decision.incident_id)}`}>its incident</Link>
          </>
        )}
        {decision.policy && (
          <>
            {" · rules "}
            <code>{decision.policy.slice(0, 12)}</code>
          </>
        )}
      </p>
      <Text label="What it was told" text={pretty(decision.inputs)} />
    </div>
  );
}

export const Text = ({ label, text }: { label: string; text: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
  <section className="rule-text" tabIndex={0} aria-label={label}>
    <pre>{text}</pre>
  </section>
);
