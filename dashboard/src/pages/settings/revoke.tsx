// Taking a token back ends whoever uses it, at once and for good: the name is typed, so that it is the one meant.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey, revokeToken } from "../../api/client";
import type { Token } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { DialogButton, DialogForm } from "../../parts/dialog";

export function Revoke({ token }: { token: Token }) {
  const heading = `revoke-${token.id}`;
  return (
    <DialogButton label="Revoke" name={`Revoke ${token.name}`} heading={heading} off={useWritesOff("admin")}>
      {(close) => <Form token={token} heading={heading} close={close} />}
    </DialogButton>
  );
}

function Form({ token, heading, close }: { token: Token; heading: string; close: () => void }) {
  const [typed, setTyped] = useState("");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => revokeToken(token.id, key.current),
    onSuccess: () => {
      close();
      return queries.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return (
    <DialogForm
      heading={heading}
      title={`Revoke ${token.name}`}
      explain="Whoever uses it is shut out within a second, and their open pages end. This cannot be undone; a new token can be made."
      error={call.error}
      keep="Keep it"
      submit="Revoke"
      danger
      ready={typed === token.name && !call.isPending}
      off={useWritesOff("admin")}
      act={() => call.mutate()}
      close={close}
    >
      <label className="field">
        Type {token.name} to go on
        <input value={typed} autoComplete="off" onChange={(change) => setTyped(change.target.value)} />
      </label>
      {typed !== "" && !token.name.startsWith(typed) && (
        <p className="refusal" role="alert">
          That is not its name.
        </p>
      )}
    </DialogForm>
  );
}
