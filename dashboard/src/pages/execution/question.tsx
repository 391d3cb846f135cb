// A step that asks a person: the run waits for the answer, and ends without one.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { newKey } from "../../api/client";
import { type AnswerWish, answerRun } from "../../api/runs";
import type { Execution } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { useNow } from "../../live/pulse";
import { Refusal } from "../../parts/dialog";
import { Panel } from "../../parts/panel";
import { At } from "../../parts/times";
import { duration } from "../../time/format";

export function Question({ run }: { run: Execution }) {
  const { question } = run;
  if (!question || run.status !== "running") return null;
  return <Asked key={question.step} run={run} question={question} />;
}

function Asked({ run, question }: { run: Execution; question: NonNullable<Execution["question"]> }) {
  const [reason, setReason] = useState("");
  const field = useId();
  const now = useNow();
  const off = useWritesOff("operator");
  const queries = useQueryClient();
  const keys = useRef({ continue: newKey(), stop: newKey() });
  const call = useMutation({
    mutationFn: (answer: AnswerWish["answer"]) =>
      answerRun(run.id, { step: question.step, answer, reason: reason.trim() }, keys.current[answer]),
    onSettled: () => queries.invalidateQueries({ queryKey: ["execution", run.id] }),
  });
  const left = (Date.parse(question.until) - now) / 1000;
  const can = off === null && reason.trim() !== "" && !call.isPending && left > 0;
  const why = off ?? (reason.trim() === "" ? "It needs a reason" : undefined);
  return (
    <Panel
      title="It asks you"
      className="signature question"
      aside={<span className="quiet">{left > 0 ? `${duration(left)} left` : "too late"}</span>}
    >
      <div className="signature-body">
        <p>
          <strong>{question.text}</strong>
        </p>
        <p className="quiet">
          Without an answer by <At at={question.until} /> the run ends.
        </p>
        <label className="field" htmlFor={field}>
          Reason for the answer
        </label>
        <textarea
          id={field}
          rows={2}
          maxLength={2000}
          value={reason}
          onChange={(change) => setReason(change.target.value)}
        />
        {call.error && <Refusal error={call.error} />}
        <button
          type="button"
          className="button primary"
          disabled={!can}
          title={why}
          onClick={() => call.mutate("continue")}
        >
          Go on
        </button>
        <button
          type="button"
          className="button"
          disabled={!can}
          title={why}
          onClick={() => call.mutate("stop")}
        >
          Stop before the next step
        </button>
      </div>
    </Panel>
  );
}
