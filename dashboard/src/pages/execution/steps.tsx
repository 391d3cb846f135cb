// The plan's steps in their order, each with what it may do at most, and what became of it.
import type { Execution } from "../../api/types";
import { isEnded } from "../../live/runs";
import { Empty, Panel } from "../../parts/panel";
import { effectWords, stepState, targetName } from "../../parts/run/words";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import { duration, plural } from "../../time/format";

type Props = { run: Execution; shown: number; show: (index: number) => void };

export function Steps({ run, shown, show }: Props) {
  const steps = run.plan?.steps ?? [];
  return (
    <Panel title="Steps" count={steps.length || undefined} className="run-steps">
      {steps.length === 0 ? (
        <Empty>{isEnded(run) ? "None were planned." : "Not known before the plan is made."}</Empty>
      ) : (
        <ol>
          {steps.map((step, index) => (
            <StepRow
              // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place in the plan
              key={index}
              run={run}
              index={index}
              name={step.name}
              isShown={index === shown}
              show={() => show(index)}
            />
          ))}
        </ol>
      )}
      <p className="run-note quiet">
        Each step is journalled before it acts. If the agent dies, the run goes on where it was.
      </p>
    </Panel>
  );
}

function StepRow(props: { run: Execution; index: number; name: string; isShown: boolean; show: () => void }) {
  const { run, index } = props;
  const steps = run.plan?.steps ?? [];
  const step = steps[index];
  const { word, tone, record } = stepState(run, index, isEnded(run));
  if (!step) return null;
  const began = run.started_at !== null;
  return (
    <li
      className={`run-step effect-${step.left_out ? "read" : step.effect}${step.left_out ? " step-left-out" : ""}`}
      data-step={index}
      data-step-state={record?.status ?? "none"}
    >
      {record ? (
        <Shape tone={tone} size={16} label={word} />
      ) : (
        <span className="step-number">{index + 1}</span>
      )}
      <button type="button" aria-pressed={props.isShown} onClick={props.show} data-row>
        <strong>{step.name}</strong>
        <span className="second">{targetName(step) ? step.summary : step.summary || "acts on nothing"}</span>
        <span className="step-chips">
          {!step.left_out && <span className="kind-chip effect-chip">{effectWords(steps, index)}</span>}
          {!step.left_out && <code>{step.action}</code>}
          {step.together !== null && <span className="quiet">at once with its neighbour</span>}
          {(record || began) && !step.left_out && <span className={`tone-${tone}`}>{word}</span>}
          {record && record.tries > 1 && (
            <span className="quiet">{plural(record.tries, "try").replace("trys", "tries")}</span>
          )}
          {record && (
            <span className="quiet">
              <At at={record.began_at} bare />
              {record.ended_at &&
                ` · ${duration((Date.parse(record.ended_at) - Date.parse(record.began_at)) / 1000)}`}
            </span>
          )}
        </span>
        {step.left_out && !step.summary.includes(step.left_out) && (
          <span className="step-message">left out: {step.left_out}</span>
        )}
        {step.question && <span className="step-message">asks: {step.question}</span>}
        {record?.retry_at && (
          <span className="step-message">
            tried again at <At at={record.retry_at} />
          </span>
        )}
        {record?.message && record.message !== step.summary && (
          <span className="step-message">{record.message}</span>
        )}
      </button>
    </li>
  );
}
