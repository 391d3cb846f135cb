// The frame around everything a page shows: it says by itself when its content has stopped.
import type { ReactNode } from "react";
import { useLater } from "../live/hooks";
import { useTrust } from "../live/pulse";
import { Moment } from "./times";

export function Panel(props: {
  title: string;
  count?: ReactNode;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  const id = `panel-${props.title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  return (
    <section className={`panel ${props.className ?? ""}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{props.title}</h2>
        {props.count !== undefined && <span className="quiet">{props.count}</span>}
        <AsOf />
        <div className="aside drains">{props.aside}</div>
      </header>
      <div className="panel-body drains">{props.children}</div>
    </section>
  );
}

/** "as of 02:04:10 UTC", only while the agent is not heard. */
export function AsOf() {
  const { disconnected, asOf } = useTrust();
  if (!disconnected || asOf === null) return null;
  return (
    <span className="as-of">
      as of <Moment ms={asOf} />
    </span>
  );
}

export function Loading({ what, rows = 3 }: { what: string; rows?: number }) {
  const late = useLater(150);
  if (!late) return <div className="skeleton-space" />;
  return (
    <div className="skeleton" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no identity
        <span key={i} />
      ))}
      <p className="quiet">Loading {what}</p>
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export const Kbd = ({ children }: { children: ReactNode }) => <kbd>{children}</kbd>;
