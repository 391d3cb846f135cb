// The rules in force, as they are written; and what they would say of something made up.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { newKey } from "../../api/client";
import { fetchDecisions, fetchPolicies, tryPolicy } from "../../api/oversight";
import type { PolicyList, PolicyTest } from "../../api/types";
import { Refusal } from "../../parts/dialog";
import { Failure } from "../../parts/failure";
import { Empty, Loading, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { Text } from "./decisions";
import { documentOf, pretty } from "./query";

export function Rules() {
  const { data, error, refetch } = useQuery({ queryKey: ["policies"], queryFn: fetchPolicies });
  return (
    <>
      <Trial />
      <Panel
        title="Rules in force"
        {...(data ? { count: data.items.length } : {})}
        aside={<span className="quiet">changed in their files, never here</span>}
      >
        {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
        {!data && !error && <Loading what="rules" />}
        {data && <Modules list={data} />}
      </Panel>
    </>
  );
}

function Modules({ list }: { list: PolicyList }) {
  if (list.items.length === 0) {
    return (
      <Empty>
        {list.digest ? "Another program has the rules; this agent only asks it." : "No policy is asked."}
      </Empty>
    );
  }
  return (
    <ul className="rows">
      {list.items.map(({ name, package: of, source, text }) => (
        <li key={`${of} ${name} ${source}`} data-module={name}>
          <details>
            <summary className="row-head">
              <strong>{name}</strong> <code>{of}</code>
              <span className="quiet">{source === "bundled" ? "built in" : source}</span>
            </summary>
            <Text label={name} text={text} />
          </details>
        </li>
      ))}
    </ul>
  );
}

function Trial() {
  const [text, setText] = useState<string | null>(null);
  const field = useId();
  const key = useRef(newKey());
  // What was really asked is the best beginning for what might be.
  const { data } = useQuery({
    queryKey: ["decisions", "newest"],
    queryFn: () => fetchDecisions({}, 1),
  });
  const newest = data?.items[0];
  const shown = text ?? (newest ? pretty(newest.inputs) : "{\n}");
  const document = documentOf(shown);
  const call = useMutation({
    mutationFn: (input: Record<string, unknown>) => tryPolicy(input, key.current),
    onSettled: () => {
      key.current = newKey();
    },
  });
  return (
    <Panel
      title="Would this be allowed?"
      aside={
        <span className="quiet">{newest && "begins with the newest decision; nothing follows from it"}</span>
      }
    >
      <div className="trial">
        <label className="visually-hidden" htmlFor={field}>
          What the rules are told, as JSON
        </label>
        <textarea
          id={field}
          className="mono"
          rows={10}
          spellCheck={false}
          value={shown}
          onChange={(change) => setText(change.target.value)}
        />
        {"problem" in document && (
          <p className="refusal" role="alert">
            {document.problem}
          </p>
        )}
        {call.error && <Refusal error={call.error} />}
        <div className="trial-end">
          <button
            type="button"
            className="button primary"
            disabled={"problem" in document || call.isPending}
            onClick={() => "input" in document && call.mutate(document.input)}
          >
            {call.isPending ? "Asking" : "Ask the rules"}
          </button>
          {call.data && <Said said={call.data} />}
        </div>
      </div>
    </Panel>
  );
}

function Said({ said }: { said: PolicyTest }) {
  const tone = said.problem ? "unknown" : said.allowed ? "ok" : "cross";
  return (
    <div role="status" data-allowed={said.allowed}>
      <span className={`tone-${tone}`}>
        <Shape tone={tone} /> <strong>{said.allowed ? "Allowed" : "Denied"}</strong>
      </span>
      {said.problem && <span> It could not be evaluated: {said.problem}</span>}
      {!said.problem && said.reasons.length === 0 && <span className="second"> No rule said anything.</span>}
      {said.reasons.map(({ rule, text }) => (
        <span key={`${rule} ${text}`} className="terms-line">
          <code>{rule}</code> {text}
        </span>
      ))}
    </div>
  );
}
