// An act that needs a word from its person: a button, its dialog, and the agent's refusal when there is one.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../api/client";
import { useWritesOff } from "../live/me";
import { DialogButton, DialogForm } from "./dialog";
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
  const heading = `act-${act.label.toLowerCase()}`;
  return (
    <span className="action">
      <DialogButton label={act.label} heading={heading} off={useWritesOff("operator")}>
        {(close) => <Form heading={heading} incident={incident} act={act} close={close} />}
      </DialogButton>
    </span>
  );
}

function Form(props: { heading: string; incident: Target; act: Act; close: () => void }) {
  const { heading, incident, act, close } = props;
  const [text, setText] = useState(act.text ?? "");
  const queries = useQueryClient();
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => act.call(incident.id, text.trim(), key.current),
    onSuccess: () => {
      close();
      if (act.did) done(incident.id, act.did(text.trim()));
      return queries.invalidateQueries({ queryKey: ["incident", incident.id] });
    },
  });
  return (
    <DialogForm
      heading={heading}
      title={act.title}
      explain={act.explain}
      error={call.error}
      keep={act.keep}
      submit={act.submit}
      ready={(act.short || text.trim() !== "") && !call.isPending}
      off={useWritesOff("operator")}
      act={() => call.mutate()}
      close={close}
    >
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the control inside is the one or the other */}
      <label className="field">
        {act.field}
        {act.short ? (
          <input value={text} maxLength={200} onChange={(change) => setText(change.target.value)} />
        ) : (
          <textarea required rows={3} value={text} onChange={(change) => setText(change.target.value)} />
        )}
      </label>
    </DialogForm>
  );
}
