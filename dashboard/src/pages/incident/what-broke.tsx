// The sentence and its receipts: each piece of evidence by number, as the collector saw it.
import { useState } from "react";
import type { IncidentDetail } from "../../api/types";
import { Empty, Panel } from "../../parts/panel";
import { ClusterNames, resourceName } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { plural } from "../../time/format";
import { type Receipt, receipts } from "./receipts";

const SHOWN = 12;

export function WhatBroke({ incident }: { incident: IncidentDetail }) {
  const [all, setAll] = useState(false);
  const found = receipts(incident.evidence);
  const shown = all ? found : found.slice(0, SHOWN);
  return (
    <Panel
      title="What broke"
      aside={<span className="quiet">{plural(found.length, "receipt")}, as collected</span>}
    >
      <p className="sentence">
        {incident.title}. Seen {plural(incident.event_count, "time")} in{" "}
        <ClusterNames incident={incident} end="." />
      </p>
      {found.length === 0 ? (
        <Empty>The agent has kept no evidence for this incident.</Empty>
      ) : (
        <ol className="receipts">
          {shown.map((receipt, index) => (
            <ReceiptRow key={receipt.first.id} receipt={receipt} number={index + 1} />
          ))}
        </ol>
      )}
      {found.length > SHOWN && (
        <button type="button" className="button more" onClick={() => setAll(!all)}>
          {all ? "Fewer receipts" : `All ${found.length} receipts`}
        </button>
      )}
    </Panel>
  );
}

function ReceiptRow({ receipt, number }: { receipt: Receipt; number: number }) {
  const { first, newest: evidence, count } = receipt;
  const attributes = Object.entries(evidence.attributes ?? {});
  const tone = toneOfSeverity(evidence.severity);
  return (
    <li id={`E${number}`}>
      <a className="receipt-number" href={`#E${number}`}>
        E{number}
      </a>
      <div className="receipt">
        <p className="receipt-head">
          <Shape tone={tone} size={12} label={evidence.severity} />
          <span className={`mono tone-${tone}`}>{evidence.kind}</span>
          <span className="second cluster-name">{evidence.cluster_name}</span>
          <span className="second clip">{resourceName(evidence.resource)}</span>
          <span className="receipt-at">
            {count > 1 && (
              <>
                <b title={`first ${first.at}`}>× {count}</b>, last{" "}
              </>
            )}
            <At at={evidence.at} />
          </span>
        </p>
        <p className="receipt-message">{evidence.message}</p>
        {attributes.length > 0 && (
          <dl className="attributes">
            {attributes.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </li>
  );
}
