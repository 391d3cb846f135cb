// Stops all runs at once, and says while they are stopped; the file beside the agent's data does the same.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../../api/client";
import { resumeRuns, stopAllRuns } from "../../api/runs";
import type { KillSwitch } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { DialogButton, DialogForm, Refusal } from "../dialog";
import { Shape } from "../shape";
import { At } from "../times";

const useRenewRunbooks = () => {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["runbooks"] });
};

export function StopAll() {
  return (
    <DialogButton label="Stop all runs" heading="stop-all" off={useWritesOff("operator")}>
      {(close) => <StopForm close={close} />}
    </DialogButton>
  );
}

function StopForm({ close }: { close: () => void }) {
  const [reason, setReason] = useState("");
  const key = useRef(newKey());
  const renew = useRenewRunbooks();
  const stop = useMutation({
    mutationFn: () => stopAllRuns(reason.trim(), key.current),
    onSuccess: () => {
      close();
      return renew();
    },
  });
  return (
    <DialogForm
      heading="stop-all"
      title="Stop all runs"
      explain="No run is proposed, none is approved, and none begins another step, until somebody resumes them. What a step has already done stays done."
      error={stop.error}
      keep="Let them go on"
      submit="Stop all"
      danger
      ready={reason.trim() !== "" && !stop.isPending}
      off={useWritesOff("operator")}
      act={() => stop.mutate()}
      close={close}
    >
      <label className="field">
        Reason
        <input value={reason} maxLength={2000} onChange={(change) => setReason(change.target.value)} />
      </label>
    </DialogForm>
  );
}

export function Stopped({ stopped }: KillSwitch) {
  const off = useWritesOff("approver");
  const key = useRef(newKey());
  const renew = useRenewRunbooks();
  const resume = useMutation({
    mutationFn: () => resumeRuns(key.current),
    onSuccess: () => {
      key.current = newKey();
      return renew();
    },
  });
  if (!stopped) return null;
  return (
    <div className="all-stopped" role="status">
      <Shape tone="off" size={18} />
      <p>
        <strong>All runs are stopped</strong> by {stopped.by} since <At at={stopped.at} />
        {stopped.reason && <>: {stopped.reason}</>}
        <span className="terms-line">
          None is proposed, none can be approved, and none begins another step.
        </span>
      </p>
      {resume.error && <Refusal error={resume.error} />}
      <button
        type="button"
        className="button"
        disabled={off !== null || resume.isPending}
        title={off ?? undefined}
        onClick={() => resume.mutate()}
      >
        Resume
      </button>
    </div>
  );
}
