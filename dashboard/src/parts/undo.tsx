// The offer to take back the last act, for as long as the agent would do it.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { newKey, undo } from "../api/client";
import { useTrust } from "../live/pulse";

/** The agent takes an act back within this time. */
const UNDO_MS = 10_000;

type Done = { id: string; did: string; key: string; takeBack: (key: string) => Promise<unknown> };

let last: Done | null = null;
const listeners = new Set<() => void>();

function say(next: Done | null): void {
  last = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** An act on an incident has been done: offer to undo it. */
export const done = (id: string, did: string): void =>
  say({ id, did, key: newKey(), takeBack: (key) => undo(id, key) });

/** The same for an act that has a way back of its own. */
export const doneWith = (did: string, takeBack: (key: string) => Promise<unknown>): void =>
  say({ id: "", did, key: newKey(), takeBack });

export function UndoOffer() {
  const offer = useSyncExternalStore(subscribe, () => last);
  return (
    <div className="undo-place" role="status">
      {offer && <Offer key={offer.key} offer={offer} />}
    </div>
  );
}

function Offer({ offer }: { offer: Done }) {
  const { writesOff } = useTrust();
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => offer.takeBack(offer.key),
    onSuccess: () => {
      say(null);
      void queries.invalidateQueries({ queryKey: ["silences"] });
      return queries.invalidateQueries({ queryKey: ["incident", offer.id] });
    },
  });
  const { failureCount } = call;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a refusal is shown for as long again
  useEffect(() => {
    const timeout = setTimeout(() => last?.key === offer.key && say(null), UNDO_MS);
    return () => clearTimeout(timeout);
  }, [offer, failureCount]);
  return (
    <div className="undo">
      <span className={call.error ? "refusal" : undefined}>{call.error?.message ?? offer.did}</span>
      {!call.error && (
        <button
          type="button"
          className="button"
          disabled={writesOff !== null || call.isPending}
          title={writesOff ?? "Within 10 seconds"}
          onClick={() => call.mutate()}
        >
          Undo
        </button>
      )}
    </div>
  );
}
