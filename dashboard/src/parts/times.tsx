// Times on screen: absolute ones name their zone, ages count to the server's clock.
import { useNow } from "../live/pulse";
import { useZone } from "../shell/preferences";
import { absolute, clock, duration, secondsSince, shortDuration } from "../time/format";

/** `02:03:41 UTC`, or only the clock where a heading names the zone. */
export function At({ at, bare = false }: { at: string; bare?: boolean }) {
  const zone = useZone();
  const now = useNow();
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span className="quiet">unknown</span>;
  return (
    <time dateTime={at} title={absolute(ms, zone, now)} className={bare ? "mono" : undefined}>
      {bare ? clock(ms, zone) : absolute(ms, zone, now)}
    </time>
  );
}

/** `4 min 12 s` since `at`, with the moment itself on hover. */
export function Age({ at, short = false }: { at: string | null | undefined; short?: boolean }) {
  const zone = useZone();
  const now = useNow();
  const seconds = secondsSince(at, now);
  if (seconds === null || !at) return <span className="unknown-text">never</span>;
  return (
    <time dateTime={at} title={absolute(Date.parse(at), zone, now)}>
      {short ? shortDuration(seconds) : duration(seconds)}
    </time>
  );
}

/** A server millisecond as `02:04:10 UTC`. */
export function Moment({ ms }: { ms: number }) {
  const zone = useZone();
  return <>{absolute(ms, zone, ms)}</>;
}
