// Whether everything that came in is accounted for: received = delivered + merged + dropped + in flight.
import { useLive } from "../../live/store";
import { dropped, imbalance } from "../../live/world";
import { Empty, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";

export function Books() {
  const books = useLive((view) => view.world.status?.books ?? null);
  if (!books) {
    return (
      <Panel title="Books" className="books">
        <Empty>The agent has not sent its books yet.</Empty>
      </Panel>
    );
  }
  const off = imbalance(books);
  const reasons = Object.entries(books.dropped).filter(([, n]) => n > 0);
  return (
    <Panel
      title="Books"
      className="books"
      aside={
        off === 0 ? (
          <span className="tone-ok">
            <Shape tone="ok" /> balanced
          </span>
        ) : (
          <span className="tone-critical">
            <Shape tone="critical" /> off by {off.toLocaleString("en-US")}
          </span>
        )
      }
    >
      <dl className="ledger">
        <Line name="reports received" value={books.received} sum />
        <Line name="= delivered" value={books.delivered} />
        <Line name="+ merged" value={books.merged} />
        <Line name="+ dropped" value={dropped(books)} />
        {reasons.map(([reason, n]) => (
          <Line key={reason} name={reason} value={n} inner />
        ))}
        <Line name="+ in flight" value={books.in_flight} />
      </dl>
      <p className="meta books-note">
        A report is what a collector read. One that only repeats what is known is merged and makes no event.
      </p>
    </Panel>
  );
}

function Line(props: { name: string; value: number; sum?: boolean; inner?: boolean }) {
  return (
    <div className={props.sum ? "ledger-sum" : props.inner ? "ledger-inner" : undefined}>
      <dt>{props.name}</dt>
      <dd className="mono">{props.value.toLocaleString("en-US")}</dd>
    </div>
  );
}
