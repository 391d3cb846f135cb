// The reader's own zone, theme and keys, kept in this browser only.
import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light" | "system";
type Preferences = {
  readonly zone: string;
  readonly theme: Theme;
  /** Single keys act; off for those whom a stray key disturbs (WCAG 2.1.4). */
  readonly keys: boolean;
};

export const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const KEY = "kronveil.preferences";
const listeners = new Set<() => void>();
let current = read();

function read(): Preferences {
  const fallback: Preferences = { zone: "UTC", theme: "system", keys: true };
  try {
    return { ...fallback, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return fallback;
  }
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing still shows the choice until the page is left.
  }
  showTheme();
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);
/** For what listens outside React. */
export const preferences = (): Preferences => current;
export const useZone = (): string => usePreferences().zone;

export function showTheme(): void {
  if (current.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current.theme;
}

export function toggleTheme(): void {
  const dark =
    current.theme === "system"
      ? !matchMedia("(prefers-color-scheme: light)").matches
      : current.theme === "dark";
  prefer({ theme: dark ? "light" : "dark" });
}

/** `t`: UTC, then the browser's own zone, and back. */
export function nextZone(): void {
  prefer({ zone: current.zone === "UTC" ? BROWSER_ZONE : "UTC" });
}
