// Acknowledge and resolve: off with the reason while the agent is not heard, refused in the server's words.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { acknowledge, newKey, resolve } from "../api/client";
import type { Incident } from "../api/types";
import { isActive } from "../live/hooks";
import { useTrust } from "../live/pulse";

type Target = Pick<Incident, "id" | "status" | "title">;

export function Acknowledge({ incident, primary = false }: { incident: Target; primary?: boolean }) {
  const { writesOff } = useTrust();
  const queries = useQueryClient();
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => acknowledge(incident.id, key.current),
    onSuccess: () => {
      key.current = newKey();
      return queries.invalidateQueries({ queryKey: ["incident", incident.id] });
    },
  });
  if (incident.status !== "open") return null;
  return (
    <span className="action">
      {call.error && <Refusal error={call.error} />}
      <button
        type="button"
        className={primary ? "button primary" : "button"}
        disabled={writesOff !== null || call.isPending || call.isSuccess}
        title={writesOff ?? `Acknowledge: ${incident.title}`}
        onClick={() => call.mutate()}
      >
        {call.isPending ? "Acknowledging" : "Acknowledge"}
      </button>
    </span>
  );
}

export function Resolve({ incident }: { incident: Target }) {
  const { writesOff } = useTrust();
  const dialog = useRef<HTMLDialogElement>(null);
  if (!isActive(incident)) return null;
  return (
    <span className="action">
      <button
        type="button"
        className="button"
        disabled={writesOff !== null}
        title={writesOff ?? undefined}
        onClick={() => dialog.current?.showModal()}
      >
        Resolve
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby="resolve-title">
        <ResolveForm incident={incident} close={() => dialog.current?.close()} />
      </dialog>
    </span>
  );
}

function ResolveForm({ incident, close }: { incident: Target; close: () => void }) {
  const { writesOff } = useTrust();
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => resolve(incident.id, reason.trim(), key.current),
    onSuccess: () => {
      key.current = newKey();
      close();
      return queries.invalidateQueries({ queryKey: ["incident", incident.id] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        call.mutate();
      }}
    >
      <h2 id="resolve-title">Resolve by hand</h2>
      <p className="second">
        Kronveil resolves an incident by itself once it sees the recovery. Resolving by hand says that you
        know better: it is written to the timeline with your reason.
      </p>
      <label className="field">
        Reason
        <textarea required rows={3} value={reason} onChange={(change) => setReason(change.target.value)} />
      </label>
      {call.error && <Refusal error={call.error} />}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          Keep it open
        </button>
        <button
          type="submit"
          className="button primary"
          disabled={reason.trim() === "" || call.isPending || writesOff !== null}
          title={writesOff ?? undefined}
        >
          Resolve
        </button>
      </div>
    </form>
  );
}

const Refusal = ({ error }: { error: Error }) => (
  <span className="refusal" role="alert">
    {error.message}
  </span>
);
