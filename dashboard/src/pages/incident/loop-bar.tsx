// The loop as far as this version goes: detected, acknowledged, recovered.
import type { IncidentDetail } from "../../api/types";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import { stagesOf } from "./stages";

const TONES = { done: "ok", now: "partial", ahead: "todo" } as const;

export function LoopBar({ incident }: { incident: IncidentDetail }) {
  return (
    <ol className="loop-bar panel drains" aria-label="Stages">
      {stagesOf(incident).map((stage) => (
        <li
          key={stage.name}
          className={`stage stage-${stage.state}`}
          aria-current={stage.state === "now" ? "step" : undefined}
        >
          <Shape tone={TONES[stage.state]} size={16} label={stage.state} />
          <strong>{stage.name}</strong>
          <span className="stage-at">
            {stage.at ? <At at={stage.at} bare /> : stage.state === "now" ? "waiting" : ""}
          </span>
          <span className="meta">{stage.detail}</span>
        </li>
      ))}
    </ol>
  );
}
