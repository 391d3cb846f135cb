// The same runbook for the same incident once more: a rehearsal, which changes nothing, or a plan to be signed.
import type { Execution } from "../../api/types";
import { isEnded, useRunbooks } from "../../live/runs";
import { Ask } from "../../parts/run/ask";

export function Again({ run }: { run: Execution }) {
  const { data } = useRunbooks();
  if (!isEnded(run)) return null;
  return (
    <>
      <Ask runbook={run.runbook_id} incident={run.incident_id} mode="rehearse" label="Rehearse again" />
      {data?.live && (
        <Ask runbook={run.runbook_id} incident={run.incident_id} mode="live" label="Plan for approval" />
      )}
    </>
  );
}
