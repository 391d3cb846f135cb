// Severity and state as a shape and a word: colour is never the only sign.
import type { ReactNode } from "react";

export type Tone =
  | "critical"
  | "high"
  | "medium"
  | "low"
  | "info"
  | "ok"
  | "partial"
  | "unknown"
  | "off"
  | "todo"
  | "cross"
  | "wait";

const MARK = { stroke: "var(--on-shape)", strokeWidth: 1.8, strokeLinecap: "round", fill: "none" } as const;

const DRAWINGS: Record<Tone, ReactNode> = {
  critical: (
    <>
      <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" fill="currentColor" />
      <path d="M8 4.6v4M8 11.2v.1" {...MARK} />
    </>
  ),
  high: (
    <path
      d="M8 2 14.5 13.6H1.5z"
      fill="currentColor"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinejoin="round"
    />
  ),
  medium: <path d="M8 1.4 14.6 8 8 14.6 1.4 8z" fill="currentColor" />,
  low: <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" fill="currentColor" />,
  info: <circle cx="8" cy="8" r="4.4" fill="none" stroke="currentColor" strokeWidth="2" />,
  ok: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m4.9 8.2 2.2 2.2 4-4.4" {...MARK} strokeLinejoin="round" />
    </>
  ),
  partial: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor" />
    </>
  ),
  unknown: (
    <>
      <circle
        cx="8"
        cy="8"
        r="6.4"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeDasharray="2.6 1.9"
      />
      <path
        d="M6.2 6.5c.1-1.1.8-1.8 1.9-1.8 1 0 1.8.7 1.8 1.6 0 1.3-1.8 1.4-1.8 2.7M8.1 11.3v.1"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
      />
    </>
  ),
  off: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="m3.9 12.1 8.2-8.2" stroke="currentColor" strokeWidth="1.8" />
    </>
  ),
  cross: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m5.4 5.4 5.2 5.2M10.6 5.4l-5.2 5.2" {...MARK} />
    </>
  ),
  wait: (
    <path
      d="m3 13 .8-3.2L10.6 3a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L6.2 12.2zM8.5 14h5"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  todo: <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.6" />,
};

/** A 14 px shape. Say the word beside it, or give it as `label` when there is no room. */
export function Shape({ tone, size = 14, label }: { tone: Tone; size?: number; label?: string }) {
  return (
    <svg
      className={`shape tone-${tone}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      role="img"
      aria-hidden={label === undefined}
    >
      <title>{label ?? tone}</title>
      {DRAWINGS[tone]}
    </svg>
  );
}

const SEVERITIES: readonly string[] = ["critical", "high", "medium", "low", "info"];

/** A severity this console does not know is drawn as unknown, never as harmless. */
export const toneOfSeverity = (severity: string): Tone =>
  SEVERITIES.includes(severity) ? (severity as Tone) : "unknown";

const STATE_TONES: Record<string, Tone> = {
  live: "ok",
  partial: "partial",
  stale: "partial",
  unreachable: "unknown",
  unknown: "unknown",
};

export const toneOfState = (state: string): Tone => STATE_TONES[state] ?? "unknown";

const HEALTH_TONES: Record<string, Tone> = { healthy: "ok", degraded: "partial", unhealthy: "critical" };

/** Of the agent and of each of its parts. */
export const toneOfHealth = (state: string): Tone => HEALTH_TONES[state] ?? "unknown";

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export function Severity({ severity, chip = false }: { severity: string; chip?: boolean }) {
  const tone = toneOfSeverity(severity);
  return (
    <span className={`severity tone-${tone}${chip ? " chip" : ""}`}>
      <Shape tone={tone} />
      {capital(severity)}
    </span>
  );
}
