// What people do to an incident: off with the reason while the agent is not heard, refused in the server's words.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { acknowledge, assign, newKey, note, reopen, resolve } from "../api/client";
import type { Incident } from "../api/types";
import { isActive } from "../live/hooks";
import { useMe, useWritesOff } from "../live/me";
import { ActDialog } from "./act-dialog";
import { Refusal } from "./dialog";
import { done } from "./undo";

type Target = Pick<Incident, "id" | "status" | "title">;

export function Acknowledge({ incident, primary = false }: { incident: Target; primary?: boolean }) {
  const writesOff = useWritesOff("operator");
  const queries = useQueryClient();
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => acknowledge(incident.id, key.current),
    onSuccess: () => {
      key.current = newKey();
      done(incident.id, `Acknowledged: ${incident.title}`);
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
  if (!isActive(incident)) return null;
  return (
    <ActDialog
      incident={incident}
      act={{
        label: "Resolve",
        title: "Resolve by hand",
        explain:
          "Kronveil resolves an incident by itself once it sees the recovery. Resolving by hand says that you know better: it is written to the timeline with your reason.",
        field: "Reason",
        keep: "Keep it open",
        submit: "Resolve",
        did: () => "Resolved by hand",
        call: resolve,
      }}
    />
  );
}

export function Reopen({ incident }: { incident: Target }) {
  if (isActive(incident)) return null;
  return (
    <ActDialog
      incident={incident}
      act={{
        label: "Reopen",
        title: "Reopen: it is not over",
        explain: "It stays open until a person resolves it, or until it comes and goes again.",
        field: "Reason",
        keep: "Leave it as it is",
        submit: "Reopen",
        did: () => "Reopened",
        call: reopen,
      }}
    />
  );
}

export function Assign({ incident }: { incident: Target & Pick<Incident, "owner"> }) {
  const me = useMe();
  if (!isActive(incident)) return null;
  return (
    <ActDialog
      incident={incident}
      act={{
        label: "Assign",
        title: "Whose is it to work on?",
        explain: "An assignment says who looks after it; it changes nothing in a cluster. Empty: nobody's.",
        field: "Person",
        text: incident.owner ?? me?.name ?? "",
        short: true,
        keep: "Leave it as it is",
        submit: "Assign",
        did: (to) => (to ? `Assigned to ${to}` : "Assigned to nobody"),
        call: assign,
      }}
    />
  );
}

export function Note({ incident }: { incident: Target }) {
  return (
    <ActDialog
      incident={incident}
      act={{
        label: "Note",
        title: "Add a note",
        explain: "Your words stand in the timeline, with your name.",
        field: "Note",
        keep: "No note",
        submit: "Add it",
        call: note,
      }}
    />
  );
}
