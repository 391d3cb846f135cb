// A change in words: its kind, what it was made to, each field before and after, and who is harmed by it.
import { ArrowRight } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Change, Incident } from "../api/types";
import { isActive, rootsOf } from "../live/hooks";
import { resourceName } from "./resource";
import { Shape, toneOfSeverity } from "./shape";

const FIELDS_SHOWN = 3;

export const KindChip = ({ kind }: { kind: string }) => <span className="kind-chip">{kind}</span>;

/** `image 4.18.2 → 4.19.0`: the agent's summary with a real arrow. */
export const arrowed = (text: string): string => text.replaceAll(" -> ", " → ");

/** The same without the kind, for where its chip stands in front. */
export const withoutKind = ({ kind, summary }: Pick<Change, "kind" | "summary">): string =>
  arrowed(summary.startsWith(`${kind} `) ? summary.slice(kind.length + 1) : summary);

/** `payments/checkout-api`, as the agent's filter `target` takes it. */
export const targetOf = ({ target }: Pick<Change, "target">): string =>
  target.namespace ? `${target.namespace}/${target.name}` : target.name;

/** An address of the ledger, showing what was changed near a moment. */
export function ledgerAt(around: string | null, narrow: { cluster?: string; target?: string } = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(narrow)) if (value) search.set(key, value);
  if (around) search.set("around", around);
  return `/changes?${search}`;
}

export const Actor = ({ actor }: { actor: string | null }) =>
  actor ? <span className="mono">{actor}</span> : <span className="unknown-text">nobody is named</span>;

export function Diff({ change }: { change: Pick<Change, "diff"> }) {
  const [all, setAll] = useState(false);
  const shown = all ? change.diff : change.diff.slice(0, FIELDS_SHOWN);
  const more = change.diff.length - FIELDS_SHOWN;
  return (
    <>
      <ul className="diff">
        {shown.map((field) => (
          <li key={field.path}>
            <span className="diff-path">{field.path}</span>
            <Value word="before" value={field.before} />
            <span className="diff-after">
              <ArrowRight size={11} aria-hidden="true" />
              <Value word="after" value={field.after} />
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <button type="button" className="text-button" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? "Fewer fields" : `${more} more ${more === 1 ? "field" : "fields"}`}
        </button>
      )}
    </>
  );
}

function Value({ word, value }: { word: "before" | "after"; value: string }) {
  const Mark = word === "before" ? "del" : "ins";
  return value === "" ? <span className="quiet">nothing</span> : <Mark title={word}>{value}</Mark>;
}

/** The incidents that suspect a change, over or not; an incident's own page is where that is explained. */
export function SuspectedBy(props: {
  /** Those this page knows. */
  incidents: readonly Incident[];
  /** All that the agent named with the change. */
  ids: readonly string[];
}) {
  const { incidents } = props;
  const unknown = props.ids.filter((id) => !incidents.some((incident) => incident.id === id));
  if (incidents.length + unknown.length === 0) return <span className="quiet">none</span>;
  return (
    <>
      {rootsOf(incidents).map((incident) => (
        <SuspectedIn key={incident.id} incident={incident} />
      ))}
      {unknown.map((id) => (
        <Link key={id} className="suspected" to={`/incidents/${encodeURIComponent(id)}`}>
          <span className="mono clip">{id}</span>
        </Link>
      ))}
    </>
  );
}

function SuspectedIn({ incident }: { incident: Incident }) {
  const { id, title, severity, resource } = incident;
  const over = !isActive(incident);
  const tone = toneOfSeverity(severity);
  return (
    <Link
      className={`suspected tone-${tone}`}
      to={`/incidents/${encodeURIComponent(id)}`}
      title={over ? `${title} (over)` : title}
    >
      <Shape tone={tone} size={12} label={severity} />
      <span className="clip">{resourceName(resource)}</span>
      {over && <span className="quiet">over</span>}
    </Link>
  );
}
