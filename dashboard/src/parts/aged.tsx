// An answer that could not be renewed stays, with its age and what the agent said instead.
import { Refused } from "../api/client";
import { useNow, useTrust } from "../live/pulse";
import { live } from "../live/store";
import { duration } from "../time/format";
import { Shape } from "./shape";
import { Moment } from "./times";

/** Pure: the server's time of an answer that came at `answeredAt` by the page's clock, which may be wrong. */
export const serverTimeOf = (answeredAt: number, pageNow: number, serverNow: number): number =>
  serverNow - Math.max(0, pageNow - answeredAt);

/** Nothing while the page itself is disconnected: that is said for all of it. */
export function Aged({ error, answeredAt }: { error: unknown; answeredAt: number }) {
  const { disconnected } = useTrust();
  const now = useNow();
  if (!error || answeredAt === 0 || disconnected) return null;
  const at = serverTimeOf(answeredAt, Date.now(), live.serverNow() ?? now);
  const refused = error instanceof Refused ? error : null;
  return (
    <p className="aged" role="status">
      <Shape tone="partial" size={12} /> As of <Moment ms={at} />, {duration((now - at) / 1000)} ago. Asked
      again: {error instanceof Error ? error.message : String(error)}
      {refused?.requestId && (
        <>
          {" "}
          Request <code>{refused.requestId}</code>
        </>
      )}
    </p>
  );
}
