// What a list leaves out because it is not heard: a part is never shown as the whole.
import type { Missing } from "../api/types";
import { Shape } from "./shape";

/** `words`: how that shows, as "Not in this list". */
export function Unseen({ missing, words }: { missing: readonly Missing[]; words: string }) {
  if (missing.length === 0) return null;
  return (
    <p className="sources-missing" role="status">
      <Shape tone="unknown" size={12} /> {words}:{" "}
      {missing.map(({ cluster, reason }, index) => (
        <span key={cluster}>
          {index > 0 && ", "}
          <bdi>{cluster}</bdi> ({reason})
        </span>
      ))}
    </p>
  );
}
