// The newest hundred events, as they come; still while the reader points at them.
import { memo, useEffect, useRef, useState } from "react";
import type { KronveilEvent } from "../../api/types";
import { live, useLive } from "../../live/store";
import { FEED_LENGTH } from "../../live/world";
import { useHeld } from "../../parts/held";
import { Empty, Kbd, Panel } from "../../parts/panel";
import { resourceName } from "../../parts/resource";
import { Shape, toneOfSeverity } from "../../parts/shape";
import { At } from "../../parts/times";
import { plural } from "../../time/format";

const ANNOUNCED_EVERY_MS = 10_000;

export function Feed() {
  const events = useLive((view) => view.world.events);
  const { rows, waiting, letIn, grip } = useHeld(events, (event) => event.id);
  const [opened] = useState(() => live.serverNow() ?? Number.POSITIVE_INFINITY);
  return (
    <Panel
      title="Live feed"
      className="feed"
      count={<span className="chip-count">{FEED_LENGTH} newest</span>}
      aside={
        <>
          {waiting > 0 && (
            <button type="button" className="new-rows" onClick={letIn}>
              {waiting} new
            </button>
          )}
          <span className="wide-only quiet">
            <Kbd>L</Kbd> pause
          </span>
        </>
      }
    >
      <Announcer />
      {rows.length === 0 ? (
        <Empty>No event has been received yet.</Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroller" tabIndex={0} aria-label="Live feed, newest first" {...grip}>
          <ul className="feed-rows" aria-label="Newest events">
            {rows.map((event, index) => (
              <FeedRow key={event.id} event={event} fresh={isFresh(event, rows[index + STORM], opened)} />
            ))}
          </ul>
        </section>
      )}
    </Panel>
  );
}

/** Events within a second that are too many to point at: a hundred rows that fade at once cost more than they tell. */
const STORM = 10;

/** Whether a row shows that it is new: it came to an open page, and not in a storm. */
function isFresh(event: KronveilEvent, before: KronveilEvent | undefined, opened: number): boolean {
  const came = Date.parse(event.received_at);
  return came > opened && (before === undefined || came - Date.parse(before.received_at) > 1000);
}

const FeedRow = memo(function FeedRow({ event, fresh }: { event: KronveilEvent; fresh: boolean }) {
  const tone = toneOfSeverity(event.severity);
  return (
    <li className={fresh ? "fresh" : undefined} title={event.message} data-event={event.id}>
      <At at={event.at} bare />
      <Shape tone={tone} size={12} label={event.severity} />
      <span className={`mono kind tone-${tone}`}>{event.kind}</span>
      <span className="second clip">{event.cluster_name}</span>
      <span className="feed-what">
        <span className="second clip" title={resourceName(event.resource)}>
          {event.resource.name}
        </span>
        <span className="clip">{event.message}</span>
      </span>
    </li>
  );
});

/** Speaks for the feed at most every ten seconds, so that a storm does not drown a screen reader. */
function Announcer() {
  const seen = useLive((view) => view.world.eventsSeen);
  const newest = useRef(seen);
  const told = useRef(seen);
  const [said, setSaid] = useState("");
  newest.current = seen;
  useEffect(() => {
    const timer = setInterval(() => {
      const arrived = newest.current - told.current;
      told.current = newest.current;
      if (arrived > 0) setSaid(`${plural(arrived, "new event")}`);
    }, ANNOUNCED_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="visually-hidden" role="log">
      {said}
    </div>
  );
}
