// The same runbook for the same incident once more: a rehearsal, which changes nothing, or a plan to be signed.
import type { Given } from "../../api/runs";
import type { Execution } from "../../api/types";
import { isEnded, useRunbooks } from "../../live/runs";
import { Ask } from "../../parts/run/ask";
import { Edit } from "./edit";

export function Again({ run }: { run: Execution }) {
  const { data } = useRunbooks();
  if (!isEnded(run)) return run.status === "awaiting_approval" ? <Edit run={run} /> : null;
  const parameters = Object.fromEntries(
    Object.entries(run.parameters).map(([name, json]) => [name, valueIn(json)]),
  );
  const same = { runbook: run.runbook_id, incident: run.incident_id, parameters };
  return (
    <>
      <Ask {...same} mode="rehearse" label="Rehearse again" />
      {data?.live && <Ask {...same} mode="live" label="Plan for approval" />}
    </>
  );
}

/** JSON text as its value; what is none stays as it came, for the agent to judge. */
function valueIn(json: string): Given[string] {
  try {
    return JSON.parse(json) as Given[string];
  } catch {
    return json;
  }
}
