// One trouble, several incidents: others are put under this one, or it is taken out from under another.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { merge, newKey, split } from "../../api/client";
import type { Incident } from "../../api/types";
import { isActive, useActiveRoots } from "../../live/hooks";
import { useWritesOff } from "../../live/me";
import { DialogButton, DialogForm, Refusal } from "../../parts/dialog";
import { clusterNames } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { done } from "../../parts/undo";
import { plural } from "../../time/format";

type Target = Pick<Incident, "id" | "status" | "parent_id">;

export function Merge({ incident }: { incident: Target }) {
  const writesOff = useWritesOff("operator");
  const others = useActiveRoots().filter(({ id }) => id !== incident.id && id !== incident.parent_id);
  if (!isActive(incident) || incident.parent_id !== null) return null;
  return (
    <DialogButton
      label="Merge"
      heading="merge"
      off={writesOff ?? (others.length === 0 ? "No other incident is open" : null)}
    >
      {(close) => <Choose id={incident.id} others={others} close={close} />}
    </DialogButton>
  );
}

function Choose(props: { id: string; others: readonly Incident[]; close: () => void }) {
  const { id, others, close } = props;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const key = useRef(newKey());
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => merge(id, [...chosen], key.current),
    onSuccess: () => {
      close();
      done(id, `Put ${plural(chosen.size, "incident")} under this one`);
      return queries.invalidateQueries({ queryKey: ["incident"] });
    },
  });
  const toggle = (other: string) => {
    const next = new Set(chosen);
    if (!next.delete(other)) next.add(other);
    setChosen(next);
  };
  return (
    <DialogForm
      heading="merge"
      title="Which belong to this one?"
      explain="They keep their ids and timelines, and close on their own. Undo takes it back."
      error={call.error}
      keep="Leave them apart"
      submit={`Put ${chosen.size === 0 ? "them" : plural(chosen.size, "incident")} under this one`}
      ready={chosen.size > 0 && !call.isPending}
      off={useWritesOff("operator")}
      act={() => call.mutate()}
      close={close}
    >
      <ul className="choices">
        {others.map((other) => (
          <li key={other.id}>
            <label className="check">
              <input type="checkbox" checked={chosen.has(other.id)} onChange={() => toggle(other.id)} />
              <Shape tone={toneOfSeverity(other.severity)} size={12} label={other.severity} />
              <span className="choice-words">
                <bdi>{other.title}</bdi> <span className="quiet">{clusterNames(other)}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
    </DialogForm>
  );
}

export function Split({ incident }: { incident: Pick<Incident, "id" | "parent_id"> }) {
  const writesOff = useWritesOff("operator");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => split(incident.id, key.current),
    onSuccess: () => {
      key.current = newKey();
      done(incident.id, "Split off");
      return queries.invalidateQueries({ queryKey: ["incident"] });
    },
  });
  if (incident.parent_id === null) return null;
  return (
    <span className="action">
      {call.error && <Refusal error={call.error} />}
      <button
        type="button"
        className="button"
        disabled={writesOff !== null || call.isPending}
        title={writesOff ?? "It stands by itself from then on"}
        onClick={() => call.mutate()}
      >
        Split off
      </button>
    </span>
  );
}
