// Asks for a run of a runbook for an incident and goes to it; nothing acts before somebody signs.
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { newKey } from "../../api/client";
import { type Given, requestRun } from "../../api/runs";
import type { Execution } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { Refusal } from "../dialog";

export function Ask(props: {
  runbook: string;
  incident: string;
  mode: Execution["mode"];
  label: string;
  parameters?: Given;
  /** What must still be given. */
  missing?: readonly string[];
  primary?: boolean;
}) {
  const off = useWritesOff("operator");
  const { missing = [] } = props;
  const navigate = useNavigate();
  const key = useRef(newKey());
  const ask = useMutation({
    mutationFn: () =>
      requestRun(
        props.runbook,
        {
          incident_id: props.incident,
          mode: props.mode,
          ...(props.parameters ? { parameters: props.parameters } : {}),
        },
        key.current,
      ),
    // Another try may have other values, and is another act.
    onError: () => {
      key.current = newKey();
    },
    onSuccess: (made) => {
      key.current = newKey();
      navigate(`/executions/${encodeURIComponent(made.id)}`);
    },
  });
  return (
    <span className="action">
      {ask.error && <Refusal error={ask.error} />}
      <button
        type="button"
        className={props.primary ? "button primary" : "button"}
        disabled={off !== null || ask.isPending || props.incident === "" || missing.length > 0}
        title={off ?? (missing.length > 0 ? `Must be given: ${missing.join(", ")}` : undefined)}
        onClick={() => ask.mutate()}
      >
        {ask.isPending ? "Asking" : props.label}
      </button>
    </span>
  );
}
