// Silences: what needs nobody for a while. Who makes one sees first what it would hush; hushed is never hidden.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BellOff } from "lucide-react";
import { useRef, useState } from "react";
import { endSilence, fetchSilences, newKey, type Pattern, previewSilence, silence } from "../api/client";
import type { Incident, Silence } from "../api/types";
import { isActive } from "../live/hooks";
import { useWritesOff } from "../live/me";
import { live } from "../live/store";
import { plural } from "../time/format";
import { DialogButton, DialogForm, Refusal } from "./dialog";
import { Shape, toneOfSeverity } from "./shape";
import { At } from "./times";
import { doneWith } from "./undo";

type Target = Pick<Incident, "kind" | "status" | "clusters" | "resource">;

const HOUR_MS = 3_600_000;
const LASTS: readonly (readonly [string, number])[] = [
  ["30 minutes", HOUR_MS / 2],
  ["2 hours", 2 * HOUR_MS],
  ["8 hours", 8 * HOUR_MS],
  ["1 day", 24 * HOUR_MS],
  ["7 days", 168 * HOUR_MS],
];

export function SilenceButton({ incident }: { incident: Target }) {
  const off = useWritesOff("operator");
  if (!isActive(incident)) return null;
  return (
    <DialogButton label="Silence" heading="silence" off={off}>
      {(close) => <Form incident={incident} close={close} />}
    </DialogButton>
  );
}

/** The narrowest silence that hushes this one; its maker may widen it. */
const patternOf = ({ clusters, resource, kind }: Target): Pattern => ({
  cluster: clusters.length === 1 ? (clusters[0]?.name ?? "") : "",
  namespace: resource.namespace ?? "",
  kind,
});

function Form({ incident, close }: { incident: Target; close: () => void }) {
  const writesOff = useWritesOff("operator");
  const [pattern, setPattern] = useState(() => patternOf(incident));
  const [lasts, setLasts] = useState(1);
  const [reason, setReason] = useState("");
  const [maintenance, setMaintenance] = useState(false);
  const key = useRef(newKey());
  const queries = useQueryClient();
  const isWide = Object.values(pattern).every((each) => each.trim() === "");
  const call = useMutation({
    mutationFn: () => {
      const now = live.serverNow() ?? Date.now();
      const ends_at = new Date(now + (LASTS[lasts]?.[1] ?? HOUR_MS)).toISOString();
      return silence({ ...pattern, reason: reason.trim(), ends_at, maintenance }, key.current);
    },
    onSuccess: (made) => {
      close();
      doneWith(`Silenced for ${LASTS[lasts]?.[0]}`, (undoKey) => endSilence(made.id, undoKey));
      void queries.invalidateQueries({ queryKey: ["silences"] });
      return queries.invalidateQueries({ queryKey: ["incident"] });
    },
  });
  const field = (name: keyof Pattern, label: string) => (
    <label className="field">
      {label}
      <input
        value={pattern[name]}
        placeholder="any"
        onChange={(change) => setPattern({ ...pattern, [name]: change.target.value })}
      />
    </label>
  );
  return (
    <DialogForm
      heading="silence"
      title="Silence"
      explain="What matches is marked and asks for nobody until then. It stays in every list. A pattern may end in *."
      error={call.error}
      keep="Leave it loud"
      submit="Silence"
      ready={!isWide && reason.trim() !== "" && !call.isPending}
      off={writesOff}
      act={() => call.mutate()}
      close={close}
    >
      <div className="field-row">
        {field("cluster", "Cluster")}
        {field("namespace", "Namespace")}
        {field("kind", "Kind")}
      </div>
      <Preview pattern={pattern} isWide={isWide} />
      <div className="field-row">
        <label className="field">
          For
          <select value={lasts} onChange={(change) => setLasts(Number(change.target.value))}>
            {LASTS.map(([word], index) => (
              <option key={word} value={index}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <label className="field field-wide">
          Reason
          <input
            value={reason}
            maxLength={2000}
            required
            onChange={(change) => setReason(change.target.value)}
          />
        </label>
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={maintenance}
          onChange={(change) => setMaintenance(change.target.checked)}
        />
        planned work
      </label>
    </DialogForm>
  );
}

const NAMED = 4;

function Preview({ pattern, isWide }: { pattern: Pattern; isWide: boolean }) {
  const { data, error } = useQuery({
    queryKey: ["silences", "preview", pattern],
    queryFn: () => previewSilence(pattern),
    enabled: !isWide,
    staleTime: 0,
  });
  if (isWide)
    return <p className="refusal">At least one pattern is needed: a silence of everything is none.</p>;
  if (error) return <Refusal error={error} />;
  if (!data) return <p className="quiet preview">Asking what that would hush</p>;
  return (
    <div className="preview" role="status">
      <p>
        <strong>
          {data.length === 0 ? "Hushes nothing known today" : `Hushes ${plural(data.length, "incident")}`}
        </strong>
      </p>
      <ul>
        {data.slice(0, NAMED).map((hushed) => (
          <li key={hushed.id} className="clip">
            <Shape tone={toneOfSeverity(hushed.severity)} size={11} label={hushed.severity} />{" "}
            <bdi>{hushed.title}</bdi>
          </li>
        ))}
      </ul>
      {data.length > NAMED && <p className="quiet">and {data.length - NAMED} more</p>}
    </div>
  );
}

/** Those in force or to come, with their end in reach; nothing when there is none. */
export function Silences() {
  const { data } = useQuery({ queryKey: ["silences"], queryFn: fetchSilences, staleTime: 15_000 });
  const standing = (data ?? []).filter(({ state }) => state !== "ended");
  if (standing.length === 0) return null;
  return (
    <details className="silences">
      <summary>
        <BellOff size={13} aria-hidden="true" /> {plural(standing.length, "silence")} in force or to come
      </summary>
      <ul>
        {standing.map((each) => (
          <SilenceRow key={each.id} silence={each} />
        ))}
      </ul>
    </details>
  );
}

function SilenceRow({ silence: each }: { silence: Silence }) {
  const writesOff = useWritesOff("operator");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => endSilence(each.id, key.current),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["silences"] }),
  });
  const patterns = [
    ["cluster", each.cluster],
    ["namespace", each.namespace],
    ["kind", each.kind],
    ["owner", each.owner],
  ].filter(([, pattern]) => pattern);
  return (
    <li>
      <span>
        {patterns.map(([name, pattern]) => (
          <span key={name} className="pattern">
            <span className="quiet">{name}</span> <code>{pattern}</code>
          </span>
        ))}
      </span>
      <span className="second">
        {each.state}, until <At at={each.ends_at} />, by {each.created_by}
        {each.maintenance && ", planned work"}: <bdi>{each.reason}</bdi>
      </span>
      {call.error && <Refusal error={call.error} />}
      <button
        type="button"
        className="button"
        disabled={writesOff !== null || call.isPending}
        title={writesOff ?? undefined}
        onClick={() => call.mutate()}
      >
        End it
      </button>
    </li>
  );
}
