// Runs, newest first: when, of what, on what, by whom, how long, and whether it helped.
import { Link } from "react-router";
import type { Execution } from "../../api/types";
import { useNow } from "../../live/pulse";
import { useLive } from "../../live/store";
import { Failure } from "../../parts/failure";
import { useHeld } from "../../parts/held";
import { Empty, Loading, Panel } from "../../parts/panel";
import { Standing } from "../../parts/run/standing";
import { askedBy, isWrite, targetName } from "../../parts/run/words";
import { Age, At } from "../../parts/times";
import { useZone } from "../../shell/preferences";
import { duration, zoneName } from "../../time/format";

type Props = {
  runs: readonly Execution[];
  known: boolean;
  error: unknown;
  retry: () => void;
  /** On a runbook's own page its name says nothing. */
  ofOne?: boolean;
};

export function History({ runs, known, error, retry, ofOne = false }: Props) {
  const zone = useZone();
  const now = useNow();
  const { rows, waiting, letIn, grip } = useHeld(runs, ({ id }) => id);
  return (
    <Panel
      title="Run history"
      count={zoneName(now, zone)}
      aside={
        <>
          {waiting > 0 && (
            <button type="button" className="new-rows" onClick={letIn}>
              {waiting} new
            </button>
          )}
          <span className="quiet wide-only">
            effective means the symptom went away and stayed away for the settle time
          </span>
        </>
      }
    >
      {error ? (
        <Failure error={error} retry={retry} />
      ) : !known ? (
        <Loading what="runs" />
      ) : rows.length === 0 ? (
        <Empty>No run has been asked for yet, by anybody.</Empty>
      ) : (
        <div className="history-frame" {...grip}>
          <table className="grid history">
            <thead>
              <tr>
                <th scope="col">Asked for</th>
                <th scope="col">Age</th>
                {!ofOne && <th scope="col">Runbook</th>}
                <th scope="col">Target</th>
                <th scope="col">By</th>
                <th scope="col">Took</th>
                <th scope="col">Verdict</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((run) => (
                <Row key={run.id} run={run} ofOne={ofOne} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** What it acts on; before there is a plan, what its incident is about. */
function Target({ run }: { run: Execution }) {
  const incident = useLive((view) => view.world.incidents.get(run.incident_id));
  const steps = run.plan?.steps ?? [];
  const step = steps.find((each) => isWrite(each) && each.target) ?? steps.find(({ target }) => target);
  if (step?.target) {
    return (
      <>
        {targetName(step)}, <span className="cluster-name">{step.target.cluster}</span>
      </>
    );
  }
  return <>{incident?.resource.name ?? <code>{run.incident_id}</code>}</>;
}

function Row({ run, ofOne }: { run: Execution; ofOne: boolean }) {
  const to = `/executions/${encodeURIComponent(run.id)}`;
  return (
    <tr data-run={run.id}>
      <td data-label="Asked for">
        <At at={run.requested_at} bare />
      </td>
      <td data-label="Age" className="quiet">
        <Age at={run.requested_at} short /> ago
      </td>
      {!ofOne && (
        <th scope="row" className="cell-main">
          <Link to={to} data-row>
            {run.runbook_name}
          </Link>
        </th>
      )}
      <td data-label="Target" className={ofOne ? "cell-main" : undefined}>
        {ofOne ? (
          <Link to={to} data-row>
            <Target run={run} />
          </Link>
        ) : (
          <span className="clip">
            <Target run={run} />
          </span>
        )}
      </td>
      <td data-label="By" className="second">
        {askedBy(run)}
      </td>
      <td data-label="Took" className="second">
        {run.started_at && run.ended_at
          ? duration((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000)
          : "—"}
      </td>
      <td data-label="Verdict">
        <Standing run={run} />
      </td>
    </tr>
  );
}
