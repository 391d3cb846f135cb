// The same run with other inputs: it is planned anew under another hash, and what was signed counts no more.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newKey } from "../../api/client";
import { editRun, fetchRunbook } from "../../api/runs";
import type { Execution } from "../../api/types";
import { useWritesOff } from "../../live/me";
import { DialogButton, DialogForm } from "../../parts/dialog";
import { Inputs } from "../../parts/run/inputs";
import { givenFrom, type Input, missingFrom, typedOf } from "../../parts/run/inputs-data";

export function Edit({ run }: { run: Execution }) {
  const off = useWritesOff("operator");
  const { data } = useQuery({
    queryKey: ["runbook", run.runbook_id],
    queryFn: () => fetchRunbook(run.runbook_id),
  });
  if (!data || data.inputs.length === 0) return null;
  return (
    <DialogButton label="Edit, then ask again" heading="edit-run" off={off}>
      {(close) => <Form run={run} inputs={data.inputs} close={close} />}
    </DialogButton>
  );
}

function Form({ run, inputs, close }: { run: Execution; inputs: readonly Input[]; close: () => void }) {
  const [typed, setTyped] = useState(typedOf(run.parameters));
  const [reason, setReason] = useState("");
  const key = useRef(newKey());
  const queries = useQueryClient();
  const edit = useMutation({
    mutationFn: () => editRun(run.id, givenFrom(inputs, typed), reason.trim(), key.current),
    onSuccess: () => {
      close();
      return queries.invalidateQueries({ queryKey: ["execution", run.id] });
    },
    // Another try with other values is another act.
    onError: () => {
      key.current = newKey();
    },
  });
  return (
    <DialogForm
      heading="edit-run"
      title="Plan it anew with other inputs"
      explain="The new plan has another hash: signatures that were given are void, and who edits may not sign it."
      error={edit.error}
      keep="Leave it as it is"
      submit="Plan anew"
      ready={reason.trim() !== "" && missingFrom(inputs, typed).length === 0 && !edit.isPending}
      off={useWritesOff("operator")}
      act={() => edit.mutate()}
      close={close}
    >
      <Inputs inputs={inputs} typed={typed} change={setTyped} />
      <label className="field">
        Why
        <input value={reason} maxLength={2000} onChange={(change) => setReason(change.target.value)} />
      </label>
    </DialogForm>
  );
}
