// The bottom line: keys on the left; version, place in the stream and heartbeat on the right.
import { useTick } from "../live/pulse";
import { live, useLive } from "../live/store";
import { Kbd } from "../parts/panel";
import { duration } from "../time/format";

export function StatusBar({ help }: { help: () => void }) {
  useTick();
  const status = useLive((view) => view.world.status);
  const seq = useLive((view) => view.world.seq);
  const lastMessage = useLive((view) => view.link.lastMessage);
  return (
    <footer className="status-bar">
      <div className="keys">
        <button type="button" onClick={help}>
          <Kbd>?</Kbd> shortcuts
        </button>
        <span>
          <Kbd>G</Kbd> then{" "}
          {["O", "I", "F", "E", "C", "R", "P", "A", "S"].map((key) => (
            <Kbd key={key}>{key}</Kbd>
          ))}
        </span>
        <span>
          <Kbd>J</Kbd> <Kbd>K</Kbd> rows
        </span>
        <span>
          <Kbd>T</Kbd> time zone
        </span>
        <span>
          <Kbd>L</Kbd> pause live
        </span>
      </div>
      <div className="facts">
        {status && <span>agent {status.version}</span>}
        {status && <span className="wide-only">up {duration(status.uptime_s)}</span>}
        <span>
          {seq !== null && `seq ${seq.toLocaleString("en-US")} · `}
          {lastMessage === null
            ? "no heartbeat yet"
            : `heartbeat ${duration((live.monotonicNow() - lastMessage) / 1000)} ago`}
        </span>
      </div>
    </footer>
  );
}
