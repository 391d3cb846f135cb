// The one frame of every dialog that acts: a button that is off with its reason, what is asked, a refusal, two buttons.
import { type FormEvent, Fragment, type ReactNode, useRef, useState } from "react";

export const Refusal = ({ error }: { error: Error }) => (
  <span className="refusal" role="alert">
    {error.message}
  </span>
);

/** What is inside begins afresh with each opening and is gone when it closes: a typed secret stays nowhere. */
export function DialogButton(props: {
  label: string;
  /** Its accessible name where the label alone could mean several. */
  name?: string;
  /** The id of the heading inside. */
  heading: string;
  /** Why it cannot be opened; null when it can. */
  off: string | null;
  children: (close: () => void) => ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [opening, setOpening] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const open = () => {
    setOpening(opening + 1);
    setOpen(true);
    dialog.current?.showModal();
  };
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={props.off !== null}
        title={props.off ?? undefined}
        aria-label={props.name}
        onClick={open}
      >
        {props.label}
      </button>
      <dialog
        ref={dialog}
        className="dialog"
        aria-labelledby={props.heading}
        onClose={(closed) => {
          // The event comes a moment after the closing, when it may be open again.
          if (closed.target === dialog.current && !dialog.current?.open) setOpen(false);
        }}
      >
        {isOpen && <Fragment key={opening}>{props.children(() => dialog.current?.close())}</Fragment>}
      </dialog>
    </>
  );
}

/** What is asked, and the two ways out: to leave things as they are, or to act. */
export function DialogForm(props: {
  heading: string;
  title: ReactNode;
  explain: ReactNode;
  error: Error | null;
  /** On the button that changes nothing. */
  keep: string;
  submit: string;
  danger?: boolean;
  ready: boolean;
  /** Why the act is off now; null when it is on. */
  off: string | null;
  act: () => void;
  close: () => void;
  children: ReactNode;
}) {
  const can = props.ready && props.off === null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (can) props.act();
  };
  return (
    <form onSubmit={submit}>
      <h2 id={props.heading}>{props.title}</h2>
      <p className="second">{props.explain}</p>
      {props.children}
      {props.error && <Refusal error={props.error} />}
      <DialogEnd>
        <button type="button" className="button" onClick={props.close}>
          {props.keep}
        </button>
        <button
          type="submit"
          className={props.danger ? "button danger" : "button primary"}
          disabled={!can}
          title={props.off ?? undefined}
        >
          {props.submit}
        </button>
      </DialogEnd>
    </form>
  );
}

export const DialogEnd = ({ children }: { children: ReactNode }) => (
  <div className="dialog-end">{children}</div>
);
