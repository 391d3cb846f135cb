// The run itself: where it is, how it is stopped, what is done, undone and half done, and whether it helped.
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { newKey } from "../../api/client";
import { cancelRun, stopRun } from "../../api/runs";
import type { Execution } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { useNow } from "../../live/pulse";
import { isEnded } from "../../live/runs";
import { Refusal } from "../../parts/dialog";
import { Panel } from "../../parts/panel";
import { standingOf, stepState, verdictOf } from "../../parts/run/words";
import { Shape, type Tone } from "../../parts/shape";
import { Age, At } from "../../parts/times";
import { duration, secondsSince } from "../../time/format";

export function RunPanel({ run }: { run: Execution }) {
  if (run.status === "awaiting_approval") return null;
  return (
    <Panel
      title={run.status === "verifying" || run.verdict ? "Verification" : "Run"}
      className="run-now"
      aside={run.started_at && <Took run={run} />}
    >
      <div className="run-now-body">
        <Standing run={run} />
        {isEnded(run) && run.problem !== "" && <p className="run-problem">{run.problem}</p>}
        {run.status === "running" && <Stop run={run} />}
        {run.status === "verifying" && <Settling run={run} />}
        {isEnded(run) && run.started_at !== null && <Outcome run={run} />}
      </div>
    </Panel>
  );
}

function Took({ run }: { run: Execution }) {
  if (!run.started_at) return null;
  return (
    <span className="quiet">
      {run.ended_at ? (
        `took ${duration((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000)}`
      ) : (
        <>
          since <Age at={run.started_at} />
        </>
      )}
    </span>
  );
}

function Standing({ run }: { run: Execution }) {
  const verdict = verdictOf(run.verdict);
  const { word, tone } = verdict ?? standingOf(run);
  const stopped = verdict !== null && run.status !== "done" ? standingOf(run) : null;
  return (
    <>
      <p className={`run-verdict tone-${tone}`} role="status" data-verdict={run.verdict ?? "none"}>
        <Shape tone={tone} size={18} /> <strong>{word}</strong>
        {stopped && (
          <span className={`tone-${stopped.tone}`}>
            <Shape tone={stopped.tone} /> {stopped.word}
          </span>
        )}
      </p>
      {run.verdict_reason && <p>{run.verdict_reason}</p>}
      {run.verdict === "rehearsed" && (
        <p className="second">
          A rehearsal counts as nothing: it is no success, and the incident is as it was.
        </p>
      )}
    </>
  );
}

function Settling({ run }: { run: Execution }) {
  const now = useNow();
  if (!run.settles_at) return null;
  const left = (Date.parse(run.settles_at) - now) / 1000;
  return (
    <p className="second" data-settling>
      {left > 0 ? (
        <>
          The symptom must stay away until <At at={run.settles_at} />: {duration(left)} to go
        </>
      ) : (
        <>The time to settle is over; the verdict is being found.</>
      )}
    </p>
  );
}

/** Never confirmed: who stops a run has no time for a question. */
function Stop({ run }: { run: Execution }) {
  const off = useWritesOff("operator");
  const keys = useRef({ after: newKey(), now: newKey() });
  const after = useMutation({ mutationFn: () => stopRun(run.id, keys.current.after) });
  const now = useMutation({ mutationFn: () => cancelRun(run.id, keys.current.now) });
  const asked = [...run.timeline].reverse().find(({ what }) => what === "stopping" || what === "cancelling");
  return (
    <div className="run-stop">
      {asked && (
        <p className="second" role="status">
          {asked.actor} asked to stop it {asked.what === "stopping" ? "after this step" : "now"},{" "}
          <Ago at={asked.at} /> ago
        </p>
      )}
      <button
        type="button"
        className="button"
        disabled={off !== null || after.isPending || asked !== undefined}
        title={off ?? undefined}
        onClick={() => after.mutate()}
      >
        Stop after this step
      </button>
      <button
        type="button"
        className="button danger"
        disabled={off !== null || now.isPending || asked?.what === "cancelling"}
        title={off ?? undefined}
        onClick={() => now.mutate()}
      >
        Stop now
      </button>
      {after.error && <Refusal error={after.error} />}
      {now.error && <Refusal error={now.error} />}
    </div>
  );
}

const Ago = ({ at }: { at: string }) => <>{duration(secondsSince(at, useNow()) ?? 0)}</>;

type Row = { title: string; tone: Tone; names: string[] };

/** What stands in the world after a run that is over. Pure. */
export function outcomeOf(run: Execution): Row[] {
  const steps = run.plan?.steps ?? [];
  const named = (word: string) =>
    steps.flatMap(({ name }, index) => (stepState(run, index, true).word === word ? [name] : []));
  const rows: Row[] = [
    { title: "Done", tone: "ok", names: named("done") },
    { title: "Undone", tone: "off", names: named("undone") },
    {
      title: "Done, and could not be undone",
      tone: "critical",
      names: named("done, and could not be undone"),
    },
    { title: "Failed", tone: "cross", names: named("failed") },
    {
      title: "Half done: begun, and nobody knows whether it acted",
      tone: "unknown",
      names: named("may have acted"),
    },
    { title: "Not begun", tone: "todo", names: named("not begun") },
    { title: "Left out", tone: "info", names: named("left out") },
  ];
  return rows.filter(({ names }) => names.length > 0);
}

function Outcome({ run }: { run: Execution }) {
  return (
    <dl className="outcome">
      {outcomeOf(run).map(({ title, tone, names }) => (
        <div key={title} data-outcome={title.split(":")[0]}>
          <dt>
            <Shape tone={tone} /> {title}
          </dt>
          <dd>{names.join(", ")}</dd>
        </div>
      ))}
    </dl>
  );
}
