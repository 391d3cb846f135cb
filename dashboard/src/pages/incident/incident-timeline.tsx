// Everything that happened to this incident, newest first: the moment, and how far from the start.
import { useState } from "react";
import type { IncidentDetail, TimelineEntry } from "../../api/types";
import { useNow } from "../../live/pulse";
import { Note } from "../../parts/actions";
import { Empty, Panel } from "../../parts/panel";
import { At } from "../../parts/times";
import { useZone } from "../../shell/preferences";
import { offset, zoneName } from "../../time/format";

export function IncidentTimeline({ incident }: { incident: IncidentDetail }) {
  const zone = useZone();
  const now = useNow();
  const entries = [...incident.timeline].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Panel
      title="Timeline"
      aside={
        <>
          <span className="quiet">{zoneName(now, zone)}, and time since the start</span>
          <Note incident={incident} />
        </>
      }
    >
      {entries.length === 0 ? (
        <Empty>The agent has written nothing yet.</Empty>
      ) : (
        <ol className="entries">
          {entries.map((entry, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two entries may share everything but their place
            <li key={`${entry.at} ${entry.what} ${index}`} className={`entry entry-${entry.what}`}>
              <At at={entry.at} bare />
              <span className="mono quiet">{offset(entry.at, incident.opened_at)}</span>
              <i aria-hidden="true" />
              <Words entry={entry} />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

/** About what fits on two lines; longer messages are cut there until they are asked for. */
const LONG = 84;

function Words({ entry }: { entry: TimelineEntry }) {
  const [whole, setWhole] = useState(false);
  const words = entry.message || entry.what;
  const by = entry.actor !== "kronveil" && <span className="quiet"> · {entry.actor}</span>;
  if (words.length <= LONG) {
    return (
      <span>
        {words}
        {by}
      </span>
    );
  }
  return (
    <button
      type="button"
      className="entry-words"
      aria-expanded={whole}
      title={whole ? "Show two lines" : words}
      onClick={() => setWhole(!whole)}
    >
      {words}
      {by}
    </button>
  );
}
