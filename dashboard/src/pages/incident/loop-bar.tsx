// The loop, stage by stage: as far as it came, with every try that did not help still in sight.
import { Link } from "react-router";
import type { Execution, IncidentDetail } from "../../api/types";
import { useNow } from "../../live/pulse";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import { loopStages } from "./loop-stages";

const TONES = { done: "ok", now: "partial", ahead: "todo", failed: "cross" } as const;

export function LoopBar({ incident, runs }: { incident: IncidentDetail; runs: readonly Execution[] }) {
  const now = useNow();
  return (
    <ol className="loop-bar panel drains" aria-label="Stages">
      {loopStages(incident, runs, now).map((stage, index) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: a stage is its place; two tries may share a name
          key={index}
          className={`stage stage-${stage.state}`}
          aria-current={stage.state === "now" ? "step" : undefined}
        >
          <Shape
            tone={stage.name === "Approval" && stage.state === "now" ? "wait" : TONES[stage.state]}
            size={16}
            label={stage.state}
          />
          <strong>
            {stage.run ? (
              <Link to={`/executions/${encodeURIComponent(stage.run)}`}>{stage.name}</Link>
            ) : (
              stage.name
            )}
          </strong>
          <span className="stage-at">
            {stage.at ? <At at={stage.at} bare /> : stage.state === "now" ? "waiting" : ""}
          </span>
          <span className="meta">{stage.detail}</span>
        </li>
      ))}
    </ol>
  );
}
