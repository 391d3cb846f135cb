// Events row by row; the one that is looked at unfolds into everything the agent knows of it.
import { memo, useRef } from "react";
import type { KronveilEvent } from "../../api/types";
import { resourceName } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { useWindowed } from "../../parts/windowed";
import { EventDetail } from "./event-detail";

const ROW_PX = 28;

export function EventList(props: {
  rows: readonly KronveilEvent[];
  looked: string;
  look: (id: string) => void;
  last: () => void;
}) {
  const { rows, looked, look, last } = props;
  const list = useRef<HTMLOListElement>(null);
  const near = useWindowed(list, rows, (event) => event.id, ROW_PX, last);
  return (
    <div className="table-frame drains event-frame">
      <ol ref={list} className="event-rows" aria-label="Events, newest first">
        {near.before > 0 && <li aria-hidden="true" style={{ height: near.before }} />}
        {near.rows.map(({ row, index }) => (
          <li
            key={row.id}
            ref={near.measure}
            data-index={index}
            data-event={row.id}
            aria-setsize={rows.length}
            aria-posinset={index + 1}
          >
            <EventRow event={row} isOpen={row.id === looked} look={look} />
            {row.id === looked && <EventDetail event={row} />}
          </li>
        ))}
        {near.after > 0 && <li aria-hidden="true" style={{ height: near.after }} />}
      </ol>
    </div>
  );
}

const EventRow = memo(function EventRow(props: {
  event: KronveilEvent;
  isOpen: boolean;
  look: (id: string) => void;
}) {
  const { event, isOpen, look } = props;
  const tone = toneOfSeverity(event.severity);
  return (
    <button
      type="button"
      className="event-row"
      aria-expanded={isOpen}
      data-row
      onClick={() => look(isOpen ? "" : event.id)}
    >
      <At at={event.received_at} bare />
      <Shape tone={tone} size={12} label={event.severity} />
      <span className={`mono clip tone-${tone}`}>{event.kind}</span>
      <span className="second clip">{event.cluster_name}</span>
      <span className="second clip event-resource">{resourceName(event.resource)}</span>
      <bdi className="clip event-message">
        {event.merged_into !== null && <span className="quiet">repeat · </span>}
        {event.message}
      </bdi>
    </button>
  );
});
