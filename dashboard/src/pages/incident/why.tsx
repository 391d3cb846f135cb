// Ranked causes with their receipts, or the honest absence of one.
import type { IncidentDetail } from "../../api/types";
import { arrowed } from "../../parts/change";
import { Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { numbersOf } from "./receipts";

export function Why({ incident }: { incident: IncidentDetail }) {
  if (incident.suspects.length === 0) {
    return (
      <Panel title="Why">
        <div className="not-known">
          <span className="hatched not-known-mark">
            <Shape tone="unknown" size={16} />
          </span>
          <p>
            <strong>Cause not determined.</strong>{" "}
            <span className="second">
              The receipts above say what happened. Nothing yet says why, so nothing is claimed.
            </span>
          </p>
        </div>
      </Panel>
    );
  }
  const numbers = numbersOf(incident.evidence);
  return (
    <Panel title="Why" aside={<span className="quiet">{incident.suspects.length} weighed</span>}>
      <ol className="causes">
        {incident.suspects.map((suspect) => (
          <li key={suspect.change_id}>
            <strong>{arrowed(suspect.what)}</strong>
            <span className="mono">{suspect.score.toFixed(2)}</span>
            <Refs name="for" ids={suspect.evidence_for} numbers={numbers} />
            <Refs name="against" ids={suspect.evidence_against} numbers={numbers} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Refs(props: { name: string; ids: readonly string[]; numbers: ReadonlyMap<string, number> }) {
  if (props.ids.length === 0) return null;
  return (
    <span className="second">
      {props.name}{" "}
      {props.ids.map((id) => {
        const number = props.numbers.get(id);
        return number ? (
          <a key={id} className="receipt-number" href={`#E${number}`}>
            E{number}
          </a>
        ) : (
          <code key={id}>{id}</code>
        );
      })}
    </span>
  );
}
