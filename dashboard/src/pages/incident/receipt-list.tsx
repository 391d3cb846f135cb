// The receipts: each piece of evidence by number, as the collector saw it, the loudest first in sight.

import { useEffect, useState } from "react";
import { useLocation } from "react-router";
import type { IncidentDetail } from "../../api/types";
import { Attributes } from "../../parts/attributes";
import { Empty, Panel } from "../../parts/panel";
import { resourceName } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { plural } from "../../time/format";
import { loudest, type Receipt, receipts } from "./receipts";

const SHOWN = 6;

export function Receipts({ incident }: { incident: IncidentDetail }) {
  const [all, setAll] = useState(false);
  const { hash } = useLocation();
  const found = receipts(incident.evidence);
  const numbered = found.map((receipt, index) => ({ receipt, number: index + 1 }));
  const shown = loudest(numbered, all ? found.length : SHOWN);
  const asked = /^#E(\d+)$/.exec(hash)?.[1];
  const isShown = asked === undefined || shown.some(({ number }) => number === Number(asked));
  // A link to a receipt that is folded away unfolds the list, then goes there.
  useEffect(() => {
    if (asked !== undefined && !isShown) setAll(true);
    else if (asked !== undefined) document.getElementById(`E${asked}`)?.scrollIntoView({ block: "nearest" });
  }, [asked, isShown]);
  return (
    <Panel
      title="Receipts"
      count={found.length}
      aside={<span className="quiet">evidence as collected, the most severe first in sight</span>}
    >
      {found.length === 0 ? (
        <Empty>The agent has kept no evidence for this incident.</Empty>
      ) : (
        <ol className="receipts">
          {shown.map(({ receipt, number }) => (
            <ReceiptRow key={receipt.first.id} receipt={receipt} number={number} />
          ))}
        </ol>
      )}
      {found.length > SHOWN && (
        <button type="button" className="button more" onClick={() => setAll(!all)}>
          {all ? "Fewer receipts" : `All ${plural(found.length, "receipt")}`}
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
        <Attributes of={attributes} />
      </div>
    </li>
  );
}
