// The same runbook for the same incident once more: a rehearsal, which changes nothing, or a plan to be signed.
import type { Execution } from "../../api/types";
import { isEnded, useRunbooks } from "../../live/runs";
import { Ask } from "../../parts/run/ask";
import { Edit } from "./edit";

export function Again({ run }: { run: Execution }) {
  const { data } = useRunbooks();
  if (!isEnded(run)) return run.status === "awaiting_approval" ? <Edit run={run} /> : null;
  const parameters = Object.fromEntries(
    Object.entries(run.parameters).map(([name, json]) => [name, JSON.parse(json)]),
  );
  const same = { runbook: run.runbook_id, incident: run.incident_id, parameters };
  return (
    <>
      <Ask {...same} mode="rehearse" label="Rehearse again" />
      {data?.live && <Ask {...same} mode="live" label="Plan for approval" />}
    </>
  );
}
