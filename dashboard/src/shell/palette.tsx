// Ctrl K: pages, incidents, clusters and workloads by name, and what can be done from anywhere.
import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { fetchWorkloads } from "../api/client";
import type { Workload } from "../api/types";
import { useClusters } from "../live/hooks";
import { useRunbooks } from "../live/runs";
import { useLive } from "../live/store";
import { Shape } from "../parts/shape";
import type { Keys } from "./keys";
import { type Offer, offersFor, SEARCH } from "./palette-data";
import { toggleTheme } from "./preferences";

const SHOWN = 14;
const WORKLOADS_SHOWN = 6;

export function Palette({ dialog, keys }: { dialog: RefObject<HTMLDialogElement | null>; keys: Keys }) {
  const navigate = useNavigate();
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useOffers(sought, keys);
  useEffect(() => {
    document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const reset = () => {
    setSought("");
    setChosen(0);
  };
  const close = () => {
    dialog.current?.close();
    reset();
  };
  // The event comes a moment after the closing, when the palette may be open again.
  const closed = () => {
    if (!dialog.current?.open) reset();
  };
  const open = (target: Offer | undefined) => {
    if (!target) return;
    close();
    if (typeof target.to === "string") navigate(target.to);
    else target.to();
  };
  const press = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown") setChosen(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") open(found[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} className="dialog palette" aria-label="Find" onClose={closed}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        placeholder="Find a page, an incident, a cluster"
        value={sought}
        onChange={(change) => {
          setSought(change.target.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <div id="palette-list" className="palette-list" role="listbox" aria-label="Found">
        {found.map((target, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above takes the keys
          <div
            key={`${target.label} ${target.more}`}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => open(target)}
          >
            {target.tone && <Shape tone={target.tone} />}
            <bdi>{target.label}</bdi>
            <span className="quiet">{target.more}</span>
          </div>
        ))}
      </div>
      {found.every(({ more }) => more === SEARCH) && (
        <p className="quiet">Nothing this page knows is called that</p>
      )}
    </dialog>
  );
}

/** Words are asked of the agent once they rest for so long. */
const REST_MS = 200;
const LEAST_LETTERS = 2;

/** Workloads of all clusters by name: the page itself knows none. */
function useWorkloads(sought: string): readonly Workload[] {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const soon = setTimeout(() => setAsked(sought.trim()), REST_MS);
    return () => clearTimeout(soon);
  }, [sought]);
  const { data } = useQuery({
    queryKey: ["workloads", "palette", asked],
    queryFn: () => fetchWorkloads({ q: asked }, WORKLOADS_SHOWN),
    enabled: asked.length >= LEAST_LETTERS,
  });
  return asked.length >= LEAST_LETTERS && asked === sought.trim() ? (data?.items ?? NONE) : NONE;
}

const NONE: readonly never[] = [];

function useOffers(sought: string, keys: Keys): Offer[] {
  const incidents = useLive((view) => view.world.incidents);
  const clusters = useClusters();
  const workloads = useWorkloads(sought);
  const runbooks = useRunbooks(sought.trim() !== "").data?.items ?? NONE;
  return useMemo(() => {
    const command = (label: string, to: () => void): Offer => ({ label, more: "command", tone: null, to });
    const commands = [
      command("Pause or resume live", keys.pause),
      command("Show times in UTC or in this browser's zone", keys.zone),
      command("Switch between dark and light", toggleTheme),
      command(
        "Copy the address of this view",
        () => void navigator.clipboard?.writeText(window.location.href),
      ),
      command("Shortcuts", keys.help),
    ];
    return offersFor(
      sought,
      { incidents: incidents.values(), clusters, workloads, runbooks, commands },
      SHOWN,
    );
  }, [incidents, clusters, workloads, runbooks, sought, keys]);
}
