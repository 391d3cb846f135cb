// Taking a token back ends whoever uses it, at once and for good: the name is typed, so that it is the one meant.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey, revokeToken } from "../../api/client";
import type { Token } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { Refusal } from "../../parts/act-dialog";

export function Revoke({ token }: { token: Token }) {
  const writesOff = useWritesOff("admin");
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => revokeToken(token.id, key.current),
    onSuccess: () => {
      dialog.current?.close();
      return queries.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  const open = () => {
    setTyped("");
    call.reset();
    dialog.current?.showModal();
  };
  const id = `revoke-${token.id}`;
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={writesOff !== null}
        title={writesOff ?? undefined}
        aria-label={`Revoke ${token.name}`}
        onClick={open}
      >
        Revoke
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby={id}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === token.name) call.mutate();
          }}
        >
          <h2 id={id}>Revoke {token.name}</h2>
          <p className="second">
            Whoever uses it is shut out within a second, and their open pages end. This cannot be undone; a
            new token can be made.
          </p>
          <label className="field">
            Type {token.name} to go on
            <input value={typed} autoComplete="off" onChange={(change) => setTyped(change.target.value)} />
          </label>
          {typed !== "" && !token.name.startsWith(typed) && (
            <p className="refusal" role="alert">
              That is not its name.
            </p>
          )}
          {call.error && <Refusal error={call.error} />}
          <div className="dialog-end">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Keep it
            </button>
            <button
              type="submit"
              className="button danger"
              disabled={typed !== token.name || call.isPending || writesOff !== null}
            >
              Revoke
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
