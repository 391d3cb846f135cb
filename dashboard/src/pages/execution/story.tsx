// What happened to the run, newest first.
import { Link } from "react-router";
import type { Execution } from "../../api/types";
import { useNow } from "../../live/pulse";
import { Panel } from "../../parts/panel";
import { At } from "../../parts/times";
import { useZone } from "../../shell/preferences";
import { offset, zoneName } from "../../time/format";

export function RunStory({ run }: { run: Execution }) {
  const zone = useZone();
  const now = useNow();
  return (
    <Panel
      title="Story"
      className="run-story-panel"
      aside={
        <>
          <Link to={`/policy?run=${encodeURIComponent(run.id)}`}>what the policy decided</Link>
          <span className="quiet wide-only">{zoneName(now, zone)}, and time since it was asked for</span>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <ol className="entries run-story" tabIndex={0} aria-label="Story, newest first">
        {[...run.timeline].reverse().map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two moments may share everything but their place
          <li key={run.timeline.length - index} className={`entry entry-${entry.what}`}>
            <At at={entry.at} bare />
            <span className="mono quiet">{offset(entry.at, run.requested_at)}</span>
            <i aria-hidden="true" />
            <span>
              <span className="second">{entry.what.replaceAll("_", " ")}</span> {entry.message}
              {entry.actor !== "kronveil" && <span className="quiet"> · {entry.actor}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
