// One runbook: what it is for, whether it acts by itself, whether it has helped, and what waits.
import { Link } from "react-router";
import type { Execution, Runbook } from "../../api/types";
import { useNow } from "../../live/pulse";
import { leftOf } from "../../parts/run/left";
import { LevelChip, RecentDots } from "../../parts/run/standing";
import { Shape } from "../../parts/shape";
import { Age } from "../../parts/times";
import { duration, plural } from "../../time/format";
import { percent } from "./list-data";

const pathOf = ({ id }: Runbook): string => `/runbooks/${encodeURIComponent(id)}`;

export function RunbookCard({ runbook, waiting }: { runbook: Runbook; waiting: readonly Execution[] }) {
  const first = waiting[0];
  return (
    <article className={`panel runbook-card${first ? " has-waiting" : ""}`} data-runbook={runbook.id}>
      <header>
        <h2>
          <Link to={pathOf(runbook)} data-row>
            {runbook.name}
          </Link>
        </h2>
        <LevelChip level={runbook.level} />
      </header>
      <p className="second runbook-words drains">{runbook.description}</p>
      <Types types={runbook.incident_types} />
      <RunbookRecord runbook={runbook} />
      <footer className="drains">
        {first ? <Waits runs={waiting} first={first} /> : <Nothing runbook={runbook} />}
      </footer>
    </article>
  );
}

export const Types = ({ types }: { types: readonly string[] }) => (
  <ul className="type-tags" aria-label="For incidents of">
    {types.map((type) => (
      <li key={type} className="kind-chip">
        <code>{type}</code>
      </li>
    ))}
  </ul>
);

export function RunbookRecord({ runbook }: { runbook: Runbook }) {
  const { success_rate, effective, verdicts, last_run, step_count, recent } = runbook;
  return (
    <dl className="runbook-record drains">
      <div>
        <dt>Steps</dt>
        <dd>{step_count}</dd>
      </div>
      <div>
        <dt>Last run</dt>
        <dd>
          {last_run ? (
            <>
              <Age at={last_run} short /> ago
            </>
          ) : (
            "never"
          )}
        </dd>
      </div>
      <div>
        <dt>Success</dt>
        <dd>
          {success_rate === null ? (
            <span className="quiet">{recent.length === 0 ? "no runs yet" : "none verified yet"}</span>
          ) : (
            <>
              {percent(success_rate)}{" "}
              <span className="quiet">
                {effective} of {verdicts}
              </span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Last 3</dt>
        <dd>
          <RecentDots recent={recent} />
        </dd>
      </div>
    </dl>
  );
}

function Waits({ runs, first }: { runs: readonly Execution[]; first: Execution }) {
  const now = useNow();
  const left = first.plan && leftOf(first.plan, now);
  return (
    <>
      <span className="tone-wait">
        <Shape tone="wait" /> {plural(runs.length, "plan")} {runs.length === 1 ? "waits" : "wait"}
        {left && (left.isOver ? ", expired" : `, ${duration(left.seconds)} left`)}
      </span>
      <Link className="button primary" to={`/executions/${encodeURIComponent(first.id)}#approve`}>
        Review plan
      </Link>
    </>
  );
}

const Nothing = ({ runbook }: { runbook: Runbook }) => (
  <>
    <span className="quiet">nothing waiting</span>
    <Link className="button" to={`${pathOf(runbook)}#rehearse`} aria-label={`Rehearse ${runbook.name}`}>
      Rehearse
    </Link>
  </>
);
