// Ctrl K: pages, incidents and clusters by name, from what this page already knows.
import { type RefObject, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useClusters } from "../live/hooks";
import { useLive } from "../live/store";
import { Shape, type Tone, toneOfSeverity, toneOfState } from "../parts/shape";

type Found = { to: string; label: string; more: string; tone: Tone | null };
const SHOWN = 12;

export function Palette({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const navigate = useNavigate();
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useFound(sought);
  const close = () => {
    dialog.current?.close();
    setSought("");
    setChosen(0);
  };
  const open = (target: Found | undefined) => {
    if (!target) return;
    close();
    navigate(target.to);
  };
  const press = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown") setChosen(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") open(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} className="dialog palette" aria-label="Find" onClose={close}>
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
            key={target.to + target.label}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => open(target)}
          >
            {target.tone && <Shape tone={target.tone} />}
            <span>{target.label}</span>
            <span className="quiet">{target.more}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="quiet">Nothing this page knows is called that</p>}
    </dialog>
  );
}

function useFound(sought: string): Found[] {
  const incidents = useLive((view) => view.world.incidents);
  const clusters = useClusters();
  return useMemo(() => {
    const all: Found[] = [
      { to: "/", label: "Overview", more: "page", tone: null },
      { to: "/incidents", label: "Incidents", more: "page", tone: null },
      { to: "/fleet", label: "Fleet", more: "page", tone: null },
      { to: "/explore", label: "Explore", more: "page", tone: null },
      { to: "/changes", label: "Changes", more: "page", tone: null },
      { to: "/parts", label: "Parts", more: "page", tone: null },
      { to: "/settings", label: "Settings", more: "page", tone: null },
      ...[...incidents.values()].map((incident) => ({
        to: `/incidents/${encodeURIComponent(incident.id)}`,
        label: incident.title,
        more: `${incident.status} · ${incident.id}`,
        tone: toneOfSeverity(incident.severity),
      })),
      ...clusters.map((cluster) => ({
        to: `/fleet/${encodeURIComponent(cluster.name)}`,
        label: cluster.name,
        more: `cluster · ${cluster.state}`,
        tone: toneOfState(cluster.state),
      })),
    ];
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (target: Found) =>
      words.every((word) => `${target.label} ${target.more}`.toLowerCase().includes(word));
    return all.filter(matches).slice(0, SHOWN);
  }, [incidents, clusters, sought]);
}
