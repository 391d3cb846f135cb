// Everything that happened to this incident, newest first: the moment, and how far from the start.
import type { IncidentDetail } from "../../api/types";
import { useNow } from "../../live/pulse";
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
      aside={<span className="quiet">{zoneName(now, zone)}, and time since the start</span>}
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
              <span>
                {entry.message || entry.what}
                {entry.actor !== "kronveil" && <span className="quiet"> · {entry.actor}</span>}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
