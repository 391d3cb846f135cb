// Who did what, when and why; and whether anything of that was changed afterwards.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { exportAudit, fetchAudit, verifyAudit } from "../../api/oversight";
import type { AuditCheck, AuditEntry, AuditPage } from "../../api/types";
import { lacking, useMe } from "../../live/me";
import { Aged } from "../../parts/aged";
import { Refusal } from "../../parts/dialog";
import { Failure } from "../../parts/failure";
import { Older } from "../../parts/list-head";
import { usePages } from "../../parts/pages";
import { Empty, Loading, Panel } from "../../parts/panel";
import { download } from "../../parts/save";
import { Shape } from "../../parts/shape";
import { TextFilter } from "../../parts/text-filter";
import { At } from "../../parts/times";
import { plural } from "../../time/format";
import { Text } from "./decisions";
import type { Change } from "./policy-page";
import { narrowed, pretty, type Query } from "./query";

export function Audit({ query, change }: { query: Query; change: Change }) {
  const me = useMe();
  const denied = lacking(me, "auditor");
  if (denied) {
    return (
      <Panel title="Audit">
        <p className="empty">
          <Shape tone="off" /> {denied}
        </p>
      </Panel>
    );
  }
  return (
    <>
      <Chain />
      <Entries query={query} change={change} />
    </>
  );
}

function Chain() {
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["audit", "verify"],
    queryFn: verifyAudit,
  });
  const copy = useMutation({
    mutationFn: exportAudit,
    onSuccess: (entries) => download("audit", entries),
  });
  return (
    <Panel
      title="The chain"
      aside={
        <>
          {copy.error && <Refusal error={copy.error} />}
          <button type="button" className="button" disabled={isFetching} onClick={() => void refetch()}>
            {isFetching ? "Checking" : "Check again"}
          </button>
          <button
            type="button"
            className="button"
            disabled={copy.isPending}
            title="That it was exported is written down, too"
            onClick={() => copy.mutate()}
          >
            {copy.isPending ? "Exporting" : "Export all"}
          </button>
        </>
      }
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error && <Loading what="the chain" rows={1} />}
      {data && <Verdict check={data} />}
    </Panel>
  );
}

function Verdict({ check }: { check: AuditCheck }) {
  if (!check.whole) {
    return (
      <p className="chain tone-critical" role="alert" data-chain="broken">
        <Shape tone="critical" size={18} />
        <span>
          <strong>Broken at {check.broken_at}.</strong> {check.why}
        </span>
      </p>
    );
  }
  return (
    <p className="chain" data-chain="whole">
      <Shape tone="ok" size={18} />
      <span>
        <strong>Whole:</strong> {plural(check.entries, "entry").replace("entrys", "entries")}
        {check.entries > 0 && `, ${check.first_seq} to ${check.last_seq}`}
        {check.last_hash && (
          <span className="quiet">
            {" "}
            · last hash <code title={check.last_hash}>{check.last_hash.slice(0, 16)}</code>: noted down
            elsewhere, it shows later that nothing was cut off
          </span>
        )}
      </span>
    </p>
  );
}

function Entries({ query, change }: { query: Query; change: Change }) {
  const { actor, act, target } = query;
  const asked = narrowed({ actor, act, target });
  const pages = usePages<AuditEntry, AuditPage>(
    ["audit", "list", asked],
    (cursor) => fetchAudit({ ...asked, ...cursor }),
    10_000,
  );
  return (
    <Panel
      title="Entries"
      aside={
        <div className="filters">
          <TextFilter label="Target" value={target} change={(text) => change({ target: text })} />
          <Narrow label="Actor" value={actor} change={(text) => change({ actor: text })} />
          <Narrow label="Act" value={act} change={(text) => change({ act: text })} />
        </div>
      }
    >
      {pages.error && !pages.listed ? <Failure error={pages.error} retry={pages.retry} /> : null}
      {pages.listed && <Aged error={pages.error} answeredAt={pages.answeredAt} />}
      {!pages.listed && !pages.error && <Loading what="entries" />}
      {pages.listed?.length === 0 && (
        <Empty>
          {Object.keys(asked).length > 0 ? (
            <>
              No entry matches.{" "}
              <button
                type="button"
                className="button"
                onClick={() => change({ actor: "", act: "", target: "" })}
              >
                Clear filters
              </button>
            </>
          ) : (
            "Nothing has been done yet that is written down."
          )}
        </Empty>
      )}
      {pages.listed && pages.listed.length > 0 && (
        <ul className="rows">
          {pages.listed.map((entry) => (
            <Row key={entry.seq} entry={entry} />
          ))}
        </ul>
      )}
      <Older noun="entries" pages={pages} />
    </Panel>
  );
}

const Narrow = (props: { label: string; value: string; change: (text: string) => void }) => (
  <label className="text-filter narrow-filter">
    <input
      aria-label={props.label}
      placeholder={props.label}
      defaultValue={props.value}
      onKeyDown={(event) => event.key === "Enter" && props.change(event.currentTarget.value)}
      onBlur={(event) => event.target.value !== props.value && props.change(event.target.value)}
    />
  </label>
);

function Row({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <li data-entry={entry.seq} data-act={entry.act}>
      <button type="button" className="row-head" aria-expanded={open} onClick={() => setOpen(!open)} data-row>
        <code className="row-seq">{entry.seq}</code>
        <span className="row-at">
          <At at={entry.at} />
        </span>
        <span>
          <strong>{entry.actor}</strong> <code>{entry.act}</code>{" "}
          <span className="second">{entry.target}</span>
          {entry.why && <span className="quiet"> · {entry.why}</span>}
        </span>
      </button>
      {open && (
        <div className="row-inside">
          {entry.before !== null && <Text label="Before" text={`before ${pretty(entry.before)}`} />}
          {entry.after !== null && <Text label="After" text={`after ${pretty(entry.after)}`} />}
          <p className="quiet">
            hash <code>{entry.hash}</code>, follows <code>{entry.prev_hash}</code>
          </p>
        </div>
      )}
    </li>
  );
}
