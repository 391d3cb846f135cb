// The time zones a reader may choose: UTC first, then this browser's own, then all others.
import { useMemo } from "react";
import { BROWSER_ZONE } from "./preferences";

export function ZoneOptions() {
  const zones = useMemo(() => {
    const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
    return all.filter((name) => name !== "UTC" && name !== BROWSER_ZONE);
  }, []);
  return (
    <>
      <option value="UTC">UTC</option>
      {BROWSER_ZONE !== "UTC" && <option value={BROWSER_ZONE}>{BROWSER_ZONE} (this browser)</option>}
      {zones.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </>
  );
}
