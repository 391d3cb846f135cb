// The frame of a list: its name and count, rows that wait to be let in, strange words in the address, older rows.
import type { ReactNode } from "react";
import type { Held } from "./held";
import { AsOf } from "./panel";

/** Instead of a count while the agent is asked. */
export const READING = "reading";

export function ListHead(props: {
  title: string;
  held: Pick<Held<unknown>, "waiting" | "letIn">;
  /** How many rows, or that they are read only now. */
  count: ReactNode;
  children?: ReactNode;
}) {
  const { waiting, letIn } = props.held;
  return (
    <header className="page-head">
      <h1>{props.title}</h1>
      <AsOf />
      <div className="aside" aria-live="polite">
        {waiting > 0 && (
          <button type="button" className="new-rows" onClick={letIn}>
            {waiting} new
          </button>
        )}
        <span className="quiet">{props.count}</span>
        {props.children}
      </div>
    </header>
  );
}

/** Parameters that this version does not know are said, not swallowed. */
export function StrangeWords({ words }: { words: readonly string[] }) {
  if (words.length === 0) return null;
  return (
    <p className="second">
      This version does not know {words.join(", ")} in the address; the list ignores it.
    </p>
  );
}

export function Older(props: {
  noun: string;
  /** `More` where a list is not in the order of time. */
  word?: string;
  pages: { more: boolean; fetchMore: () => void; fetchingMore: boolean };
}) {
  const { more, fetchMore, fetchingMore } = props.pages;
  const word = props.word ?? "Older";
  if (!more) return null;
  return (
    <button type="button" className="button older" onClick={fetchMore} disabled={fetchingMore}>
      {fetchingMore ? `Loading ${word.toLowerCase()} ${props.noun}` : `${word} ${props.noun}`}
    </button>
  );
}
