// Asks again when the stream has news that an answer of REST does not know, a storm of it at most every two seconds.
import { useEffect, useRef } from "react";

const AGAIN_MS = 2_000;

/** `news` is something that the stream replaces whenever it moves. */
export function useRenewed(news: unknown, again: () => unknown, enabled = true): void {
  const told = useRef(news);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const newest = useRef(again);
  newest.current = again;
  useEffect(() => {
    if (!enabled || news === told.current || waiting.current !== null) return;
    waiting.current = setTimeout(() => {
      waiting.current = null;
      newest.current();
    }, AGAIN_MS);
    told.current = news;
  }, [news, enabled]);
  useEffect(() => () => clearTimeout(waiting.current ?? undefined), []);
}
