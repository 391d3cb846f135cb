// The signature under one plan: what it is for, how long it can be given, and by whom. Nothing here is done before the
// agent has said that it is.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { newKey } from "../../api/client";
import { approveRun, rejectRun, revokeSignature } from "../../api/runs";
import type { Execution, Plan } from "../../api/types";
import { useMe, useWritesOff } from "../../live/me";
import { useNow } from "../../live/pulse";
import { isEnded } from "../../live/runs";
import { Refusal } from "../../parts/dialog";
import { Kbd, Panel } from "../../parts/panel";
import { type Given, givenOf, missingOf, whyNot } from "../../parts/run/approvals";
import { leftOf } from "../../parts/run/left";
import { effectOf, namesToType, spoken } from "../../parts/run/words";
import { Shape } from "../../parts/shape";
import { At } from "../../parts/times";
import { duration, plural } from "../../time/format";

type Props = { run: Execution; plan: Plan };

export function Signature({ run, plan }: Props) {
  const waits = run.status === "awaiting_approval";
  // Opened while it waited: what happened to it meanwhile is said in the place of the form.
  const [wasOpen] = useState(waits);
  const [isMine, setMine] = useState(false);
  if (waits) return <Form run={run} plan={plan} decided={() => setMine(true)} />;
  if (!wasOpen && givenOf(run).length === 0 && run.status !== "expired" && run.status !== "rejected")
    return null;
  return <Settled run={run} plan={plan} wasOpen={wasOpen} isMine={isMine} />;
}

function Form({ run, plan, decided }: Props & { decided: () => void }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const field = useId();
  const now = useNow();
  const left = leftOf(plan, now);
  const names = namesToType(plan);
  const off = useSigningOff(run, left.isOver);
  const writesOff = useWritesOff("approver");
  const me = useMe();
  const isSigned = givenOf(run).some(({ by }) => by === me?.name);
  const { approve, reject, revoke } = useDecision(run, plan, reason, decided);
  const isNamed = names.length === 0 || typed.trim() === names.join(", ");
  const busy = approve.isPending || reject.isPending || revoke.isPending;
  const mayDecide = writesOff === null && reason.trim() !== "" && !busy && !left.isOver;
  const can = off === null && reason.trim() !== "" && !busy;
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (can && isNamed) approve.mutate();
  };
  return (
    <Panel
      title="Your signature"
      className="signature"
      aside={
        <span className={left.isOver ? "tone-high" : "quiet"} data-left>
          {left.isOver ? "expired" : `${duration(left.seconds)} left`}
        </span>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys sign only while the focus is inside */}
      <div className="signature-body" onKeyDown={press}>
        <meter className="time-left" min={0} max={1} value={left.share} aria-label="Time left to sign" />
        <p className="quiet">
          {left.isOver ? "expired" : "expires"} <At at={plan.expires_at} />
        </p>
        <Signed hash={plan.hash} />
        <Terms run={run} plan={plan} />
        <label className="field" htmlFor={field}>
          <span>
            Reason <span className="quiet">goes into the audit record</span>
          </span>
        </label>
        <textarea
          id={field}
          data-approval
          rows={2}
          maxLength={2000}
          value={reason}
          disabled={left.isOver}
          onChange={(change) => setReason(change.target.value)}
        />
        {names.length > 0 && <TypeNames names={names} typed={typed} change={setTyped} />}
        {off && (
          <p className="signing-off" role="status">
            <Shape tone="off" /> {off}
          </p>
        )}
        {approve.error && <Refusal error={approve.error} />}
        {reject.error && <Refusal error={reject.error} />}
        {revoke.error && <Refusal error={revoke.error} />}
        <p className="quiet signature-note">
          It starts at once. You can stop it after any step; the page shows what is then done and what is not.
        </p>
        <button
          type="button"
          className={`button ${names.length > 0 ? "danger" : "primary"} sign`}
          disabled={!can || !isNamed}
          title={off ?? (reason.trim() === "" ? "It needs a reason" : undefined)}
          onClick={() => approve.mutate()}
        >
          {approve.isPending ? "Signing" : "Approve and run"}{" "}
          <span className="wide-only">
            <Kbd>Ctrl</Kbd> <Kbd>↵</Kbd>
          </span>
        </button>
        <button
          type="button"
          className="button"
          disabled={!mayDecide}
          title={writesOff ?? (reason.trim() === "" ? "It needs a reason" : undefined)}
          onClick={() => reject.mutate()}
        >
          {reject.isPending ? "Rejecting" : "Reject"}
        </button>
        {isSigned && (
          <button type="button" className="button" disabled={!mayDecide} onClick={() => revoke.mutate()}>
            Take my signature back
          </button>
        )}
      </div>
    </Panel>
  );
}

/** Why this reader cannot sign now; null when they can. */
function useSigningOff(run: Execution, isOver: boolean): string | null {
  const writesOff = useWritesOff("approver");
  const me = useMe();
  if (isOver) return "The plan expired: plan again, and its target is asked anew";
  return writesOff ?? whyNot(run, me);
}

/** A retry of one click carries one key, so the agent acts once; another reason is another act. */
function useDecision(run: Execution, plan: Plan, reason: string, decided: () => void) {
  const queries = useQueryClient();
  const key = useRef({ words: "", key: newKey() });
  const keyFor = (words: string) => {
    if (key.current.words !== words) key.current = { words, key: newKey() };
    return key.current.key;
  };
  const renew = () => {
    // A refusal may come from what the stream tells nothing of: that all runs are stopped.
    void queries.invalidateQueries({ queryKey: ["runbooks"] });
    return queries.invalidateQueries({ queryKey: ["execution", run.id] });
  };
  const words = reason.trim();
  const approve = useMutation({
    mutationFn: () =>
      approveRun(run.id, { plan_hash: plan.hash, reason: words }, keyFor(`approve ${plan.hash} ${words}`)),
    onSuccess: decided,
    onSettled: renew,
  });
  const reject = useMutation({
    mutationFn: () => rejectRun(run.id, words, keyFor(`reject ${words}`)),
    onSuccess: decided,
    onSettled: renew,
  });
  const revoke = useMutation({
    mutationFn: () => revokeSignature(run.id, words, keyFor(`revoke ${words}`)),
    onSettled: renew,
  });
  return { approve, reject, revoke };
}

const Signed = ({ hash }: { hash: string }) => (
  <div className="plan-hash">
    <span className="quiet">You approve this plan and no other</span>
    <code title={hash} data-plan-hash={hash}>
      {spoken(hash)}
    </code>
  </div>
);

function Terms({ run, plan }: Props) {
  const me = useMe();
  const given = givenOf(run);
  const blast = [...new Set(plan.steps.flatMap(({ blast_radius }) => blast_radius))];
  return (
    <dl className="terms">
      <dt>Effect</dt>
      <dd>
        {effectOf(plan)}
        {blast.map((line) => (
          <span key={line} className="terms-line">
            {line}
          </span>
        ))}
      </dd>
      <dt>Needs</dt>
      <dd>
        {plural(run.approvals.needed, "approval")} by role <code>approver</code>
        {given.length > 0 && `, ${missingOf(run)} more`}
        {given.map((one) => (
          <span key={one.by} className="terms-line">
            <Shape tone="ok" size={12} /> {one.by}: {one.reason}
          </span>
        ))}
      </dd>
      <dt>You</dt>
      <dd>{me ? (whyNot(run, me) ?? `${me.name}, ${askedFor(run)}`) : "not known to the agent yet"}</dd>
      <dt>Void if</dt>
      <dd>
        {plan.voids_if.map((line) => (
          <span key={line} className="terms-line">
            {line}
          </span>
        ))}
      </dd>
      {plan.undo && (
        <>
          <dt>Undo</dt>
          <dd>{plan.undo}</dd>
        </>
      )}
    </dl>
  );
}

const askedFor = ({ requested_by }: Execution): string =>
  requested_by === "kronveil" ? "Kronveil asked, not you" : `asked for by ${requested_by}`;

function TypeNames(props: { names: readonly string[]; typed: string; change: (typed: string) => void }) {
  const whole = props.names.join(", ");
  return (
    <>
      <label className="field">
        It destroys: type {whole} to go on
        <input
          value={props.typed}
          autoComplete="off"
          spellCheck={false}
          onChange={(change) => props.change(change.target.value)}
        />
      </label>
      {props.typed.trim() !== "" && !whole.startsWith(props.typed.trim()) && (
        <p className="refusal" role="alert">
          That is not its name.
        </p>
      )}
    </>
  );
}

/** Decided meanwhile, elsewhere: what was typed here was needed by nobody, and is said to have gone nowhere. */
function Settled({ run, plan, wasOpen, isMine }: Props & { wasOpen: boolean; isMine: boolean }) {
  const given = givenOf(run);
  const byOthers = wasOpen && !isMine && given.length > 0;
  return (
    <Panel title={given.length > 0 ? "Signed" : "Not signed"} className="signature">
      <div className="signature-body" role={wasOpen ? "status" : undefined}>
        {byOthers && (
          <p>
            <strong>Already given.</strong>{" "}
            <span className="second">Yours was not needed, and nothing was sent.</span>
          </p>
        )}
        {given.map((one) => (
          <GivenLine key={`${one.by} ${one.at}`} given={one} />
        ))}
        {given.length === 0 && (
          <p className="second">
            {run.status === "rejected"
              ? `Rejected: ${run.problem}`
              : run.status === "expired"
                ? `Expired: ${run.problem || "nobody signed before"}`
                : isEnded(run)
                  ? run.problem || "It ended without a signature."
                  : "It began without a signature: automatic, by policy."}{" "}
            {run.status === "expired" && !run.problem && <At at={plan.expires_at} />}
          </p>
        )}
        <p className="quiet">
          Plan <code title={plan.hash}>{spoken(plan.hash)}</code>
        </p>
      </div>
    </Panel>
  );
}

const GivenLine = ({ given }: { given: Given }) => (
  <p data-given={given.by}>
    <Shape tone="ok" /> <strong>{given.by}</strong> approved <At at={given.at} />
    <span className="terms-line second">{given.reason}</span>
    {given.note && <span className="terms-line tone-high">{given.note}</span>}
  </p>
);
