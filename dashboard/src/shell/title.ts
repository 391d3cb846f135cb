// The tab's words: how many incidents wait for a person, and which page this is.
import { useEffect } from "react";
import { useActiveRoots } from "../live/hooks";

export function useTitle(page: string): void {
  const waiting = useActiveRoots().filter((incident) => incident.status === "open").length;
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${page} · Kronveil`;
  }, [page, waiting]);
}
