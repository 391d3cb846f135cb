// Where a run stands, as a shape and a word; and how the last ones of a runbook went, as three dots.
import type { Execution, Level, Runbook } from "../../api/types";
import { Shape } from "../shape";
import { standingOf } from "./words";

export function Standing({ run, chip = false }: { run: Execution; chip?: boolean }) {
  const { word, tone } = standingOf(run);
  return (
    <span className={`status run-status tone-${tone}${chip ? " chip" : ""}`} data-run-status={run.status}>
      <Shape tone={tone} />
      {word}
    </span>
  );
}

const DOTS = 3;

/** The newest on the right; a ring where there was none yet. */
export function RecentDots({ recent }: { recent: Runbook["recent"] }) {
  const shown = [...recent.slice(0, DOTS)].reverse();
  const words = shown.map((run) => standingOf(run).word.toLowerCase()).join(", then ");
  return (
    <span className="recent-dots" role="img" aria-label={words || "no runs yet"}>
      {Array.from({ length: DOTS - shown.length }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: empty places have no identity
        <Shape key={`none ${i}`} tone="todo" />
      ))}
      {shown.map((run) => (
        <Shape key={run.id} tone={standingOf(run).tone} />
      ))}
    </span>
  );
}

const LEVELS: Record<Level, string> = {
  observe: "Observes",
  suggest: "Suggests",
  approve: "Manual",
  automatic: "Auto",
};

/** Green only for what may act by itself. */
export const LevelChip = ({ level }: { level: Level }) => (
  <span className={`auto-chip ${level === "automatic" ? "is-auto" : ""}`}>
    <i aria-hidden="true" /> {LEVELS[level]}
  </span>
);
