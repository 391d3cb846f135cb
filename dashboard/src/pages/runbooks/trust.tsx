// How far a runbook is trusted, the record that this rests on, and how an admin changes it.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../../api/client";
import { setLevel } from "../../api/runs";
import type { Level, Runbook } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { DialogButton, DialogForm } from "../../parts/dialog";
import { Empty, Panel } from "../../parts/panel";
import { At } from "../../parts/times";
import { plural } from "../../time/format";

const MEANINGS: Record<Level, string> = {
  observe: "only notes what it would have done",
  suggest: "shows its plan and does not act",
  approve: "acts once somebody signed",
  automatic: "acts by itself, where the policy lets it",
};
const LEVELS = Object.keys(MEANINGS) as Level[];
const COUNTED = [
  "matched",
  "approved",
  "effective",
  "ineffective",
  "harmful",
  "unknown",
  "agreed",
  "differed",
] as const;

export function Trust({ runbook }: { runbook: Runbook }) {
  const { standing } = runbook;
  return (
    <Panel title="Trust" aside={<Change runbook={runbook} />}>
      <div className="trust">
        <p>
          <strong data-level={standing.level}>{standing.level}</strong>{" "}
          <span className="second">{MEANINGS[standing.level]}</span>
        </p>
        <p className="quiet">
          since <At at={standing.since} />, by {standing.by}: {standing.why}
          {standing.effective_in_a_row > 0 &&
            ` · ${plural(standing.effective_in_a_row, "effective run")} in a row`}
        </p>
      </div>
      {standing.record.length === 0 ? (
        <Empty>Nothing has been counted yet.</Empty>
      ) : (
        <div className="history-frame">
          <table className="grid tallies">
            <thead>
              <tr>
                <th scope="col">At level</th>
                {COUNTED.map((name) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {standing.record.map((tally) => (
                <tr key={tally.level}>
                  <th scope="row" className="cell-main">
                    {tally.level}
                  </th>
                  {COUNTED.map((name) => (
                    <td key={name} data-label={name} className="number">
                      {tally[name]}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Change({ runbook }: { runbook: Runbook }) {
  return (
    <DialogButton label="Change" name="Change its level" heading="set-level" off={useWritesOff("admin")}>
      {(close) => <Form runbook={runbook} close={close} />}
    </DialogButton>
  );
}

function Form({ runbook, close }: { runbook: Runbook; close: () => void }) {
  const [level, choose] = useState<Level>(runbook.level);
  const [reason, setReason] = useState("");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const move = useMutation({
    mutationFn: () => setLevel(runbook.id, level, reason.trim(), key.current),
    onError: () => {
      key.current = newKey();
    },
    onSuccess: () => {
      close();
      void queries.invalidateQueries({ queryKey: ["runbooks"] });
      return queries.invalidateQueries({ queryKey: ["runbook", runbook.id] });
    },
  });
  return (
    <DialogForm
      heading="set-level"
      title={`How far is ${runbook.name} trusted?`}
      explain="Less is always possible. One level more is granted only where the promotion policy finds its record good enough."
      error={move.error}
      keep="Leave it as it is"
      submit="Change it"
      ready={reason.trim() !== "" && level !== runbook.level && !move.isPending}
      off={useWritesOff("admin")}
      act={() => move.mutate()}
      close={close}
    >
      <label className="field">
        Level
        <select value={level} onChange={(event) => choose(event.target.value as Level)}>
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {each}: {MEANINGS[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        Why
        <input value={reason} maxLength={2000} onChange={(change) => setReason(change.target.value)} />
      </label>
    </DialogForm>
  );
}
