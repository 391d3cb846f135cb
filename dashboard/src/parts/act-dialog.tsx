// An act that needs a word from its person: a button, its dialog, and the agent's refusal when there is one.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../api/client";
import { useWritesOff } from "../live/me";
import { done } from "./undo";

type Act = {
  /** On the button that opens the dialog. */
  label: string;
  title: string;
  explain: string;
  field: string;
  /** What is in the field at first. */
  text?: string;
  /** A line instead of a paragraph, and it may be empty. */
  short?: boolean;
  keep: string;
  submit: string;
  /** What the offer to undo says; without it none is made. */
  did?: (text: string) => string;
  call: (id: string, text: string, key: string) => Promise<unknown>;
};

/** What is acted on: an incident, or a cluster by its name. */
type Target = { id: string };

export function ActDialog({ incident, act }: { incident: Target; act: Act }) {
  const writesOff = useWritesOff("operator");
  const dialog = useRef<HTMLDialogElement>(null);
  // A new opening starts with the field as it is then.
  const [opening, setOpening] = useState(0);
  const open = () => {
    setOpening(opening + 1);
    dialog.current?.showModal();
  };
  const id = `act-${act.label.toLowerCase()}`;
  return (
    <span className="action">
      <button
        type="button"
        className="button"
        disabled={writesOff !== null}
        title={writesOff ?? undefined}
        onClick={open}
      >
        {act.label}
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby={id}>
        <Form key={opening} id={id} incident={incident} act={act} close={() => dialog.current?.close()} />
      </dialog>
    </span>
  );
}

function Form(props: { id: string; incident: Target; act: Act; close: () => void }) {
  const { id, incident, act, close } = props;
  const writesOff = useWritesOff("operator");
  const [text, setText] = useState(act.text ?? "");
  const queries = useQueryClient();
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => act.call(incident.id, text.trim(), key.current),
    onSuccess: () => {
      key.current = newKey();
      close();
      if (act.did) done(incident.id, act.did(text.trim()));
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
      <h2 id={id}>{act.title}</h2>
      <p className="second">{act.explain}</p>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the control inside is the one or the other */}
      <label className="field">
        {act.field}
        {act.short ? (
          <input value={text} maxLength={200} onChange={(change) => setText(change.target.value)} />
        ) : (
          <textarea required rows={3} value={text} onChange={(change) => setText(change.target.value)} />
        )}
      </label>
      {call.error && <Refusal error={call.error} />}
      <div className="dialog-end">
        <button type="button" className="button" onClick={close}>
          {act.keep}
        </button>
        <button
          type="submit"
          className="button primary"
          disabled={(!act.short && text.trim() === "") || call.isPending || writesOff !== null}
          title={writesOff ?? undefined}
        >
          {act.submit}
        </button>
      </div>
    </form>
  );
}

export const Refusal = ({ error }: { error: Error }) => (
  <span className="refusal" role="alert">
    {error.message}
  </span>
);
